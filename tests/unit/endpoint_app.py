"""A small real schema and the endpoint over it, for the tests of `schema.endpoint`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NewType, cast

import httpx
import strawberry
from graphql import GraphQLError, GraphQLSchema
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp
from strawberry.schema.config import StrawberryConfig
from strawberry.types.info import Info

from errors import BadUserInput, CatalographError, DatabaseUnavailable, Forbidden, Unauthenticated
from schema.endpoint import (
    CompiledExecutor,
    Document,
    DocumentLimits,
    Documents,
    GraphQLEndpoint,
    Limits,
    Operation,
    PersistedDocuments,
    RequestHead,
)
from schema.endpoint.persisted import DocumentSource, Shared
from schema.endpoint.sharing import EventKey, not_shared
from schema.endpoint.streams import Streams
from schema.endpoint.trusted import TrustedDocuments, trusted_documents


@dataclass
class Context:
    """What the resolvers of this schema see: who asks, and what they leave behind."""

    head: RequestHead
    log: list[str]


def parse_date(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadUserInput(f"{value!r} is not a date.", "Write it as YYYY-MM-DD.") from None


Day = NewType("Day", date)
DAY = strawberry.scalar(name="Day", parse_value=parse_date, serialize=date.isoformat)
Anything = NewType("Anything", object)
ANYTHING = strawberry.scalar(name="Anything", parse_value=lambda value: value, serialize=lambda value: value)


class ConnectionTimeout(Exception):
    """Stands where elastic_transport's would: known by its module and name."""


ConnectionTimeout.__module__ = "elastic_transport._exceptions"


@strawberry.interface
class Shape:
    name: str


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello, {name}"

    @strawberry.field
    def day(self, on: Day) -> Day:
        return on

    @strawberry.field
    def limit(self, first: int = 20) -> int:
        return first

    @strawberry.field
    def echo(self, value: Anything) -> Anything:
        return value

    @strawberry.field
    def strange(self, kind: str) -> Anything:
        kinds: dict[str, object] = {"keys": {1: "one"}, "large": 2**70, "surrogate": "\ud800", "object": object()}
        return Anything(kinds[kind])

    @strawberry.field
    def boom(self) -> str | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def certainly_boom(self) -> str:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def too_large(self) -> int | None:
        return 2**40

    @strawberry.field
    def shape(self) -> Shape | None:
        return cast("Shape", object())

    @strawberry.field
    def forbidden(self) -> str | None:
        raise Forbidden("Only an editor may read this.", "Ask for the role.")

    @strawberry.field
    def deliberate(self) -> str | None:
        raise GraphQLError("No more today.", extensions={"code": "RATE_LIMITED"})

    @strawberry.field
    def search(self) -> str | None:
        raise ConnectionTimeout("http://10.0.0.7:9200")

    @strawberry.field
    def request_id(self, info: Info[Context, None]) -> str:
        return info.context.head.request_id

    @strawberry.field
    def authorization(self, info: Info[Context, None]) -> str | None:
        return info.context.head.authorization

    @strawberry.field
    async def slow(self, info: Info[Context, None], seconds: float = 5) -> str:
        info.context.log.append("started")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            info.context.log.append("cancelled")
            raise
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self, info: Info[Context, None]) -> bool:
        info.context.log.append("touched")
        return True

    @strawberry.mutation
    def upsert_things(self, records: list[str]) -> int:
        return len(records)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("password=hunter2")

    @strawberry.subscription
    async def silent(self, info: Info[Context, None]) -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            info.context.log.append("ended")

    @strawberry.subscription
    async def endless(self, info: Info[Context, None]) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.01)
        finally:
            info.context.log.append("ended")


@cache
def core_schema() -> GraphQLSchema:
    config = StrawberryConfig(scalar_map={Day: DAY, Anything: ANYTHING})
    return strawberry.Schema(Query, Mutation, Subscription, config=config)._schema


def page(_request: Request) -> Response:
    return HTMLResponse("<title>GraphiQL</title>")


@dataclass
class App:
    """The endpoint, and what its resolvers and contexts logged."""

    limits: Limits = field(default_factory=lambda: Limits(max_body=10_000, max_upsert_body=50_000, timeout=5.0))
    document_limits: DocumentLimits = field(default_factory=lambda: DocumentLimits(max_tokens=500))
    shared: Shared | None = None
    documents: Path | None = None
    """The folder of the only documents that run but for the token `admin`."""
    introspection: bool = True
    streaming: bool = True
    log: list[str] = field(default_factory=list)
    event_key: EventKey = not_shared
    watch_seconds: float = 0.05
    ended: set[str | None] = field(default_factory=set)
    """Credentials that open nothing any more."""

    def __post_init__(self) -> None:
        schema = core_schema()
        documents = Documents(schema, self.document_limits, introspection=self.introspection)
        source: DocumentSource = PersistedDocuments(documents, self.shared)
        if self.documents:
            trusted = trusted_documents(self.documents, documents)
            source = TrustedDocuments(trusted, documents, source, lambda c: c.head.authorization == "Bearer admin")
        executor = CompiledExecutor(schema)
        timeout, key = self.limits.timeout, self.event_key
        self.streams = Streams(
            schema, source, executor, self.context, timeout, watch_seconds=self.watch_seconds, event_key=key
        )
        streams = self.streams if self.streaming else None
        self.endpoint: ASGIApp = GraphQLEndpoint(
            source, executor, self.context, self.limits, freshness=self.freshness, page=page, streams=streams
        )

    def freshness(self, _document: Document, operation: Operation, _context: Context) -> str:
        """Operations of this name may be kept by anybody."""
        return "public, max-age=5" if operation.name == "Shared" else "private, no-cache"

    async def context(self, head: RequestHead) -> tuple[Context, Any]:
        failures: dict[str | None, CatalographError] = {
            "Bearer bad": Unauthenticated("The token is unknown.", "Sign in again."),
            "Bearer down": DatabaseUnavailable("PostgreSQL does not answer.", "Try again."),
        }
        if head.authorization in self.ended:
            raise Unauthenticated("The token has ended.", "Ask for a new one.")
        if head.authorization in failures:
            raise failures[head.authorization]
        if head.authorization == "Bearer broken":
            raise RuntimeError("password=hunter2")
        self.log.append("opened")
        return Context(head, self.log), self.close

    async def close(self) -> None:
        self.log.append("closed")


class Client:
    """A client of the endpoint without a network between them."""

    def __init__(self, app: App) -> None:
        self._app = app

    def request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, arguments))

    def get(self, url: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", url, **arguments)

    def post(self, url: str, **arguments: Any) -> httpx.Response:
        return self.request("POST", url, **arguments)

    async def _request(self, method: str, url: str, arguments: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app.endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://catalograph.test") as client:
            return await client.request(method, url, **arguments)


def post(client: Client, query: str, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
    return client.post("/graphql", json={"query": query, **parameters}, headers=headers)


def code(response: httpx.Response) -> str:
    found: str = response.json()["errors"][0]["extensions"]["code"]
    return found
