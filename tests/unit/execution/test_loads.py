"""Links through loaders: asked for at once, and answered as graphql-core does."""

from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from execution.reads import Derive, Load, Read
from resolvers.loading import Loader
from tests.unit.execution.oracle import Log, assert_same

SDL = """
enum Colour { RED GREEN }
type Query { records: [Record!], one: Record, marked: [Marked!] }
type Marked { name: String, note: String, sure: Int!, colour: Colour, tags: [String!], gaps: [Int] }
type Record { name: String, maker: Maker, owner: Maker!, parts: [Part!], friends: [Maker]!, needed: [Maker!] }
type Part { maker: Maker }
type Maker { name: String!, teacher: Maker, owns: [Maker] }
"""
MAKERS: Mapping[str, Any] = {
    "a": {"name": "A", "taughtBy": "b", "owned": ["a", "c"]},
    "b": {"name": "B", "taughtBy": "c", "owned": []},
    "c": {"name": "C", "owned": ["no", None]},
    "nameless": {"name": None},
    "numbered": {"name": 7},
    "error": ValueError("not now"),
    "no": None,
}
MARKS: Mapping[str, Any] = {
    "fits": {"note": "n", "sure": 1, "colour": "RED", "tags": ["a", "b"], "gaps": [1, None]},
    "is empty": {"note": "", "sure": 0, "colour": None, "tags": [], "gaps": None},
    "is converted": {"note": 5, "sure": 2.0, "colour": "GREEN", "tags": ("a",), "gaps": ["3"]},
    "is absent": {"note": None, "sure": None, "colour": None, "tags": None, "gaps": None},
    "is wrong": {"note": [1], "sure": "x", "colour": "BLUE", "tags": ["a", None], "gaps": ["x"]},
    "fails": dict.fromkeys(["note", "sure", "colour", "tags", "gaps"], ValueError("not now")),
}
ALL = "{ name teacher { name teacher { name } } owns { name } }"
KEYS = ["a", "b", "c", "nameless", "numbered", "error", "no", None]


def _schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    for type_, field, key, many in (
        ("Record", "maker", "by", False), ("Record", "owner", "of", False), ("Record", "friends", "near", True),
        ("Record", "needed", "near", True), ("Part", "maker", "by", False), ("Maker", "teacher", "taughtBy", False),
        ("Maker", "owns", "owned", True),
    ):  # fmt: skip
        found: Any = schema.type_map[type_]
        found.fields[field].resolve = Load(Read(key), _key, attrgetter("loader"), many)
    marked: Any = schema.type_map["Marked"]
    for name, plan in marked.fields.items():
        if name != "name":
            plan.resolve = Load(Derive(_same), partial(_mark, name), attrgetter("loader"))
    return schema


def _same(source: Any) -> Any:
    return source


def _mark(name: str, source: Any) -> tuple[str, str]:
    return name, source["mark"]


def _key(value: Any) -> Any:
    return value


class _Marks(Loader[tuple[str, str], Any]):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    async def look_up(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], Any]:
        self._log.batches += 1
        return {(name, mark): MARKS[mark][name] for name, mark in keys}


class _Makers(Loader[str, Any]):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    async def look_up(self, keys: list[str]) -> dict[str, Any]:
        self._log.batches += 1
        return {key: MAKERS[key] for key in keys}


SCHEMA = _schema()


@pytest.mark.parametrize("key", KEYS)
def test_one_link_among_good_ones_is_as_in_graphql_core(key: str | None) -> None:
    records = [{"by": "a"}, {"by": key}, {"by": "a"}]
    assert_same(SCHEMA, f"{{ records {{ maker {ALL} }} }}", lambda: {"records": records}, loader=_Makers)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("field", ["owner", "parts", "friends", "needed"])
def test_what_may_not_be_null_takes_with_it_what_it_does_in_graphql_core(key: str | None, field: str) -> None:
    records = [
        {"of": one, "near": ["a", one, "b"], "parts": [{"by": "a"}, {"by": one}], "name": "n"} for one in ("a", key)
    ]
    text = f"{field} {{ maker {ALL} }}" if field == "parts" else f"{field} {ALL}"
    assert_same(SCHEMA, f"{{ records {{ name {text} }} }}", lambda: {"records": records}, loader=_Makers)
    assert_same(SCHEMA, f"{{ one {{ name {text} }} }}", lambda: {"one": records[1]}, loader=_Makers)


@pytest.mark.parametrize("bad", [7, None, ValueError("given"), {"by": "a", "name": 5}])
def test_a_record_that_is_not_as_it_should_be_leaves_the_links_of_others_standing(bad: Any) -> None:
    records = [{"by": "a", "parts": [{"by": "b"}]}, bad, {"by": "c", "parts": [{"by": "b"}, bad]}]
    text = f"{{ records {{ maker {ALL} name parts {{ maker {{ name }} }} }} }}"
    assert_same(SCHEMA, text, lambda: {"records": records}, loader=_Makers)


def test_all_links_of_one_level_are_one_batch_however_deep_the_objects_are_that_have_them() -> None:
    record = {"by": "a", "of": "b", "near": ["c"], "parts": [{"by": "b"}, {"by": "c"}]}
    text = f"{{ maker {ALL} owner {ALL} friends {ALL} parts {{ maker {ALL} }} }}"
    seen = assert_same(
        SCHEMA,
        f"{{ records {text} one {text} }}",
        lambda: {"records": [record, record], "one": record},
        loader=_Makers,
    )
    assert seen[0].batches == 3


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("text", ["note", "colour tags", "name gaps", "sure name", "note sure colour tags gaps"])
def test_leaves_of_a_loader_are_those_of_graphql_core(mark: str, text: str) -> None:
    marked = [{"mark": "fits", "name": "a"}, {"mark": mark, "name": "b"}, {"mark": "is empty", "name": "c"}]
    seen = assert_same(SCHEMA, f"{{ marked {{ {text} }} }}", lambda: {"marked": marked}, loader=_Marks)
    assert seen[0].batches == 1


def test_a_loader_that_can_not_be_asked_is_an_error_of_each_field() -> None:
    records = [{"by": "a"}, {"by": None}, {"by": "b"}]
    seen = assert_same(SCHEMA, "{ records { maker { name } } }", lambda: {"records": records}, loader=lambda _: None)
    assert len(seen[0].told) == 2
