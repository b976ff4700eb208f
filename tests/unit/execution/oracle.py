"""Runs a document with both executors, and says all that can be seen of each run."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute, parse

from execution import compile_document

Root = Callable[[], Any]
"""Makes the root value: once for each executor, since coroutines can be awaited once."""


@dataclass
class Log:
    """The context of a run, which notes what happens in which order."""

    events: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """A run from outside; the representation tells 1 from 1.0 and True, and the order of keys."""

    data: str
    errors: list[Any]
    events: list[str]


def both(
    schema: GraphQLSchema, document: str, root: Root = dict, variables: dict[str, Any] | None = None, runs: int = 2
) -> tuple[Seen, list[Seen]]:
    """What graphql-core does, and what a plan does each time it runs."""
    ast = parse(document)
    name = _first_name(ast)
    plan = compile_document(schema, ast)
    core = asyncio.run(
        _seen(
            lambda log: execute(schema, ast, root(), context_value=log, variable_values=variables, operation_name=name)
        )
    )
    ours = [asyncio.run(_seen(lambda log: plan.start(name, variables, root(), log))) for _ in range(runs)]
    assert not plan.handed, "the plan left the run to graphql-core"
    return core, ours


def assert_same(
    schema: GraphQLSchema, document: str, root: Root = dict, variables: dict[str, Any] | None = None
) -> Seen:
    """Both executors show the same; a plan that is used again too."""
    core, ours = both(schema, document, root, variables)
    for run in ours:
        assert run == core
    return core


async def _seen(start: Callable[[Log], Any]) -> Seen:
    log = Log()
    result = start(log)
    if not isinstance(result, ExecutionResult):
        result = await result
    await asyncio.sleep(0)
    errors = [(repr(error.original_error), error.formatted, str(error)) for error in result.errors or ()]
    return Seen(repr(result.data), errors, log.events)


def _first_name(ast: Any) -> str | None:
    for definition in ast.definitions:
        if definition.kind == "operation_definition":
            return definition.name.value if definition.name else None
    return None
