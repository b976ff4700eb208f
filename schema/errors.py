"""The one place that turns errors into GraphQL errors and HTTP statuses: codes, masking, logging."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

import structlog
from graphql import ArgumentNode, DirectiveNode, GraphQLError, ValueNode

from errors import CatalographError, DatabaseUnavailable, RequestRefused, SearchUnavailable

log = structlog.get_logger(__name__)

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
INTERNAL: Final = "INTERNAL"
MASKED: Final = "Internal error"
_LACKING: Final = "Cannot return null for non-nullable field "
"""How graphql-core begins to say so. A record may lack what its collection file requires only since it was written."""

STATUS: Final = {
    # Clients of persisted queries take another status for a server that has none, and give them up.
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "DATABASE_UNAVAILABLE": 503,
    "SEARCH_UNAVAILABLE": 503,
    "TIMEOUT": 504,
}

UNAVAILABLE: Final[dict[str, type[CatalographError]]] = {
    "asyncpg.CannotConnectNowError": DatabaseUnavailable,
    "asyncpg.PostgresConnectionError": DatabaseUnavailable,
    "asyncpg.TooManyConnectionsError": DatabaseUnavailable,
    "elastic_transport.ConnectionError": SearchUnavailable,
    "elastic_transport.ConnectionTimeout": SearchUnavailable,
    "sqlalchemy.OperationalError": DatabaseUnavailable,
    "sqlalchemy.TimeoutError": DatabaseUnavailable,
}


class Stage(Enum):
    """Where an error arose; its value is the code of a GraphQL error that brings none and has no other cause."""

    PARSING = PARSE_FAILED
    VALIDATION = VALIDATION_FAILED
    COERCION = BAD_USER_INPUT
    EXECUTION = INTERNAL


def http_status(error: CatalographError) -> int:
    """The HTTP status of a request that `error` ended before anything was executed."""
    return error.status if isinstance(error, RequestRefused) else STATUS.get(error.code, 400)


def public_errors(errors: Iterable[GraphQLError], request_id: str, stage: Stage) -> list[GraphQLError]:
    """`errors` as clients may see them: each with `code` and `requestId`, and nothing of our insides.

    What is unexpected is logged, once for each cause however many fields it failed, and masked.
    """
    logged: set[int] = set()
    return [_public(error, request_id, stage, logged) for error in errors]


def public_error(error: Exception, request_id: str) -> GraphQLError:
    """An error that ended a whole request, as clients may see it."""
    return _public(GraphQLError(str(error), original_error=error), request_id, Stage.EXECUTION, set())


def known(error: BaseException) -> CatalographError | None:
    """The error of ours that `error` is, or that a driver's connection error stands for.

    The layers below map their drivers' errors themselves; this net only knows drivers by name.
    """
    if isinstance(error, CatalographError):
        return error
    for kind in type(error).__mro__:
        if unavailable := UNAVAILABLE.get(f"{kind.__module__.partition('.')[0]}.{kind.__name__}"):
            return unavailable((unavailable.__doc__ or "").strip())
    return None


def _public(error: GraphQLError, request_id: str, stage: Stage, logged: set[int]) -> GraphQLError:
    causes = _causes(error)
    code, message = _code_and_message(causes, stage)
    if code == INTERNAL and id(causes[-1]) not in logged:
        logged.add(id(causes[-1]))
        log.error("unexpected error", request_id=request_id, path=error.path, exc_info=causes[-1])
    extensions = {**(error.extensions or {}), "code": code, "requestId": request_id}
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)


def _code_and_message(causes: Sequence[Exception], stage: Stage) -> tuple[str, str]:
    first, last = causes[0], causes[-1]
    assert isinstance(first, GraphQLError)
    if not isinstance(last, GraphQLError):
        return _code_of_cause(first, last, stage)
    if code := (last.extensions or {}).get("code"):
        return str(code), first.message
    if stage is not Stage.EXECUTION:
        return stage.value, first.message
    return (BAD_USER_INPUT, first.message) if _points_at_input(last) else (INTERNAL, MASKED)


def _points_at_input(error: GraphQLError) -> bool:
    """Whether graphql-core raised this on a value that it could not coerce, rather than on a result of ours."""
    return any(isinstance(node, ArgumentNode | DirectiveNode | ValueNode) for node in error.nodes or ())


def _code_of_cause(error: GraphQLError, cause: Exception, stage: Stage) -> tuple[str, str]:
    """Code and message of what something other than graphql-core raised: a resolver, or a scalar given a bad value."""
    ours = known(cause)
    if stage is not Stage.EXECUTION:
        return (ours.code if ours and ours.code != INTERNAL else BAD_USER_INPUT), error.message
    if ours is None and isinstance(cause, TypeError) and str(cause).startswith(_LACKING):
        return INTERNAL, str(cause)
    if ours is None or ours.code == INTERNAL:
        return INTERNAL, MASKED
    return ours.code, str(ours)


def _causes(error: GraphQLError) -> list[Exception]:
    """`error` and what it wraps, down to the first that is none of graphql-core's."""
    causes: list[Exception] = [error]
    inner: Exception | None = error
    while isinstance(inner, GraphQLError) and (inner := inner.original_error) is not None:
        causes.append(inner)
    return causes
