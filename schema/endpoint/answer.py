"""Answers: what a client is told, with which status in which media type.

Source: GraphQL over HTTP specification, "Status Codes". `application/graphql-response+json` carries the outcome in
its status; `application/json` answers every well-formed request with 200. A request that is not well-formed, or is
refused before its operation is looked at, has the same status in both.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from graphql import ExecutionResult, GraphQLError
from starlette.types import Send

from errors import CatalographError, DatabaseUnavailable, RequestRefused, Unauthenticated
from schema.endpoint.json import encode
from schema.endpoint.negotiation import GRAPHQL
from schema.endpoint.parsing import DocumentRefused
from schema.endpoint.request import RequestHead
from schema.endpoint.validators import entity_tag, known_tag
from schema.errors import Stage, http_status, public_error, public_errors

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Outcome(NamedTuple):
    """A response to one operation, or to a whole request, not yet written."""

    payload: Any
    status: int = 200
    well_formed: bool = True
    headers: Mapping[str, str] = _NO_HEADERS
    freshness: str | None = None
    """What `Cache-Control` says of it where it may be kept by those who got it; it has an entity tag then."""


def executed(result: ExecutionResult, request_id: str) -> Outcome:
    """The outcome of an execution: 200 as soon as there is a `data` entry, be it null."""
    if not result.errors:
        payload: dict[str, Any] = {"data": result.data}
    elif result.data is None and all(error.path is None for error in result.errors):
        return _refused(public_errors(result.errors, request_id, Stage.COERCION), 400)
    else:
        errors = public_errors(result.errors, request_id, Stage.EXECUTION)
        payload = {"errors": _formatted(errors), "data": result.data}
    if result.extensions:
        payload["extensions"] = result.extensions
    return Outcome(payload)


def operation_refused(error: CatalographError | DocumentRefused, request_id: str) -> Outcome:
    """The outcome of a well-formed request whose operation can't be executed."""
    if isinstance(error, DocumentRefused):
        return _refused(public_errors(error.errors, request_id, error.stage), 400)
    return _refused([public_error(error, request_id)], http_status(error))


def request_refused(error: Exception, request_id: str) -> Outcome:
    """The outcome of a request that is not well-formed, not permitted, or that we failed to answer."""
    status = http_status(error) if isinstance(error, CatalographError) else 500
    payload = {"errors": _formatted([public_error(error, request_id)])}
    return Outcome(payload, status, well_formed=False, headers=_headers(error))


def extended(outcome: Outcome, more: Mapping[str, Any] | None) -> Outcome:
    """The outcome of one operation with `more` in its `extensions`."""
    if not more:
        return outcome
    extensions = {**outcome.payload.get("extensions", {}), **more}
    return outcome._replace(payload={**outcome.payload, "extensions": extensions})


def batch(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome for the operations of an array, in its order."""
    return Outcome([outcome.payload for outcome in outcomes])


async def write(send: Send, outcome: Outcome, media: str, head: RequestHead) -> None:
    """Send `outcome` as `media`, or say that the client has it already."""
    request_id = head.request_id
    try:
        body = encode(outcome.payload)
    except (TypeError, ValueError) as error:
        outcome = request_refused(error, request_id)
        body = encode(outcome.payload)
    if outcome.freshness is not None:
        tag = entity_tag(body, media)
        known = known_tag(tag, head.headers.get("if-none-match"))
        outcome = outcome._replace(headers={**outcome.headers, **_validators(outcome.freshness, known or tag)})
        if known:
            await _say_unchanged(send, outcome, request_id)
            return
    status = outcome.status if media == GRAPHQL or not outcome.well_formed else 200
    headers = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(body)),
        *_common(outcome, request_id),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _say_unchanged(send: Send, outcome: Outcome, request_id: str) -> None:
    # What is compressed says by itself that it depends on what the client unpacks.
    headers = [*_common(outcome, request_id), (b"vary", b"accept-encoding")]
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _common(outcome: Outcome, request_id: str) -> list[tuple[bytes, bytes]]:
    given = {"vary": "accept", "x-request-id": request_id, **outcome.headers}
    return [(name.encode(), value.encode()) for name, value in given.items()]


def _validators(freshness: str, tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": freshness, "vary": "accept, authorization, cookie"}


def _refused(errors: Iterable[GraphQLError], status: int) -> Outcome:
    return Outcome({"errors": _formatted(errors)}, status)


def _formatted(errors: Iterable[GraphQLError]) -> list[Any]:
    return [error.formatted for error in errors]


def _headers(error: Exception) -> Mapping[str, str]:
    if isinstance(error, RequestRefused):
        return error.headers
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    return {"retry-after": "1"} if isinstance(error, DatabaseUnavailable) else {}
