"""What is compared without case is searched for by patterns, which are bounded all together."""

import time
from pathlib import Path
from typing import Any

import pytest

from errors import CostExceeded
from indexing.conditions import check_patterns
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Shape
from tests.unit.collections.files import with_properties


@pytest.fixture
def shape(tmp_path: Path) -> Shape:
    lines = (
        "tags: {type: array, items: {type: string}}",
        "parts: {type: array, items: {properties: {b: {type: string}}}}",
    )
    (tmp_path / "work.yaml").write_text(with_properties(*lines))
    return load_catalog(tmp_path)["Work"].shape


def folded(operator: str, value: Any) -> dict[str, Any]:
    return {"number": {operator: value, "ignoreCase": True}}


@pytest.mark.parametrize(
    "given",
    [
        {"or": [folded("gt", "x" * 100)] * 6_000},
        {"not": {"or": [folded("lte", "s" * 100)] * 6_000}},
        folded("in", ["s" * 100] * 9_000),
        folded("ne", "s" * 100) | {"or": [folded("lt", "s" * 100)] * 6_000},
        {"tags": {"none": ["s" * 100] * 9_000, "ignoreCase": True}},
        {"parts": {"some": {"b": {"in": ["s" * 100] * 9_000, "ignoreCase": True}}}},
    ],
)
def test_comparisons_without_case_are_refused_where_they_are_too_much_together(
    shape: Shape, given: dict[str, Any]
) -> None:
    condition = condition_of(shape, given, Clock.current())
    began = time.process_time()
    with pytest.raises(CostExceeded):
        check_patterns(condition)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "given",
    [
        folded("in", [f"{number} words of a name" for number in range(1_000)]),
        {"or": [folded("gt", f"{number} words of a name") for number in range(20)]},
        folded("contains", "s" * 100),
        folded("gte", ""),
        {"number": {"in": ["s" * 100] * 9_000}},
    ],
)
def test_comparisons_without_case_that_are_asked_for_in_earnest_are_let_through(
    shape: Shape, given: dict[str, Any]
) -> None:
    check_patterns(condition_of(shape, given, Clock.current()))
