"""The composition root of the server: opens the services, builds the schema, and routes requests to it."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import socket
from typing import Any

import structlog
import uvicorn
from graphql import ExecutionResult
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from config import Settings
from errors import CatalographError, DatabaseOutdated, SearchUnavailable
from indexing.preparing import prepare_index
from indexing.results import ResultCache
from indexing.services import Services, open_services
from indexing.waiting import Visibility
from metrics import REQUESTS, exposition
from resolvers.audiences import Audiences
from resolvers.context import Context
from resolvers.events import event_key
from resolvers.overview import levels
from resolvers.viewer import ANONYMOUS, viewer_of
from schema.build import build_schema
from schema.endpoint.application import Closer, Freshness, GraphQLEndpoint, Limits
from schema.endpoint.documents import Document, DocumentLimits, Documents, Operation
from schema.endpoint.downloads import exports
from schema.endpoint.execution import CompiledExecutor, CoreExecutor, Executor
from schema.endpoint.persisted import DocumentSource, PersistedDocuments, shared_documents
from schema.endpoint.request import RequestHead
from schema.endpoint.streams import Streams
from schema.endpoint.trusted import TrustedDocuments, trusted_documents
from schema.endpoint.validators import CodedTags
from schema.explaining import WithExplanation, trace_asked_for
from schema.footprints import Footprints
from schema.graphiql import DIST, GraphiQLPage
from schema.remembering import WithResultCache, seal_of
from tasks.desk import TaskDesk
from tasks.export_files import ENDING
from tasks.exporting import DOWNLOADS
from tasks.health import broker_ping, redis_ping
from tasks.nudging import Nudges

log = structlog.get_logger()
PROBE_SECONDS = 2.0
PREPARE_SECONDS = 5.0
"""How long a server that starts waits for Elasticsearch to say anything."""
IMMUTABLE = "public, max-age=31536000, immutable"
COMPRESS_FROM_BYTES = 1_000
GONE = 499
"""Counted for requests whose client went away before the answer."""


def make_app(services: Services) -> Starlette:
    """The ASGI application on open services."""
    settings = services.settings
    schema = build_schema(services.catalog)
    tasks = TaskDesk.open(services)
    nudges = Nudges(tasks.app, tasks.changes)
    visibility = Visibility(services)
    documents = Documents(schema, DocumentLimits.of(settings), introspection=settings.introspection)
    shared = shared_documents(settings)
    source: DocumentSource = PersistedDocuments(documents, shared)
    if settings.documents:
        trusted = trusted_documents(Path(settings.documents), documents)
        source = TrustedDocuments(trusted, documents, source, lambda context: context.viewer.is_admin)
    executor: Executor = (CompiledExecutor if settings.compiled else CoreExecutor)(schema)
    executor = WithExplanation(WithLateErrors(executor))
    footprints, audiences = Footprints(schema, services.catalog), Audiences(services.catalog)
    results = ResultCache(settings, services.search) if settings.result_cache else None
    if results:
        seal = seal_of(settings, services.catalog)
        executor = WithResultCache(executor, results, footprints, audiences, seal)

    async def context(head: RequestHead) -> tuple[Context, Closer]:
        viewer = await viewer_of(services, head.authorization) if head.authorization else ANONYMOUS
        trace = trace_asked_for(head.headers, viewer)
        own = services if trace is None else services.traced(trace)
        return Context(own, viewer, head.request_id, nudges, visibility, tasks, trace=trace), _nothing

    streams = Streams(schema, source, executor, context, settings.request_timeout, event_key=event_key)
    page = GraphiQLPage(services.catalog)
    fresh = freshness(footprints, audiences, settings.http_max_age)
    limits = Limits.of(settings)
    endpoint = GraphQLEndpoint(source, executor, context, limits, freshness=fresh, page=page, streams=streams)
    app = Application(
        Counting(Compressing(endpoint)),
        routes=[
            Route("/", lambda _request: RedirectResponse("graphql")),
            Route("/graphql", endpoint),  # for its redirect of /graphql/: what is asked here has gone another way
            WebSocketRoute("/graphql", endpoint),
            Route(f"{DOWNLOADS}/{{task:int}}{ENDING}", exports(services)),
            Route("/healthz", healthz),
            Route("/readyz", readiness(services)),
            Route("/metrics", measured(services)),
            Mount("/assets", StaticFiles(directory=DIST / "assets", check_dir=False)),
        ],
        middleware=[
            Middleware(CompressMiddleware, minimum_size=COMPRESS_FROM_BYTES),
            Middleware(AssetHeaders),
        ],
    )

    async def close() -> None:
        await tasks.close()
        if results:
            await results.close()
        if shared:
            await shared.close()

    app.state.close, app.state.streams = close, streams
    return app


class Application(Starlette):
    """Routes requests; those of `/graphql`, which are nearly all, go straight to where they are answered."""

    def __init__(self, graphql: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self._graphql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def freshness(footprints: Footprints, audiences: Audiences, seconds: int) -> Freshness:
    """What everybody may read may be kept by anybody, for so many seconds without asking again; the rest is private."""
    shared = f"public, max-age={seconds}{'' if seconds else ', must-revalidate'}"

    def of(document: Document, operation: Operation, context: Context) -> str:
        footprint = footprints.of(document, operation)
        is_open = footprint is not None and audiences.may_all_read(footprint.collections)
        return shared if is_open and context.viewer.is_anonymous else "private, no-cache"

    return of


class WithLateErrors:
    """Adds to an answer the errors that belong beside complete data."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def __call__(
        self, document: Document, operation: Operation, variables: Any, context: Any, root: Any = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        result = self._inner(document, operation, variables, context, root)
        if isinstance(result, ExecutionResult):
            return result
        return self._finished(result, context)

    async def _finished(self, running: Awaitable[ExecutionResult], context: Context) -> ExecutionResult:
        result = await running
        if context.late_errors:
            errors: list[Any] = [*(result.errors or ()), *context.late_errors]
            context.late_errors.clear()  # the next operation of an array has the same context
            return ExecutionResult(result.data, errors, result.extensions)
        return result


class AssetHeaders:
    """Has browsers keep the built files, whose names change with what is in them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [*message["headers"], (b"cache-control", IMMUTABLE.encode())]
            await send(message)

        kept = scope["type"] == "http" and scope["path"].startswith("/assets/")
        await self._app(scope, receive, marked if kept else send)


class Compressing:
    """Packs larger answers for those who ask for it; for others there is nothing in between."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packing = CodedTags(CompressMiddleware(app, minimum_size=COMPRESS_FROM_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, _ in scope["headers"]:
            if name == b"accept-encoding":
                return await self._packing(scope, receive, send)
        return await self._app(scope, receive, send)


class Counting:
    """Counts and times what is answered; streams, which last as long as they like, are not timed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, lasts = time.perf_counter(), GONE, False

        async def noted(message: Message) -> None:
            nonlocal status, lasts
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message.get("more_body"):
                lasts = True  # an answer is one piece
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            status = 500 if status == GONE else status
            raise
        finally:
            REQUESTS.count(status, None if lasts else time.perf_counter() - began)


def measured(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Everything that is counted, for Prometheus; without the levels of the collections while PostgreSQL is away."""

    async def metrics(_request: Request) -> Response:
        try:
            known = await levels(services)
        except CatalographError as error:
            # What this process has counted is told all the same.
            log.warning("levels_unknown", reason=error.message)
            known = []
        text, kind = exposition(known)
        return Response(text, headers={"content-type": kind})

    return metrics


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def readiness(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Each service with its state and latency: 503 without PostgreSQL, else 200, `degraded` while another is away."""
    probes: dict[str, Callable[[], Awaitable[None]]] = {
        "postgresql": services.database.ping,
        "elasticsearch": services.search.ping,
        "redis": lambda: redis_ping(services.settings.redis_url),
        "broker": lambda: broker_ping(services.settings.broker_url),
    }

    async def readyz(_request: Request) -> Response:
        found = dict(zip(probes, await asyncio.gather(*(_probe(ping) for ping in probes.values())), strict=True))
        if found["postgresql"]["state"] != "up":
            return JSONResponse({"status": "unavailable", "services": found}, 503)
        degraded = any(service["state"] != "up" for service in found.values())
        return JSONResponse({"status": "degraded" if degraded else "ok", "services": found})

    return readyz


async def _probe(ping: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await ping()
    except (CatalographError, OSError, TimeoutError) as error:
        return {"state": "down", "reason": str(error) or type(error).__name__}
    return {"state": "up", "latencyMs": round((time.perf_counter() - began) * 1000, 1)}


class Server(uvicorn.Server):
    """Uvicorn's, which waits a while for requests when it stops; `leave` ends what would not end by itself."""

    def __init__(self, config: uvicorn.Config, leave: Callable[[], None]) -> None:
        super().__init__(config)
        self._leave = leave

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._leave()
        await super().shutdown(sockets)


async def _nothing() -> None:
    """Contexts hold nothing that must be given back."""


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop."""
    async with open_services(settings) as services:
        await prepare_indices(services)
        app = make_app(services)
        _keep_what_is_there()
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=settings.max_body,
            ws_per_message_deflate=False,  # events are small: it costs more time and memory than it saves bytes
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            backlog=2048,
        )
        try:
            await Server(config, app.state.streams.leave).serve()
        finally:
            await app.state.close()


def _keep_what_is_there() -> None:
    """Have the garbage collector never look again at what stays as long as the server does."""
    gc.collect()
    gc.freeze()


async def prepare_indices(services: Services, patience: float = PREPARE_SECONDS) -> None:
    """Make the indices that are not there. Without Elasticsearch the server starts all the same, degraded."""
    for collection in services.catalog:
        try:
            await services.search.ping(patience)  # to make an index may take long, and to know that it hangs may not
            await prepare_index(services, collection)
        except DatabaseOutdated:
            raise
        except CatalographError as error:
            # The worker makes it as soon as it can.
            log.warning("index_not_prepared", collection=collection.name, code=error.code, reason=error.message)
            if isinstance(error, SearchUnavailable):
                return  # nor is it there for the others: to ask for each would keep all requests waiting
