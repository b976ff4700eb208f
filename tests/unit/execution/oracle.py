"""Runs a document with both executors, and says all that can be seen of each run."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute, parse

from execution import Plan

Root = Callable[[], Any]
"""Makes the root value: once for each executor, since coroutines can be awaited once."""


@dataclass
class Log:
    """The context of a run, which notes what happens in which order, and has the loader of the run."""

    events: list[str] = field(default_factory=list)
    loader: Any = None
    batches: int = 0
    """How often the loader went for what it was asked."""


@dataclass(frozen=True)
class Seen:
    """A run from outside; the representation tells 1 from 1.0 and True, and the order of keys."""

    data: str
    errors: str
    events: list[str]
    nulls: frozenset[tuple[Any, ...]]
    """Where there is null because of errors."""
    told: dict[str, str]
    """The last error at each path."""
    batches: int

    def is_as(self, core: "Seen") -> bool:
        """Whether it is as `core` is.

        Where loaders are asked, which of several errors that make one null are told, in which order they come, and
        what is called beside what has failed follows from the ticks in which they are met, of which there may be fewer.
        """
        if (self.data, self.errors, self.events) == (core.data, core.errors, core.events):
            return self.batches <= core.batches
        same = (self.data, self.nulls) == (core.data, core.nulls) and not Counter(self.events) - Counter(core.events)
        told = all(core.told[path] == error for path, error in self.told.items() if path in core.told)
        return same and told and 0 < self.batches <= core.batches


def assert_same(
    schema: GraphQLSchema,
    document: str,
    root: Root = dict,
    *variables: dict[str, Any],
    loader: Callable[[Log], Any] = lambda _: None,
) -> list[Seen]:
    """Both executors show the same; a plan that ran before, and with other variables, does too."""
    ast = parse(document)
    name = _first_name(ast)
    handed: list[str] = []
    plan = Plan(schema, ast, handed.append)
    found = []
    for given in [*variables, *variables] or [{}, {}]:

        def core(log: Log, given: dict[str, Any] = given) -> Any:
            return execute(schema, ast, root(), context_value=log, variable_values=given, operation_name=name)

        def ours(log: Log, given: dict[str, Any] = given) -> Any:
            return plan.start(name, given, root(), log)

        found.append(asyncio.run(_seen(core, loader)))
        assert asyncio.run(_seen(ours, loader)).is_as(found[-1])
    assert not handed, "the plan left the run to graphql-core"
    return found


async def _seen(start: Callable[[Log], Any], loader: Callable[[Log], Any]) -> Seen:
    log = Log()
    log.loader = loader(log)
    # Tasks that nobody waits for any more may fail unseen, as they may with graphql-core.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _what: None)
    result = start(log)
    if not isinstance(result, ExecutionResult):
        result = await result
    # What was left behind comes to its end, and is compared as well.
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left)
    errors = [(repr(error.original_error), error.formatted, str(error)) for error in result.errors or ()]
    told = {str(error.path): _named(str(error)) for error in result.errors or ()}
    nulls = frozenset(_null(result.data, error.path or []) for error in result.errors or ())
    return Seen(_named(repr(result.data)), _named(repr(errors)), log.events, nulls, told, log.batches)


def _null(data: Any, path: Sequence[Any]) -> tuple[Any, ...]:
    """How far a path leads in an answer."""
    for length, key in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[key]
    return tuple(path)


def _first_name(ast: Any) -> str | None:
    for definition in ast.definitions:
        if definition.kind == "operation_definition":
            return definition.name.value if definition.name else None
    return None


def _named(text: str) -> str:
    """Without addresses in memory and numbers of tasks, which no two runs have in common."""
    return re.sub(r"0x[0-9a-f]+|Task-\d+", "?", text)
