"""Running a valid operation: the executor's contract, graphql-core as the first one, and ending with the client."""

import asyncio
from collections.abc import AsyncIterable, Awaitable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from graphql import ExecutionResult, GraphQLSchema
from graphql.execution import Executor as GraphQLCoreExecutor
from graphql.execution import create_source_event_stream, execute
from starlette.types import Receive

from execution import Plan
from metrics import HANDED
from schema.endpoint.body import ClientGone
from schema.endpoint.documents import Document, Operation

T = TypeVar("T")
UNWATCHED_SECONDS = 0.02
"""How long an operation runs before anybody looks whether its client is still there."""
Variables = dict[str, Any] | None


class Executor(Protocol):
    """Runs an operation of a valid document; for a subscription, one event of it, given as `root`.

    The result's `data` may be an `orjson.Fragment` of ready JSON. A result without data whose errors have no path
    says that nothing was executed (a variable could not be coerced, say).
    """

    def __call__(
        self, document: Document, operation: Operation, variables: Variables, context: object, root: object = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]: ...


@dataclass(frozen=True, slots=True)
class CoreExecutor:
    """graphql-core's own executor."""

    schema: GraphQLSchema

    def __call__(
        self, document: Document, operation: Operation, variables: Variables, context: object, root: object = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        return execute(
            self.schema,
            document.ast,
            root,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
        )


class CompiledExecutor:
    """Runs the plan that a document is compiled to when it first runs, and that is kept as long as the document."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._plans: WeakKeyDictionary[Document, Plan] = WeakKeyDictionary()

    def __call__(
        self, document: Document, operation: Operation, variables: Variables, context: object, root: object = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        plan = self._plans.get(document)
        if plan is None:
            plan = self._plans[document] = Plan(self._schema, document.ast, _count_handed)
        return plan.start(operation.name, variables, root, context)


def _count_handed(reason: str) -> None:
    HANDED.labels(reason).inc()


async def source_events(
    schema: GraphQLSchema, document: Document, operation: Operation, variables: Variables, context: object
) -> AsyncIterable[Any] | ExecutionResult:
    """The events that a subscription is made of, each the `root` of one execution; or why there are none."""
    built = GraphQLCoreExecutor.build(
        schema, document.ast, context_value=context, raw_variable_values=variables, operation_name=operation.name
    )
    if isinstance(built, list):
        return ExecutionResult(None, built)
    events = create_source_event_stream(built)
    return await events if isinstance(events, Awaitable) else events


async def while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """Await `work`; when the client closes the connection before it is done, cancel it and raise `ClientGone`.

    Nobody looks before `UNWATCHED_SECONDS` have gone by: by then most work is done.
    """
    task = asyncio.current_task()
    assert task is not None
    watch: asyncio.Task[None] | None = None
    gone = False

    def leave(done: asyncio.Future[None]) -> None:
        nonlocal gone
        if not done.cancelled():
            gone = True
            task.cancel()

    def look() -> None:
        nonlocal watch
        watch = asyncio.create_task(_disconnect(receive))
        watch.add_done_callback(leave)

    later = asyncio.get_running_loop().call_later(UNWATCHED_SECONDS, look)
    try:
        return await work
    except asyncio.CancelledError:
        # Ours, unless somebody else cancelled this task as well.
        if gone and task.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        later.cancel()
        if watch:
            watch.remove_done_callback(leave)
            watch.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
