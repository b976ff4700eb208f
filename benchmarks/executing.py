"""Measures the executors alone: 100 records of 12 fields in memory to bytes, without and with a link each."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

from benchmarks.measures import Measure
from execution import Plan
from execution.reads import Load, Read
from resolvers.loading import Loader

SDL = """
type Query { records: [Record!]! }
type Record {
  a: String, b: String, c: String, d: String!, e: Int, f: Int, g: Int!, h: Float, i: Boolean, j: ID!, k: String,
  l: String, link: Link
}
type Link { name: String }
"""
FIELDS = "a b c d e f g h i j k l"
RECORDS = [
    {
        "a": f"Title {number}", "b": "oil on canvas", "c": None, "d": "s", "e": number, "f": 3, "g": 9, "h": 1.5,
        "i": True, "j": f"N{number}", "k": "u", "l": "v", "to": number,
    }
    for number in range(100)
]  # fmt: skip
ROOT = {"records": RECORDS}
# Of graphql-core's time in the same run: 75 and 350 µs where it takes 2,250 and 5,730.
PLAIN_SHARE, LINKED_SHARE = 75 / 2_250, 350 / 5_730
Work = Callable[[], Coroutine[Any, Any, bytes]]


def schema_of_records() -> GraphQLSchema:
    """Records of 12 fields, each with a link through the loader that is the context."""
    schema = build_schema(SDL)
    schema.type_map["Record"].fields["link"].resolve = Load(Read("to"), lambda key: key, lambda context: context)  # type: ignore[attr-defined]
    return schema


def measure_executors(rounds: int = 15) -> list[Measure]:
    """Microseconds a request of both executors, and the share of graphql-core's that ours takes."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> list[Measure]:
    schema = schema_of_records()
    measures: list[Measure] = []
    for name, text, share in (
        ("100 records of 12 fields", f"{{ records {{ {FIELDS} }} }}", PLAIN_SHARE),
        ("the same with a dataloader's link each", f"{{ records {{ {FIELDS} link {{ name }} }} }}", LINKED_SHARE),
    ):
        document = parse(text)
        plan = Plan(schema, document)

        async def compiled(plan: Plan = plan) -> bytes:
            return _bytes(await plan.execute(root=ROOT, context=Links()))

        async def core(document: Any = document) -> bytes:
            result = execute(schema, document, ROOT, Links())
            return _bytes(result if isinstance(result, ExecutionResult) else await result)

        assert await compiled() == await core()
        theirs, ours = await _best(core, rounds, 5), await _best(compiled, rounds, 50)
        measures += [
            Measure("executor", f"{name}, graphql-core", theirs, "µs"),
            Measure("executor", f"{name}, compiled", ours, "µs"),
            Measure("executor", f"{name}, compiled / graphql-core", ours / theirs, "", at_most=round(share, 3)),
        ]
    return measures


def _bytes(result: ExecutionResult) -> bytes:
    assert not result.errors
    return orjson.dumps({"data": result.data})


class Links(Loader[int, dict[str, str]]):
    """Loads what records link to."""

    async def look_up(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        return {key: {"name": f"Artist {key}"} for key in keys}


async def _best(work: Work, rounds: int, repeated: int) -> float:
    """The processor's time of one, in µs: the best round, since others on the machine only ever add."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(repeated):
            await work()
        found.append((time.process_time() - begun) / repeated * 1e6)
    return min(found)
