"""Streams of results over Strawberry's view: WebSocket (`graphql-transport-ws`) and Server-Sent Events.

The protocols are Strawberry's; documents, limits, contexts and errors are the endpoint's. Every operation and every
event of a subscription gets a context of its own, so that no event is answered from what an earlier one had loaded.
What `event_key` says to be the same event is answered once for all who ask the same with the same credentials.
A token that has ended ends its connections, whether there are events or not. A server that stops leaves its event
streams, which would not end by themselves; sockets are closed by what serves them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast

from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError, GraphQLSchema, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived
from strawberry.schema.base import BaseSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from errors import Forbidden, OperationTimeout, Unauthenticated
from schema.endpoint.application import ContextFactory
from schema.endpoint.connection import PATIENCE, Connection
from schema.endpoint.documents import Document, Operation
from schema.endpoint.execution import Executor, Variables, source_events
from schema.endpoint.json import encode
from schema.endpoint.messages import SentQuery, is_message, with_extensions
from schema.endpoint.parsing import DocumentRefused
from schema.endpoint.persisted import DocumentSource
from schema.endpoint.request import Parameters, RequestHead, request_head
from schema.endpoint.sharing import EventKey, SharedResults, not_shared
from schema.endpoint.watching import WATCH_SECONDS, Watch
from schema.errors import Stage, public_error, public_errors

Results = AsyncGenerator[ExecutionResult, None]
_CONNECTION = "catalograph.connection"


class Operations:
    """Runs the operations of connections; stands where the view expects a schema."""

    config = StrawberryConfig()

    def __init__(
        self,
        schema: GraphQLSchema,
        source: DocumentSource,
        executor: Executor,
        context_factory: ContextFactory,
        timeout: float,
        event_key: EventKey,
    ) -> None:
        self._schema = schema
        self._source = source
        self._execute = executor
        self._context = context_factory
        self._timeout = timeout
        self._event_key = event_key
        self._shared = SharedResults()

    async def stream(
        self,
        query: str | None,
        variable_values: Variables = None,
        context_value: object = None,
        root_value: object = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Collection[object] | None = None,
    ) -> Results:
        """The results of one operation: one of a query or mutation, any number of a subscription."""
        assert isinstance(context_value, Connection)
        if isinstance(query, SentQuery):
            operation_extensions = query.extensions
            query = str(query)
        parameters = Parameters(query or None, operation_name or None, variable_values, operation_extensions)
        return self._results(context_value, parameters)

    async def check(self, head: RequestHead) -> None:
        """Raises `Unauthenticated` or `Forbidden` for who may not ask anything."""
        async with self.context(head):
            pass

    @asynccontextmanager
    async def context(self, head: RequestHead) -> AsyncIterator[object]:
        """A context that is closed on leaving."""
        context, close = await self._context(head)
        try:
            yield context
        finally:
            await close()

    async def _results(self, connection: Connection, parameters: Parameters) -> Results:
        head = connection.head
        if connection.socket is None:
            connection.reader = asyncio.current_task()
        try:
            async with self.context(head) as context:
                document = await self._source(parameters, context)
                operation = document.operation(parameters.operation_name)
                operation.check_cost(parameters.variables)
                report = operation.asked_report(parameters)
                if operation.type is not OperationType.SUBSCRIPTION:
                    result = await self._once(document, operation, parameters.variables, context, None, head)
                    yield _extended(result, report)
                    return
                async with aclosing(self._each(document, operation, parameters.variables, context, head)) as results:
                    async for result in results:
                        yield _extended(result, report)
        except asyncio.CancelledError:
            if connection.socket is not None or connection.abandoned or not connection.was_cut_off():
                raise
            # Ours: the token has ended, and the stream with it.
            ended = Unauthenticated("The token has ended or was revoked.", "Ask for a new one.")
            yield PreExecutionError(None, [public_error(ended, head.request_id)])
        except DocumentRefused as error:
            yield PreExecutionError(None, public_errors(error.errors, head.request_id, error.stage))
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the client gets an answer
            yield PreExecutionError(None, [public_error(error, head.request_id)])

    async def _each(
        self, document: Document, operation: Operation, variables: Variables, context: object, head: RequestHead
    ) -> Results:
        events = await source_events(self._schema, document, operation, variables, context)
        if isinstance(events, CoreResult):
            yield _public(events, head)
            return

        async def make(event: object) -> ExecutionResult:
            async with self.context(head) as own:
                return await self._once(document, operation, variables, own, event, head)

        asked = (id(document), operation.name, encode(variables), head.authorization, head.headers.get("cookie"))
        async with aclosing(cast("AsyncGenerator[object, None]", events)):
            async for event in events:
                key = self._event_key(event)
                if key is None:
                    yield await make(event)
                else:
                    yield await self._shared.result((key, asked), (event, document), partial(make, event))

    async def _once(
        self,
        document: Document,
        operation: Operation,
        variables: Variables,
        context: object,
        root: object,
        head: RequestHead,
    ) -> ExecutionResult:
        try:
            async with asyncio.timeout(self._timeout):
                result = self._execute(document, operation, variables, context, root)
                return _public(result if isinstance(result, CoreResult) else await result, head)
        except TimeoutError:
            message = f"The operation took longer than {self._timeout:g} s."
            raise OperationTimeout(message, "Ask for less.") from None


class Messages(ASGIWebSocketAdapter):
    """The client's messages, each an object of the shape that graphql-transport-ws says; others close with 4400."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
            if not is_message(message):
                raise NonJsonMessageReceived
            yield with_extensions(message)


class Streams(GraphQL[Connection, None]):
    """The ASGI application for WebSockets and event streams.

    A WebSocket that carries a cookie must come from this origin or one of `allowed_origins`. Every `watch_seconds`
    those connections are ended whose token has ended.
    """

    websocket_adapter_class = Messages

    def __init__(
        self,
        schema: GraphQLSchema,
        source: DocumentSource,
        executor: Executor,
        context_factory: ContextFactory,
        timeout: float,
        *,
        allowed_origins: Collection[str] = (),
        watch_seconds: float = WATCH_SECONDS,
        event_key: EventKey = not_shared,
    ) -> None:
        self._operations = Operations(schema, source, executor, context_factory, timeout, event_key)
        self.watch = Watch(self._operations.check, watch_seconds)
        self._leaving = False
        super().__init__(
            cast("BaseSchema", self._operations),
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            allowed_origins=tuple(allowed_origins),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await super().__call__(scope, receive, noted if scope["type"] == "http" else send)
        except asyncio.CancelledError:
            if _CONNECTION not in scope or not scope[_CONNECTION].was_cut_off():
                raise
            # Ours, by which the connection was ended.
            if started:
                await _break_off(send)
        finally:
            if _CONNECTION in scope:
                self.watch.discard(scope[_CONNECTION])

    def leave(self) -> None:
        """End all event streams, and those to come. They break off without `complete`, so that clients come back."""
        self._leaving = True
        for connection in self.watch:
            connection.abandon()

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:
        head = request_head(request.scope)
        if isinstance(response, Response):
            response.headers["x-request-id"] = head.request_id
        connection = Connection(head, request if isinstance(request, WebSocket) else None)
        request.scope[_CONNECTION] = connection
        self.watch.add(connection)
        if self._leaving:
            connection.abandon()
        return connection

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        try:
            await self._operations.check(context.head)
            return cast("UnsetType", UNSET)
        except (Unauthenticated, Forbidden) as error:
            raise ConnectionRejectionError from error

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        return "cookie" not in request.headers or super().is_websocket_origin_allowed(request, origin)

    def encode_json(self, data: object) -> str:
        return encode(data).decode()


async def _break_off(send: Send) -> None:
    """End a response where it is, if its client takes that in time."""
    with suppress(TimeoutError):  # who does not even take the end is cut off by what serves it
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _extended(result: ExecutionResult, more: dict[str, Any] | None) -> ExecutionResult:
    """A result with `more` in its `extensions`; others may have been given the same one."""
    return replace(result, extensions={**(result.extensions or {}), **more}) if more else result


def _public(result: CoreResult, head: RequestHead) -> ExecutionResult:
    if not result.errors:
        return ExecutionResult(result.data, None, result.extensions)
    refused = result.data is None and all(error.path is None for error in result.errors)
    errors: list[GraphQLError] = public_errors(
        result.errors, head.request_id, Stage.COERCION if refused else Stage.EXECUTION
    )
    return (PreExecutionError if refused else ExecutionResult)(result.data, errors, result.extensions)
