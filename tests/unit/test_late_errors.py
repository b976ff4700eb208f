"""An error that belongs beside complete data stands in the answer of its operation, and of no other."""

from typing import Any, cast

import pytest
from graphql import ExecutionResult, GraphQLError

from resolvers.context import Context
from schema.endpoint import CoreExecutor, Document, Operation
from server import WithLateErrors


@pytest.mark.anyio
async def test_a_late_error_is_told_once() -> None:
    context = cast("Context", type("WithErrors", (), {"late_errors": [GraphQLError("late")]})())
    executor = WithLateErrors(cast("CoreExecutor", _answer))
    first, second = [await _ask(executor, context) for _ in range(2)]
    assert [error.message for error in first.errors or ()] == ["late"]
    assert (first.data, second.data, second.errors) == ({"a": 1}, {"a": 1}, None)


async def _answer(*_: object) -> ExecutionResult:
    return ExecutionResult({"a": 1}, None)


async def _ask(executor: WithLateErrors, context: Context) -> ExecutionResult:
    asked: Any = executor(cast("Document", None), cast("Operation", None), None, context)
    result: ExecutionResult = await asked
    return result
