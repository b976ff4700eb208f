"""Streams of results over Strawberry's view: WebSocket (`graphql-transport-ws`) and Server-Sent Events.

The protocols are Strawberry's; documents, limits, contexts and errors are the endpoint's. Every operation and every
event of a subscription gets a context of its own, so that no event is answered from what an earlier one had loaded,
and a token that has ended ends its subscriptions with their next event.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError, GraphQLSchema, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema.base import BaseSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from errors import Forbidden, OperationTimeout, Unauthenticated
from schema.endpoint.application import ContextFactory
from schema.endpoint.documents import Document, DocumentRefused, Documents, DocumentSource, Operation, sent_text
from schema.endpoint.execution import Executor, Variables, source_events
from schema.endpoint.json import encode
from schema.endpoint.request import Parameters, RequestHead, request_head
from schema.errors import Stage, public_error, public_errors

Results = AsyncGenerator[ExecutionResult, None]


@dataclass(slots=True)
class Connection:
    """A WebSocket or event stream; the view fills in `connection_params` once the client has said who it is."""

    opened_by: RequestHead
    connection_params: dict[str, object] | None = None

    @property
    def head(self) -> RequestHead:
        """The head for its operations, with the `authorization` of the payload of `connection_init`, if any."""
        for name, value in (self.connection_params or {}).items():
            if name.lower() == "authorization" and isinstance(value, str):
                return replace(self.opened_by, authorization=value)
        return self.opened_by


class Operations:
    """Runs the operations of connections; stands where the view expects a schema."""

    config = StrawberryConfig()

    def __init__(
        self,
        schema: GraphQLSchema,
        documents: Documents,
        executor: Executor,
        context_factory: ContextFactory,
        timeout: float,
        source: DocumentSource,
    ) -> None:
        self._schema = schema
        self._documents = documents
        self._execute = executor
        self._context = context_factory
        self._timeout = timeout
        self._source = source

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
        parameters = Parameters(query, operation_name or None, variable_values, operation_extensions)
        return self._results(context_value.head, parameters)

    @asynccontextmanager
    async def context(self, head: RequestHead) -> AsyncIterator[object]:
        """A context that is closed on leaving."""
        context, close = await self._context(head)
        try:
            yield context
        finally:
            await close()

    async def _results(self, head: RequestHead, parameters: Parameters) -> Results:
        try:
            async with self.context(head) as context:
                document = self._documents.prepare(await self._source(parameters, context))
                operation = document.operation(parameters.operation_name)
                if operation.type is not OperationType.SUBSCRIPTION:
                    yield await self._once(document, operation, parameters.variables, context, None, head)
                    return
                async with aclosing(self._each(document, operation, parameters.variables, context, head)) as results:
                    async for result in results:
                        yield result
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
        async with aclosing(cast("AsyncGenerator[object, None]", events)):
            async for event in events:
                async with self.context(head) as own:
                    result = await self._once(document, operation, variables, own, event, head)
                yield result

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


class Streams(GraphQL[Connection, None]):
    """The ASGI application for WebSockets and event streams.

    A WebSocket that carries a cookie must come from this origin or one of `allowed_origins`.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        documents: Documents,
        executor: Executor,
        context_factory: ContextFactory,
        timeout: float,
        *,
        source: DocumentSource = sent_text,
        allowed_origins: Collection[str] = (),
    ) -> None:
        self._operations = Operations(schema, documents, executor, context_factory, timeout, source)
        super().__init__(
            cast("BaseSchema", self._operations),
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            allowed_origins=tuple(allowed_origins),
        )

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:
        head = request_head(request.scope)
        if isinstance(response, Response):
            response.headers["x-request-id"] = head.request_id
        return Connection(head)

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        try:
            async with self._operations.context(context.head):
                return cast("UnsetType", UNSET)
        except (Unauthenticated, Forbidden) as error:
            raise ConnectionRejectionError from error

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        return "cookie" not in request.headers or super().is_websocket_origin_allowed(request, origin)

    def encode_json(self, data: object) -> str:
        return encode(data).decode()


def _public(result: CoreResult, head: RequestHead) -> ExecutionResult:
    if not result.errors:
        return ExecutionResult(result.data, None, result.extensions)
    refused = result.data is None and all(error.path is None for error in result.errors)
    errors: list[GraphQLError] = public_errors(
        result.errors, head.request_id, Stage.COERCION if refused else Stage.EXECUTION
    )
    return (PreExecutionError if refused else ExecutionResult)(result.data, errors, result.extensions)
