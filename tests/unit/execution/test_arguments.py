"""Arguments are each call's own, unless the field says that its resolver leaves them as they are."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, build_schema, parse

from execution import Plan
from execution.reads import LEAVES_ARGUMENTS

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
