"""Arguments are each call's own, unless the field says that its resolver leaves them as they are; loaders may ask for
them.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, build_schema, parse

from execution import Plan
from execution.reads import LEAVES_ARGUMENTS, Load, Read
from tests.unit.execution.oracle import Log, assert_same

SDL = "type Query { items: [Item!]! } type Item { find(where: In, first: Int): Int } input In { a: [Int!] }"
DOCUMENT = "query Q($a: [Int!]) { items { one: find(where: {a: [1, 2]}) two: find(where: {a: $a}, first: 3) } }"


@pytest.mark.parametrize("leaves", [True, False])
def test_arguments_are_shared_by_the_calls_of_a_field_that_leaves_them(leaves: bool) -> None:
    seen: dict[str, list[Any]] = {"one": [], "two": []}

    def find(_item: Any, info: Any, **arguments: Any) -> int:
        seen[info.path.key].append(arguments["where"])
        return 1

    schema = build_schema(SDL)
    item = schema.type_map["Item"]
    assert isinstance(item, GraphQLObjectType)
    item.fields["find"].resolve = find
    item.fields["find"].extensions = {LEAVES_ARGUMENTS: True} if leaves else {}
    found = Plan(schema, parse(DOCUMENT)).start("Q", {"a": [3]}, {"items": [{}, {}, {}]}, None)
    assert isinstance(found, ExecutionResult)
    assert found.data == {"items": [{"one": 1, "two": 1}] * 3}
    assert seen == {"one": [{"a": [1, 2]}] * 3, "two": [{"a": [3]}] * 3}
    for several in seen.values():
        assert (len({id(one) for one in several}) == 1) is leaves


class Pages:
    """Loads the pages of several owners, and notes what it was asked."""

    def __init__(self, log: Log, info: Any, arguments: dict[str, Any]) -> None:
        self._log = log
        self._first = arguments["first"]
        self._type = info.return_type

    async def load(self, key: str) -> Any:
        (found,) = await self.load_together([key])
        if isinstance(found, Exception):
            raise found
        return found

    async def load_many(self, keys: list[str]) -> list[Any]:
        return [await self.load(key) for key in keys]

    async def load_together(self, keys: Sequence[str]) -> list[Any]:
        self._log.batches += 1
        if self._first < 0:
            raise ValueError("first is below zero")
        return [ValueError("no such owner") if key == "bad" else self._page(key) for key in keys]

    def _page(self, key: str) -> dict[str, Any]:
        assert str(self._type) == "Page"
        return {"owner": key, "items": [{"name": f"{key}{number}", "owns": key} for number in range(self._first)]}


OWNERS = build_schema("""
type Query { owners: [Owner!]! one: Owner }
type Owner { name: String page(first: Int! = 2): Page again(first: Int!): Page }
type Page { owner: String! items: [Item!]! }
type Item { name: String! page(first: Int! = 1): Page }
""")
for type_, field, read in (("Owner", "page", "name"), ("Owner", "again", "name"), ("Item", "page", "owns")):
    of = OWNERS.type_map[type_]
    assert isinstance(of, GraphQLObjectType)
    of.fields[field].resolve = Load(Read(read), str, Pages, asks=True)


@pytest.mark.parametrize(
    "selected",
    [
        "page { items { name } }",
        "name a: page(first: 1) { owner } b: page(first: $n) { items { name page { owner } } }",
        "page(first: -1) { owner } name",
        "page(first: $n) { items { name } } again(first: $n) { owner }",
        "again(first: $missing) { owner } page { owner }",
        "again(first: $wrong) { owner } page { owner }",
        "page { items { page(first: $n) { items { name } } } }",
    ],
)
@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], ["a", "bad", None, "c"], []])
def test_a_loader_that_asks_for_arguments_is_as_in_graphql_core(selected: str, names: list[str | None]) -> None:
    document = (
        f"query Q($n: Int! = 2, $missing: Int = 1, $wrong: Int) {{ owners {{ {selected} }} one {{ {selected} }} }}"
    )

    def root() -> dict[str, Any]:
        return {"owners": [{"name": name} for name in names], "one": {"name": "one"}}

    assert_same(OWNERS, document, root, {}, {"n": 0}, {"n": 3, "wrong": None})


def test_a_loader_that_asks_is_asked_once_for_all_owners_of_a_field() -> None:
    log = Log()
    owners = {"owners": [{"name": name} for name in "abc"]}
    document = parse("{ owners { a: page { owner } b: page(first: 1) { items { page { owner } } } } }")
    found = asyncio.run(result_of(Plan(OWNERS, document).start(None, {}, owners, log)))
    assert not found.errors
    assert log.batches == 3, "one for each field in its place"


async def result_of(running: Any) -> ExecutionResult:
    result: ExecutionResult = await running
    return result
