"""Stats come to what plain Python makes of the values in the file."""

from typing import Any

import pytest

from tests.acceptance.oracle.shapes import Path
from tests.acceptance.oracle.stats import Stats
from tests.acceptance.tate.catalogue import Tate, at, within

NUMBERS: list[Path] = [
    ("acquisitionYear",),
    ("artworkId",),
    ("subjectCount",),
    ("dateRange", "endYear"),
    ("contributors", "birthYear"),
    ("contributors", "displayOrder"),
    ("contributors", "artist", "birthYear"),
]
STRINGS: list[Path] = [
    ("acno",),
    ("title",),
    ("classification",),
    ("medium",),
    ("creditLine",),
    ("allArtists",),
    ("contributors", "role"),
    ("contributors", "fc"),
    ("contributors", "artist", "fc"),
    ("movements", "era", "name"),
    ("subjects", "children", "name"),
    ("subjects", "children", "children", "children", "name"),
]
OTHERS: list[Path] = [("artistRooms",), ("catalogueGroup", "completeStatus")]
FILTERS: list[dict[str, Any]] = [
    {},
    {"classification": {"eq": "painting"}, "acquisitionYear": {"gte": 1900}},
    {"contributors": {"some": {"gender": {"eq": "Female"}}}},
    {"acno": {"eq": "there is none"}},
]


def stats(tate: Tate, path: Path, parts: str, given: dict[str, Any]) -> Any:
    document = f"""query Stats($filter: ArtworkFilter) {{
        artworks(filter: $filter) {{ {within(("stats", *path), parts)} }} }}"""
    return at(tate.ask(document, filter=given), "artworks", "stats", *path)


def expected(tate: Tate, path: Path, given: dict[str, Any]) -> Stats:
    return Stats.of(tate.artworks.meeting(given), path, tate.artworks.shape)


@pytest.mark.parametrize("given", FILTERS, ids=str)
@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_numbers_come_to_what_the_file_has(tate: Tate, path: Path, given: dict[str, Any]) -> None:
    answer, file = stats(tate, path, "count min max avg sum distinct", given), expected(tate, path, given)
    mean = answer.pop("avg")
    assert answer == {name: getattr(file, name) for name in ("count", "min", "max", "sum", "distinct")}
    assert mean == (None if file.avg is None else pytest.approx(file.avg, rel=1e-12))


@pytest.mark.parametrize("given", FILTERS, ids=str)
@pytest.mark.parametrize("path", STRINGS, ids=".".join)
def test_strings_come_to_what_the_file_has(tate: Tate, path: Path, given: dict[str, Any]) -> None:
    file = expected(tate, path, given)
    parts = ("count", "min", "max", "distinct")
    assert stats(tate, path, " ".join(parts), given) == {name: getattr(file, name) for name in parts}


@pytest.mark.parametrize("path", OTHERS, ids=".".join)
def test_other_values_are_counted(tate: Tate, path: Path) -> None:
    file = expected(tate, path, {})
    assert stats(tate, path, "count distinct", {}) == {"count": file.count, "distinct": file.distinct}


def test_stats_keep_to_the_whole_filter_beside_facets_that_ignore_their_own(sample: Tate) -> None:
    given = {"classification": {"eq": "painting"}}
    answer = sample.ask(
        """query Both($filter: ArtworkFilter) { artworks(filter: $filter) {
            facets { classification { buckets { value } } } stats { title { count } } } }""",
        filter=given,
    )["artworks"]
    assert len(answer["facets"]["classification"]["buckets"]) > 1
    assert answer["stats"]["title"]["count"] == len(sample.artworks.meeting(given))


def test_the_works_of_an_artist_have_stats_of_their_own(sample: Tate) -> None:
    answer = sample.ask('{ artist(key: "558") { artworks { stats { acquisitionYear { count max } } } } }')
    file = expected(sample, ("acquisitionYear",), {"contributors": {"some": {"id": {"eq": 558}}}})
    assert at(answer, "artist", "artworks", "stats", "acquisitionYear") == {"count": file.count, "max": file.max}
