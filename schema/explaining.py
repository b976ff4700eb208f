"""How an operation is answered: the requests that it sends to the stores, beside its answer, for `admin`."""

from collections.abc import Awaitable, Mapping
from typing import Any

from graphql import ExecutionResult

from errors import BadUserInput, Forbidden
from models.tracing import Trace
from resolvers.context import Context
from resolvers.viewer import Viewer
from schema.endpoint.documents import Document, Operation
from schema.endpoint.execution import Executor

HEADER = "X-Catalograph-Explain"
_NAME = HEADER.lower()
_ANSWERS = {"true": True, "1": True, "false": False, "0": False, "": False}


def trace_asked_for(headers: Mapping[str, str], viewer: Viewer) -> Trace | None:
    """An empty trace where the header asks for one. Raises `Forbidden` for viewers who are not `admin`."""
    if _NAME not in headers:
        return None
    given = headers[_NAME].strip().lower()
    if given not in _ANSWERS:
        raise BadUserInput(f"{HEADER} is {given[:100]!r}.", "Send true or false.")
    if not _ANSWERS[given]:
        return None
    if not viewer.is_admin:
        raise Forbidden(f"{HEADER} is for admin alone.", "Leave it out, or send the token of an admin.")
    return Trace()


class WithExplanation:
    """Adds `extensions.explain` to the answers of requests that are traced."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def __call__(
        self, document: Document, operation: Operation, variables: Any, context: Any, root: Any = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        result = self._inner(document, operation, variables, context, root)
        if context.trace is None:
            return result
        return self._explained(result, context)

    async def _explained(
        self, result: ExecutionResult | Awaitable[ExecutionResult], context: Context
    ) -> ExecutionResult:
        done = result if isinstance(result, ExecutionResult) else await result
        assert context.trace is not None
        extensions = {**(done.extensions or {}), "explain": context.trace.taken()}
        return ExecutionResult(done.data, done.errors, extensions)
