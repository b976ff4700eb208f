"""Groups have the records that plain Python puts into them, on any page."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.acceptance.oracle.groups import Bucket, groups, key_text
from tests.acceptance.oracle.shapes import Path
from tests.acceptance.oracle.stats import Stats
from tests.acceptance.tate.catalogue import Tate

BY: list[list[Path]] = [
    [("classification",)],
    [("acno",)],
    [("title",)],
    [("artistRooms",)],
    [("catalogueGroup", "completeStatus")],
    [("contributors", "role")],
    [("contributors", "fc")],
    [("contributors", "birthYear")],
    [("movements", "era", "name")],
    [("subjects", "children", "name")],
    [("subjects", "children", "children", "name")],
    [("contributors", "artist", "gender"), ("contributors", "role")],
    [("contributors", "role"), ("contributors", "birthYear"), ("contributors", "gender")],
    [("movements", "name"), ("movements", "era", "name")],
    [("classification",), ("contributors", "role")],
    [("contributors", "gender"), ("catalogueGroup", "groupType"), ("movements", "name")],
    [("units",), ("subjects", "children", "name")],
    [("pageNumber",), ("classification",), ("units",)],
]
FILTERS: list[dict[str, Any]] = [
    {},
    {"contributors": {"some": {"gender": {"eq": "Female"}}}},
    {"acquisitionYear": {"gte": 1900, "lt": 1980}, "not": {"classification": {"eq": "painting"}}},
]


def named(path: Path) -> str:
    return "_".join(path)


def pages(
    tate: Tate, by: list[Path], given: dict[str, Any], first: int, intervals: Any = None, parts: str = ""
) -> Iterator[list[dict[str, Any]]]:
    """The groups, page by page."""
    document = f"""query Groups($by: [ArtworkGroupField!]!, $filter: ArtworkFilter, $first: Int, $after: String,
            $intervals: [ArtworkGroupInterval!]) {{
        artworks(filter: $filter) {{ groupBy(by: $by, first: $first, after: $after, intervals: $intervals) {{
            nodes {{ key count {parts} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
    after = None
    while True:
        variables = {"by": [named(path) for path in by], "filter": given, "first": first, "intervals": intervals}
        page = tate.ask(document, **variables, after=after)["artworks"]["groupBy"]
        yield page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return


def counted(
    tate: Tate, by: list[Path], given: dict[str, Any], buckets: Mapping[Path, Bucket] | None = None
) -> list[dict[str, Any]]:
    """What the file has."""
    found = groups(tate.artworks.meeting(given), by, tate.artworks.shape, buckets)
    return [{"key": key_text(key), "count": len(records)} for key, records in found.items()]


@pytest.mark.parametrize("given", FILTERS, ids=str)
@pytest.mark.parametrize("by", BY, ids=lambda by: "+".join(map(named, by)))
def test_groups_have_the_records_that_the_file_has_in_them(tate: Tate, by: list[Path], given: dict[str, Any]) -> None:
    expected = counted(tate, by, given)
    assert len(expected) > 1 or given, "the case shows nothing"
    assert [one for page in pages(tate, by, given, 1000) for one in page] == expected


@pytest.mark.parametrize("by", [[("contributors", "fc")], [("classification",), ("contributors", "role")]], ids=str)
def test_small_pages_give_every_group_once(sample: Tate, by: list[Path]) -> None:
    expected = counted(sample, by, {})
    found = list(pages(sample, by, {}, 7))
    assert [one for page in found for one in page] == expected
    assert all(len(page) == 7 for page in found[:-1])


def test_the_group_without_values_has_a_page_of_its_own_where_the_others_fill_theirs(sample: Tate) -> None:
    by: list[Path] = [("movements", "name")]
    expected = counted(sample, by, {})
    assert expected[-1]["key"] == [None]
    found = list(pages(sample, by, {}, len(expected) - 1))
    assert [len(page) for page in found] == [len(expected) - 1, 1]
    assert [one for page in found for one in page] == expected


@pytest.mark.parametrize(
    "path", [("acquisitionYear",), ("dateRange", "endYear"), ("contributors", "artist", "birthYear")]
)
def test_a_facet_of_intervals_is_grouped_by_them(tate: Tate, path: Path) -> None:
    width = {"acquisitionYear": 10, "endYear": 50, "birthYear": 50}[path[-1]]
    declared = path != ("contributors", "artist", "birthYear") or None
    intervals = None if declared else [{"field": named(path), "interval": width}]
    found = [one for page in pages(tate, [path], {}, 1000, intervals) for one in page]
    assert found == counted(tate, [path], {}, {path: lambda year: math.floor(year / width) * width})


def test_naming_a_property_without_an_interval_makes_each_value_a_group(sample: Tate) -> None:
    by: list[Path] = [("acquisitionYear",)]
    found = [one for page in pages(sample, by, {}, 1000, [{"field": "acquisitionYear"}]) for one in page]
    assert found == counted(sample, by, {})


@pytest.mark.parametrize(
    ("by", "path"),
    [
        ([("classification",)], ("acquisitionYear",)),
        ([("contributors", "role")], ("contributors", "birthYear")),
        ([("contributors", "role"), ("contributors", "gender")], ("subjectCount",)),
        ([("subjects", "children", "name")], ("contributors", "artist", "birthYear")),
        ([("classification",), ("contributors", "role")], ("acquisitionYear",)),
    ],
    ids=str,
)
def test_the_stats_of_a_group_are_those_of_its_records(tate: Tate, by: list[Path], path: Path) -> None:
    parts = f"stats {{ {' { '.join(path)} {{ count min max sum distinct }} {'}' * len(path)}"
    found = groups(tate.artworks.records, by, tate.artworks.shape)
    answers = [one for page in pages(tate, by, {}, 100, parts=parts) for one in page]
    for answer, records in zip(answers, found.values(), strict=True):
        expected = Stats.of(records, path, tate.artworks.shape)
        got = answer["stats"]
        for step in path:
            got = got[step]
        assert got == {name: getattr(expected, name) for name in ("count", "min", "max", "sum", "distinct")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("by: []", "at least one"),
        ("by: [units, units]", "once"),
        ("by: [units], first: 1001", "1,000"),
        ("by: [units], first: -1", "0"),
        ('by: [units], after: "none of ours"', "cursor"),
        ("by: [contributors_role, contributors_gender, units]", "one element"),
        ("by: [subjects_name, contributors_birthYear]", "facet"),
        ("by: [units], intervals: [{field: medium}]", "not in by"),
        ("by: [units], intervals: [{field: units, interval: 5}]", "no number"),
        ("by: [acquisitionYear], intervals: [{field: acquisitionYear, interval: 0}]", "above 0"),
        ("by: [acquisitionYear], intervals: [{field: acquisitionYear, calendarInterval: YEAR}]", "no day"),
        ('by: [acquisitionYear], intervals: [{field: acquisitionYear, timeZone: "UTC"}]', "timeZone"),
    ],
)
def test_what_means_nothing_is_refused(sample: Tate, arguments: str, said: str) -> None:
    refusal = sample.refusal(f"{{ artworks {{ groupBy({arguments}) {{ nodes {{ count }} }} }} }}")
    assert refusal["code"] == "BAD_USER_INPUT"
    assert said in refusal["message"]


def test_a_cursor_belongs_to_what_is_grouped_by(sample: Tate) -> None:
    page = "{ artworks { groupBy(by: [%s], first: 1%s) { nodes { count } pageInfo { endCursor } } } }"
    cursor = sample.ask(page % ("units", ""))["artworks"]["groupBy"]["pageInfo"]["endCursor"]
    assert sample.refusal(page % ("medium", f', after: "{cursor}"'))["code"] == "BAD_USER_INPUT"
