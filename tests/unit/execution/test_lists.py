"""Lists of records, where generated code and graphql-core's way meet."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import build_schema

from tests.unit.execution.oracle import assert_same

SCHEMA = build_schema("""
type Query { records: [Record], needed: [Record!]! }
type Record { name: String, number: Int!, share: Float, other: Record }
""")
GOOD: dict[str, Any] = {"name": "n", "number": 1, "share": 0.5}
BAD: list[Any] = [
    {"name": "n", "number": None},
    {"number": 2**31},
    {"number": 1, "share": float("nan")},
    {"number": True, "share": 1, "name": 5},
    {"number": 1, "name": lambda _info: "called"},
    {"number": ValueError("given")},
    None,
    ValueError("the record"),
    7,
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("field", ["records", "needed"])
@pytest.mark.parametrize("below", ["", "other { name number }"])
def test_one_bad_record_among_good_ones_is_as_in_graphql_core(bad: Any, field: str, below: str) -> None:
    records = [GOOD | {"other": bad}, bad, GOOD]
    assert_same(SCHEMA, f"{{ {field} {{ name number share {below} }} }}", lambda: {field: records})


@pytest.mark.parametrize("field", ["records", "needed"])
def test_late_records_and_values_come_in_the_order_of_graphql_core(field: str) -> None:
    async def late(value: Any, ticks: int) -> Any:
        for _ in range(ticks):
            await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    def root() -> Any:
        other = [GOOD | {"other": late({"number": None}, ticks)} for ticks in (3, 1, 2)]
        return {field: [*other, late(GOOD, 1), GOOD | {"other": late(ValueError("late"), 2)}]}

    assert_same(SCHEMA, f"{{ {field} {{ name number other {{ name number }} }} }}", root)


def test_a_record_that_is_no_mapping_may_have_late_values() -> None:
    async def late() -> str:
        return "late"

    def root() -> Any:
        return {"needed": [GOOD, SimpleNamespace(name=late(), number=2), GOOD]}

    assert "late" in assert_same(SCHEMA, "{ needed { name number } }", root)[0].data
