"""The endpoint: one ASGI application that answers `GET` and `POST` by the GraphQL-over-HTTP specification."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import ExecutionResult, OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import Settings
from errors import BadUserInput, CatalographError, OperationTimeout, RequestRefused
from models.deadlines import Deadline
from schema.endpoint import answer
from schema.endpoint.answer import Outcome
from schema.endpoint.body import ClientGone, read_body, too_large
from schema.endpoint.documents import Document, Operation
from schema.endpoint.execution import Executor, while_connected
from schema.endpoint.json import decode
from schema.endpoint.negotiation import EVENTS, HTML, JSON, Accepted, check_content_type, negotiate
from schema.endpoint.parsing import DocumentRefused
from schema.endpoint.persisted import DocumentSource
from schema.endpoint.request import (
    Parameters,
    RequestHead,
    parameters_of_object,
    parameters_of_query_string,
    request_head,
)

Closer = Callable[[], Awaitable[None]]
ContextFactory = Callable[[RequestHead], Awaitable[tuple[Any, Closer]]]
"""Makes the context of a request's operations, and what to call when they are done.

A `CatalographError` of it answers the whole request, with the status of its code.
"""
Page = Callable[[Request], Response]
Freshness = Callable[[Document, Operation, Any], str]
"""What `Cache-Control` says of the complete answer to an operation that was asked for by GET, in its context."""
NOT_KEPT = "no-store"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take: bytes of its unpacked body, seconds, operations of an array (0: no arrays)."""

    max_body: int
    max_upsert_body: int
    timeout: float
    batch_max: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that the settings give."""
        return cls(settings.max_body, settings.max_upsert_body, settings.request_timeout, settings.batch_max)


class _Exchange(NamedTuple):
    """One HTTP request as far as it is read."""

    method: str
    head: RequestHead
    accepted: Accepted
    receive: Receive
    body: bytes
    operations: Sequence[Parameters]
    array: bool


class _StreamWanted(Exception):
    """The request asks for a stream of results."""


class GraphQLEndpoint:
    """The ASGI application of `/graphql`.

    `page` answers a browser (`Accept: text/html` first), `streams` takes WebSockets and event streams.
    """

    def __init__(
        self,
        source: DocumentSource,
        executor: Executor,
        context_factory: ContextFactory,
        limits: Limits,
        *,
        freshness: Freshness = lambda _document, _operation, _context: NOT_KEPT,
        page: Page | None = None,
        streams: ASGIApp | None = None,
    ) -> None:
        self._source = source
        self._execute = executor
        self._context = context_factory
        self._limits = limits
        self._freshness = freshness
        self._page = page
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif self._streams is not None:
            await self._streams(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = request_head(scope)
        accepted = negotiate(head.headers.get("accept"))
        if accepted.best == HTML and self._page is not None and scope["method"] == "GET":
            await _show(self._page, head, scope, receive, send)
            return
        exchange = None
        try:
            with Deadline(self._limits.timeout) as deadline:
                exchange = await self._read(scope, receive, head, accepted)
                outcome = await self._answer(exchange)
        except ClientGone:  # nobody is left to answer; it is counted as a request with status 499
            return
        except _StreamWanted:  # then it is none of ours
            assert self._streams is not None
            assert exchange is not None
            await self._streams(scope, _again(exchange.body, receive), send)
            return
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, the client gets an answer
            expired = deadline.expired() and isinstance(error, TimeoutError)
            outcome = self._too_slow(exchange, head) if expired else answer.request_refused(error, head.request_id)
        if scope["method"] == "GET" and outcome.freshness is None:
            outcome = outcome._replace(headers={**outcome.headers, "cache-control": NOT_KEPT})
        await answer.write(send, outcome, accepted.answer or JSON, head)

    def _too_slow(self, exchange: _Exchange | None, head: RequestHead) -> Outcome:
        if exchange is None:
            late = RequestRefused(408, "The request did not arrive in time.", "Send it faster, or less.")
            return answer.request_refused(late, head.request_id)
        timeout = OperationTimeout(f"The operation took longer than {self._limits.timeout:g} s.", "Ask for less.")
        return answer.operation_refused(timeout, head.request_id)

    async def _read(self, scope: Scope, receive: Receive, head: RequestHead, accepted: Accepted) -> _Exchange:
        method: str = scope["method"]
        if method not in ("GET", "POST"):
            raise RequestRefused(405, f"{method} is not supported.", "Use POST or GET.", {"allow": "GET, POST"})
        if accepted.answer is None and not (accepted.events and self._streams):
            raise RequestRefused(406, "None of the accepted media types is offered.", f"Accept {JSON}.")
        if method == "GET":
            if len(scope["query_string"]) > self._limits.max_body:
                raise RequestRefused(414, "The address is too long.", "Use POST.")
            sent = parameters_of_query_string(scope["query_string"])
            return _Exchange(method, head, accepted, receive, b"", [sent], array=False)
        check_content_type(head.headers.get("content-type"))
        body = await read_body(receive, head.headers, max(self._limits.max_body, self._limits.max_upsert_body))
        try:
            value = decode(body, "The body")
            array = isinstance(value, list)
            operations = self._array(value) if array else [parameters_of_object(value)]
        except RequestRefused:
            self._check_size(body, upserts=False)
            raise
        return _Exchange(method, head, accepted, receive, body, operations, array=array)

    def _array(self, values: list[object]) -> list[Parameters]:
        if not self._limits.batch_max:
            raise RequestRefused(400, "Arrays of operations are off.", "Send one object a request.")
        if not 1 <= len(values) <= self._limits.batch_max:
            raise RequestRefused(400, f"An array holds 1 to {self._limits.batch_max} operations.")
        return [parameters_of_object(value) for value in values]

    async def _answer(self, exchange: _Exchange) -> Outcome:
        context, close = await self._context(exchange.head)
        try:
            # One after the other: an operation of an array may build on the one before it.
            outcomes = [await self._run(exchange, operation, context) for operation in exchange.operations]
        finally:
            await close()
        return answer.batch(outcomes) if exchange.array else outcomes[0]

    async def _run(self, exchange: _Exchange, parameters: Parameters, context: object) -> Outcome:
        request_id = exchange.head.request_id
        report = None
        try:
            document = await self._source(parameters, context)
            operation = document.operation(parameters.operation_name)
            if parameters.extensions:
                report = operation.asked_report(parameters)
            self._admit(operation, exchange)
            operation.check_cost(parameters.variables)
        except RequestRefused:
            raise
        except (CatalographError, DocumentRefused) as error:
            self._check_size(exchange.body, upserts=False)
            if exchange.accepted.best == EVENTS and self._may_stream(exchange):
                raise _StreamWanted from None
            return answer.extended(answer.operation_refused(error, request_id), report)
        result = self._execute(document, operation, parameters.variables, context)
        if not isinstance(result, ExecutionResult):
            result = await while_connected(exchange.receive, result)
        outcome = answer.executed(result, request_id)
        if report:
            outcome = answer.extended(outcome, report)
        if exchange.method == "GET" and not result.errors:
            return outcome._replace(freshness=self._freshness(document, operation, context))
        return outcome

    def _admit(self, operation: Operation, exchange: _Exchange) -> None:
        """Refuse what this operation may not do in this request."""
        self._check_size(exchange.body, upserts=operation.upserts and not exchange.array)
        if operation.type is OperationType.MUTATION and exchange.method == "GET":
            raise RequestRefused(405, "A GET request runs queries only.", "Use POST.", {"allow": "POST"})
        subscribes = operation.type is OperationType.SUBSCRIPTION
        if self._may_stream(exchange) and (subscribes or exchange.accepted.best == EVENTS):
            raise _StreamWanted
        if subscribes:
            raise BadUserInput("A subscription is answered by a stream.", f"Use a WebSocket, or accept {EVENTS}.")

    def _may_stream(self, exchange: _Exchange) -> bool:
        return exchange.accepted.events and self._streams is not None and not exchange.array

    def _check_size(self, body: bytes, *, upserts: bool) -> None:
        if len(body) > self._limits.max_body and not upserts:
            raise too_large(self._limits.max_body)


async def _show(page: Page, head: RequestHead, scope: Scope, receive: Receive, send: Send) -> None:
    response = page(Request(scope, receive))
    response.headers["x-request-id"] = head.request_id
    response.headers["vary"] = "accept"
    await response(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
