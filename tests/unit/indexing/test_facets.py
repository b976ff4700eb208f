"""The buckets of histograms: without gaps, and with an answer for values that lie very far apart."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from indexing.facets import aggregations, result_of
from indexing.search_query import Bucket, FacetQuery
from models.collections.conditions import ALWAYS, Compare
from models.collections.dates import datetime_micros, datetime_text, micros
from models.collections.loading import load_catalog
from tests.unit.collections.files import with_properties


def facet(folder: Path, schema: str) -> FacetQuery:
    (folder / "work.yaml").write_text(with_properties(f"a: {schema}"))
    path = next(path for path in load_catalog(folder)["Work"].paths if path.name == "a")
    return FacetQuery("a", path)


def calendar(folder: Path, unit: str) -> FacetQuery:
    return facet(folder, f"{{type: string, format: date, x-search: {{facet: {{calendarInterval: {unit}}}}}}}")


def answer(*days: str) -> dict[str, Any]:
    """Elasticsearch's answer: a bucket with one record that begins on each of these days."""
    starts = [micros(datetime.fromisoformat(day).replace(tzinfo=UTC)) // 1000 for day in days]
    return {"buckets": {"buckets": [{"key": start, "doc_count": 1} for start in starts]}}


def shown(bucket: Bucket) -> tuple[str, int, str | None]:
    upper = None if bucket.upper is None else datetime_text(bucket.upper)[:10]
    return datetime_text(bucket.value)[:10], bucket.records, upper


@pytest.mark.parametrize(
    ("unit", "days", "buckets"),
    [
        ("year", ["1999-01-01", "2001-01-01"], [(1, "2000-01-01"), (0, "2001-01-01"), (1, "2002-01-01")]),
        ("quarter", ["1999-10-01", "2000-04-01"], [(1, "2000-01-01"), (0, "2000-04-01"), (1, "2000-07-01")]),
        ("month", ["1999-12-01", "2000-01-01"], [(1, "2000-01-01"), (1, "2000-02-01")]),
        ("week", ["2000-02-21", "2000-03-06"], [(1, "2000-02-28"), (0, "2000-03-06"), (1, "2000-03-13")]),
        ("day", ["2000-02-28", "2000-03-01"], [(1, "2000-02-29"), (0, "2000-03-01"), (1, "2000-03-02")]),
        ("year", ["9998-01-01", "9999-01-01"], [(1, "9999-01-01"), (1, None)]),
        ("day", ["9999-12-31"], [(1, None)]),
        ("day", ["0001-01-01", "9999-12-31"], [(1, "0001-01-02"), (1, None)]),
        ("year", [], []),
    ],
)
def test_a_calendar_has_no_gaps_and_ends_with_the_last_year(
    tmp_path: Path, unit: str, days: list[str], buckets: list[tuple[int, str | None]]
) -> None:
    found = [shown(bucket) for bucket in result_of(calendar(tmp_path, unit), answer(*days), ALWAYS).buckets]
    assert [(count, upper) for _, count, upper in found] == buckets
    assert [start for start, count, _ in found if count] == days


def test_elasticsearch_is_not_asked_for_empty_buckets(tmp_path: Path) -> None:
    aggs = aggregations((calendar(tmp_path, "day"),), ALWAYS, ALWAYS)
    assert aggs["a@buckets"]["date_histogram"]["min_doc_count"] == 1


def test_the_last_moment_of_a_far_year_is_not_rounded_into_the_next(tmp_path: Path) -> None:
    moments = facet(tmp_path, "{type: string, format: date-time, x-search: {facet: {calendarInterval: year}}}")
    asked = replace(moments, bounds=True)
    last = datetime_micros("9999-12-31T23:59:59.999999Z")
    aggs = aggregations((asked,), ALWAYS, ALWAYS)
    assert aggs["a@high"] == {"max": {"field": "r.a@d"}}
    found = result_of(asked, answer() | {"low": {"value": None}, "high": {"value": float(last // 1_000)}}, ALWAYS)
    assert (found.low, datetime_text(found.high)) == (None, "9999-12-31T23:59:59.999000Z")


def test_a_histogram_of_numbers_has_no_gaps(tmp_path: Path) -> None:
    asked = facet(tmp_path, "{type: integer, x-search: {facet: {interval: 10}}}")
    given = {"buckets": {"buckets": [{"key": -10.0, "doc_count": 2}, {"key": 10.0, "doc_count": 1}]}}
    found = [(bucket.value, bucket.records, bucket.upper) for bucket in result_of(asked, given, ALWAYS).buckets]
    assert found == [(-10, 2, 0), (0, 0, 10), (10, 1, 20)]


def test_a_text_too_long_for_a_term_is_one_bucket_with_its_beginning(tmp_path: Path) -> None:
    asked, long = facet(tmp_path, "{type: string, x-search: {facet: true}}"), "é" * 20_000
    condition = Compare(asked.path, "eq", long)
    term = aggregations((asked,), condition, ALWAYS)["a@selected"]["terms"]["include"][0]
    assert len(term.encode()) < len(long.encode())
    given = {"buckets": {"buckets": [{"key": term, "doc_count": 3}], "sum_other_doc_count": 0}}
    given["selected"] = {"buckets": [{"key": term, "doc_count": 3}]}
    (bucket,) = result_of(asked, given, condition).buckets
    assert (bucket.records, bucket.selected) == (3, True)
    assert bucket.value
    assert set(bucket.value) == {"é"}


@pytest.mark.parametrize("how", ["true", "{interval: 1}"])
def test_very_many_selected_values_take_no_time_each_for_all_of_them(tmp_path: Path, how: str) -> None:
    asked = facet(tmp_path, f"{{type: integer, x-search: {{facet: {how}}}}}")
    condition = Compare(asked.path, "in", tuple(range(0, 120_000, 2)))
    buckets = [{"key": value, "doc_count": 1} for value in range(49_000)]
    given = {"buckets": {"buckets": buckets, "sum_other_doc_count": 0}}
    began = time.process_time()
    found = {bucket.value: bucket.selected for bucket in result_of(asked, given, condition).buckets}
    assert time.process_time() - began < 2
    assert found[4]
    assert not found[5]


@pytest.mark.parametrize(
    ("interval", "key", "bounds"),
    [
        (0.001, "Infinity", (1.7976931348623157e305, None)),
        (0.5, "-Infinity", (None, -8.988465674311579e307)),
        (1e308, "-Infinity", (None, -1e308)),
        (1e308, 1e308, (1e308, None)),
    ],
)
def test_values_beyond_all_steps_are_one_open_bucket(
    tmp_path: Path, interval: float, key: float | str, bounds: tuple[float | None, float | None]
) -> None:
    asked = facet(tmp_path, f"{{type: number, x-search: {{facet: {{interval: {interval}}}}}}}")
    answered = {"buckets": {"buckets": [{"key": one, "doc_count": 1} for one in sorted((0.0, key), key=float)]}}
    found = [(bucket.value, bucket.upper, bucket.records) for bucket in result_of(asked, answered, ALWAYS).buckets]
    assert (*bounds, 1) in found
