"""The requests of stats and groups: what was selected, at the records or at the elements, and nothing else."""

from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Any

import pytest

from errors import BadUserInput
from indexing.calendar import end_of_unit
from indexing.group_keys import group_cursors, group_query, key_text_of
from indexing.groups import groups_aggregation, groups_of, home_of
from indexing.search_body import search_body
from indexing.search_query import GroupField, GroupQuery, SearchQuery, StatsQuery
from models.collections.dates import micros, zone_named
from models.collections.loading import load_catalog
from models.collections.properties import Collection, Path

HOUR = 3_600_000_000
DAY = 24 * HOUR
EXAMPLE = FilePath(__file__).resolve().parents[3] / "examples" / "tate"


@pytest.fixture(scope="module")
def artwork() -> Collection:
    return load_catalog(EXAMPLE)["Artwork"]


def at(collection: Collection, name: str) -> Path:
    return next(path for path in collection.paths if path.name == name)


def fields(collection: Collection, *names: str) -> tuple[GroupField, ...]:
    return tuple(GroupField(at(collection, name)) for name in names)


def test_only_the_stats_that_are_selected_are_asked_for(artwork: Collection) -> None:
    year = StatsQuery(at(artwork, "acquisitionYear"), frozenset({"count"}))
    body = search_body(SearchQuery(artwork, stats=(year,)))
    (aggs,) = body["aggs"].values()
    assert list(aggs["aggs"]) == ["acquisitionYear:numbers"]
    assert body["size"] == 0
    assert "aggs" not in search_body(SearchQuery(artwork, size=1))


def test_values_of_elements_are_counted_at_the_elements(artwork: Collection) -> None:
    role = StatsQuery(at(artwork, "contributors.role"), frozenset({"count"}))
    (aggs,) = search_body(SearchQuery(artwork, stats=(role,)))["aggs"].values()
    assert aggs["aggs"]["contributors.role:count"]["nested"] == {"path": "n.contributors"}


def test_a_page_of_groups_asks_for_one_more_to_tell_whether_there_is_a_next(artwork: Collection) -> None:
    found = groups_aggregation(GroupQuery("g", fields(artwork, "units"), first=5, after=("mm",)), 10)["found"][
        "composite"
    ]
    assert found["size"] == 6
    assert found["after"] == {"g0": "mm"}


def test_the_last_group_is_that_without_values_even_if_it_has_a_page_of_its_own(artwork: Collection) -> None:
    by = fields(artwork, "contributors.role")
    bucket = {"key": {"g0": "artist"}, "records": {"doc_count": 3}}

    def answer(*buckets: Any) -> dict[str, Any]:
        return {"elements": {"found": {"found": {"buckets": list(buckets)}}}, "none": {"doc_count": 2}}

    page = groups_of(GroupQuery("g", by, first=1), answer(bucket))
    assert [(group.key, group.count) for group in page.groups] == [(("artist",), 3)]
    assert page.more
    last = groups_of(GroupQuery("g", by, first=1, after=("artist",)), answer())
    assert [(group.key, group.count) for group in last.groups] == [((None,), 2)]
    assert not last.more
    assert groups_of(GroupQuery("g", by, first=1, after=(None,)), answer()).groups == ()


def test_what_belongs_to_one_element_is_not_mixed_with_what_is_outside(artwork: Collection) -> None:
    assert home_of(fields(artwork, "contributors.role", "contributors.gender")) == at(artwork, "contributors")
    assert home_of(fields(artwork, "contributors.role", "units")) is None
    with pytest.raises(BadUserInput, match="one element of contributors"):
        home_of(fields(artwork, "contributors.role", "units", "contributors.gender"))


def test_the_records_of_a_group_have_its_values_in_one_element(artwork: Collection) -> None:
    by = fields(artwork, "contributors.role", "contributors.gender")
    query = group_query(by, ("artist", None))
    assert query["nested"]["path"] == "n.contributors"
    term, missing = query["nested"]["query"]["bool"]["filter"]
    assert term == {"term": {"n.contributors.role@v": {"value": "artist"}}}
    assert missing == {"bool": {"must_not": [{"exists": {"field": "n.contributors.gender@v"}}]}}
    assert "must_not" in group_query(by, (None, None))["bool"]


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [(1890.0, 10, "1890"), (0.1 * 3, 0.1, "0.3"), (-7.5, 2.5, "-7.5"), (0.0, 1, "0"), (5, 0, "5"), (None, 10, None)],
)
def test_the_start_of_an_interval_is_written_as_one_would(
    artwork: Collection, value: Any, interval: float, text: str | None
) -> None:
    assert key_text_of(GroupField(at(artwork, "acquisitionYear"), interval), value) == text


@pytest.mark.parametrize(
    ("key", "text", "bounds"),
    [
        ("Infinity", "1.7976931348623158e+307", {"gte": 1.7976931348623158e307}),
        ("-Infinity", "-Infinity", {"lt": -1.7976931348623158e307}),
        (0.0, "0", {"gte": 0.0, "lt": 0.1}),
    ],
)
def test_the_group_of_values_beyond_all_steps_is_open(
    artwork: Collection, key: Any, text: str, bounds: dict[str, float]
) -> None:
    by = GroupField(at(artwork, "acquisitionYear"), 0.1)
    assert key_text_of(by, key) == text
    (part,) = group_query((by,), (key,))["bool"]["filter"]
    assert part == {"range": {"r.acquisitionYear@v": bounds}}


@pytest.mark.parametrize(
    ("moment", "unit", "zone", "text", "end"),
    [
        ("9999-12-31T18:30:00", "day", "Asia/Kolkata", "10000-01-01", None),
        ("9999-12-31T18:00:00", "hour", "+06:00", "10000-01-01T00:00:00+06:00", "9999-12-31T19:00:00"),
        ("0001-01-01T00:00:00", "day", "+00:00", "0001-01-01", "0001-01-02T00:00:00"),
        ("0001-01-02T05:00:00", "day", "-05:00", "0001-01-02", "0001-01-03T05:00:00"),
    ],
)
def test_a_unit_may_begin_beyond_the_years_that_there_are(
    artwork: Collection, moment: str, unit: str, zone: str, text: str, end: str | None
) -> None:
    by = GroupField(at(artwork, "acquisitionYear"), calendar=unit, zone=zone)
    start = micros(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert key_text_of(by, start // 1_000) == text
    ends = None if end is None else micros(datetime.fromisoformat(end).replace(tzinfo=UTC))
    assert end_of_unit(start, unit, zone_named(zone)) == ends


def test_a_unit_may_begin_before_the_first_year(artwork: Collection) -> None:
    by = GroupField(at(artwork, "acquisitionYear"), calendar="month", zone="-05:00")
    first = micros(datetime(1, 1, 1, tzinfo=UTC))
    start = first - 31 * DAY + 5 * HOUR
    assert key_text_of(by, start // 1_000) == "0000-12-01"
    assert end_of_unit(start, "month", zone_named("-05:00")) == first + 5 * HOUR


def test_a_cursor_is_of_the_fields_and_intervals_that_it_came_from(artwork: Collection) -> None:
    year = at(artwork, "acquisitionYear")
    by_ten, by_five = (group_cursors("secret", "Artwork", (GroupField(year, width),)) for width in (10, 5))
    cursor = by_ten.write((1890.0,))
    assert by_ten.read(cursor) == (1890.0,)
    with pytest.raises(BadUserInput):
        by_five.read(cursor)
