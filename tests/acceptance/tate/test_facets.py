"""Facets count what a plain count over the file counts."""

from typing import Any

import pytest

from tests.acceptance.oracle.facets import Facets, TermFacet
from tests.acceptance.oracle.shapes import Path
from tests.acceptance.tate.catalogue import Tate, at, within

TERMS = "{ buckets { value count selected } otherCount missingCount }"
INTERVALS = "{ buckets { from to count } min max missingCount }"

TERM_FACETS: list[Path] = [
    ("classification",),
    ("medium",),
    ("units",),
    ("inscription",),
    ("artistRooms",),
    ("catalogueGroup", "groupType"),
    ("catalogueGroup", "completeStatus"),
    ("contributors", "role"),
    ("contributors", "gender"),
    ("contributors", "fc"),
    ("contributors", "artist", "gender"),
    ("movements", "name"),
    ("movements", "era", "name"),
    ("subjects", "children", "name"),
    ("subjects", "children", "children", "name"),
]
HISTOGRAMS: list[tuple[Path, float]] = [
    (("acquisitionYear",), 10),
    (("dateRange", "endYear"), 50),
    (("contributors", "artist", "birthYear"), 50),
]
FILTERS: list[dict[str, Any]] = [
    {"classification": {"eq": "painting"}},
    {"acquisitionYear": {"gte": 1900, "lt": 1980}},
    {"contributors": {"some": {"gender": {"eq": "Female"}}}},
    {"classification": {"in": ["painting", "relief"]}, "contributors": {"some": {"role": {"eq": "artist"}}}},
    {"and": [{"classification": {"eq": "sculpture"}}, {"movements": {"some": {}}}]},
    {"not": {"classification": {"eq": "on paper, unique"}}},
    {"or": [{"classification": {"eq": "painting"}}, {"acquisitionYear": {"lt": 1900}}]},
]


def facet(tate: Tate, path: Path, selection: str, given: dict[str, Any]) -> Any:
    """The answer for one facet of the artworks: `selection` is what follows its name."""
    inner = within(("facets", *path[:-1]), f"facet: {path[-1]}{selection}")
    document = f"query F($filter: ArtworkFilter) {{ artworks(filter: $filter, first: 0) {{ {inner} }} }}"
    return at(tate.ask(document, filter=given), "artworks", "facets", *path[:-1], "facet")


def facets(tate: Tate, given: dict[str, Any]) -> Facets:
    """What the file has."""
    return Facets(tate.artworks.records, given, tate.artworks.shape)


def plain(expected: TermFacet) -> dict[str, Any]:
    buckets = [{"value": b.value, "count": b.count, "selected": b.selected} for b in expected.buckets]
    return {"buckets": buckets, "otherCount": expected.other_count, "missingCount": expected.missing_count}


@pytest.mark.parametrize("path", TERM_FACETS, ids=".".join)
def test_a_term_facet_counts_what_the_file_has(tate: Tate, path: Path) -> None:
    expected = facets(tate, {}).terms(path)
    assert expected.buckets, "the case shows nothing"
    assert facet(tate, path, TERMS, {}) == plain(expected)


@pytest.mark.parametrize("given", FILTERS, ids=str)
@pytest.mark.parametrize("path", TERM_FACETS, ids=".".join)
def test_a_term_facet_counts_within_a_filter(sample: Tate, path: Path, given: dict[str, Any]) -> None:
    assert facet(sample, path, TERMS, given) == plain(facets(sample, given).terms(path))


@pytest.mark.parametrize(("path", "interval"), HISTOGRAMS, ids=str)
def test_a_histogram_counts_what_the_file_has(tate: Tate, path: Path, interval: float) -> None:
    assert_histogram(tate, path, interval, {})


@pytest.mark.parametrize("given", FILTERS, ids=str)
@pytest.mark.parametrize(("path", "interval"), HISTOGRAMS, ids=str)
def test_a_histogram_counts_within_a_filter(sample: Tate, path: Path, interval: float, given: dict[str, Any]) -> None:
    assert_histogram(sample, path, interval, given)


def assert_histogram(tate: Tate, path: Path, interval: float, given: dict[str, Any]) -> None:
    expected = facets(tate, given).histogram(path, interval)
    answer = facet(tate, path, INTERVALS, given)
    assert {b["from"]: b["count"] for b in answer["buckets"] if b["count"]} == expected.counts
    assert (answer["min"], answer["max"]) == (expected.min, expected.max)
    assert answer["missingCount"] == expected.missing_count
    assert all(b["to"] - b["from"] == interval for b in answer["buckets"])


def test_ranges_count_what_the_file_has(tate: Tate) -> None:
    given, path = {"startLetter": {"in": ["B", "H"]}}, ("totalWorks",)
    ranges = tate.artists.shape.at(path).annotation["facet"]["ranges"]
    document = """query F($filter: ArtistFilter) { artists(filter: $filter, first: 0) {
        facets { totalWorks { buckets { from to count } } } } }"""
    buckets = at(tate.ask(document, filter=given), "artists", "facets", "totalWorks", "buckets")
    expected = Facets(tate.artists.records, given, tate.artists.shape).ranges(path, ranges)
    assert [bucket["count"] for bucket in buckets] == expected
    assert [(bucket["from"], bucket["to"]) for bucket in buckets] == [(None, 2), (2, 10), (10, 100), (100, None)]


@pytest.mark.parametrize("first", [0, 1, 3, 1000])
def test_a_facet_shows_as_many_values_as_asked_and_sums_up_the_others(tate: Tate, first: int) -> None:
    path = ("contributors", "fc")
    expected = facets(tate, {}).terms(path, first=first)
    assert facet(tate, path, f"(first: {first}) {TERMS}", {}) == plain(expected)


def test_selected_values_are_shown_however_rare(tate: Tate) -> None:
    given, path = {"classification": {"in": ["on paper, unique", "time-based media"]}}, ("classification",)
    answer = facet(tate, path, f"(first: 2) {TERMS}", given)
    expected = facets(tate, given).terms(path, first=2)
    assert {"value": "time-based media", "count": 1, "selected": True} in answer["buckets"]
    assert sorted(bucket["value"] for bucket in answer["buckets"]) == sorted(b.value for b in expected.buckets)
    assert answer["otherCount"] == expected.other_count


def test_what_is_selected_whatever_its_case_is_shown_too(tate: Tate) -> None:
    given = {"classification": {"in": ["ON PAPER, unique", "Time-Based Media"], "ignoreCase": True}}
    expected = facets(tate, given).terms(("classification",), first=1)
    assert {"time-based media", "on paper, unique"} <= {one.value for one in expected.buckets if one.selected}
    assert facet(tate, ("classification",), f"(first: 1) {TERMS}", given) == plain(expected)


def test_the_own_filter_counts_where_it_is_asked_for(tate: Tate) -> None:
    given, path = {"classification": {"in": ["painting", "relief"]}}, ("classification",)
    answer = facet(tate, path, f"(includeOwnFilter: true) {TERMS}", given)
    assert answer == plain(facets(tate, given).terms(path, include_own=True))
    assert {bucket["value"] for bucket in answer["buckets"]} == {"painting", "relief"}


def test_the_own_filter_of_a_link_is_that_on_the_linked_property(tate: Tate) -> None:
    path = ("contributors", "artist", "gender")
    given = {"contributors": {"some": {"artist": {"gender": {"eq": "Female"}}}}, "classification": {"eq": "painting"}}
    expected = facets(tate, given).terms(path)
    assert {bucket.value for bucket in expected.buckets} == {"Female", "Male"}
    assert facet(tate, path, TERMS, given) == plain(expected)


@pytest.mark.parametrize("path", [("classification",), ("contributors", "role"), ("contributors", "fc")], ids=".".join)
def test_a_facet_can_be_ordered_by_value(tate: Tate, path: Path) -> None:
    assert facet(tate, path, f"(order: VALUE) {TERMS}", {}) == plain(facets(tate, {}).terms(path, by_value=True))


@pytest.mark.parametrize("text", ["joao", "CEZANNE", "cézanne", "turner", "(", "."])
def test_a_facet_is_searched_whatever_case_and_accents(tate: Tate, text: str) -> None:
    path = ("contributors", "fc")
    expected = facets(tate, {}).terms(path, contains=text).buckets
    assert expected, "the case shows nothing"
    answer = facet(tate, path, f'(contains: "{text}") {{ buckets {{ value count }} }}', {})
    assert answer["buckets"] == [{"value": bucket.value, "count": bucket.count} for bucket in expected]


def test_a_bucket_has_a_label(tate: Tate) -> None:
    answer = facet(tate, ("classification",), "{ buckets { value label } }", {})
    assert all(bucket["label"] for bucket in answer["buckets"])


def test_many_facets_are_answered_at_once_each_without_its_own_filter(tate: Tate) -> None:
    given = {"classification": {"eq": "painting"}, "contributors": {"some": {"gender": {"eq": "Female"}}}}
    answer = tate.ask(
        f"""query Many($filter: ArtworkFilter) {{ artworks(filter: $filter, first: 0) {{
            totalCount
            facets {{ classification {TERMS} medium {TERMS} contributors {{ role {TERMS} gender {TERMS} }} }}
        }} }}""",
        filter=given,
    )["artworks"]
    assert answer["totalCount"] == len(tate.artworks.meeting(given))
    for path in (("classification",), ("medium",), ("contributors", "role"), ("contributors", "gender")):
        assert at(answer["facets"], *path) == plain(facets(tate, given).terms(path))


def test_facets_that_are_asked_for_twice_keep_their_arguments_apart(sample: Tate) -> None:
    counted = "classification(first: %d) { buckets { value count } }"
    asked = sample.ask(f"{{ artworks {{ one: facets {{ {counted % 1} }} three: facets {{ {counted % 3} }} }} }}")
    one, three = (asked["artworks"][name]["classification"]["buckets"] for name in ("one", "three"))
    assert (len(one), len(three)) == (1, 3)
    assert three[:1] == one
