"""A page holds what lies between its cursors, and says what lies beyond, as Relay's specification puts it."""

import pytest

from indexing.pages import before_the_page, beyond, page_of
from indexing.search_body import search_body
from indexing.search_query import Hit, SearchQuery
from models.collections.loading import load_catalog
from models.collections.properties import Collection
from tests.acceptance.tate.catalogue import SAMPLE


@pytest.fixture(scope="module")
def artist() -> Collection:
    return load_catalog(SAMPLE)["Artist"]


def hits(*keys: int) -> list[Hit]:
    return [Hit(key, f"{key}", {}, (f"{key}", key)) for key in keys]


@pytest.mark.parametrize(
    ("size", "bound", "page", "more"),
    [
        (2, None, [1, 2], True),
        (3, None, [1, 2, 3], False),
        (0, None, [], True),
        (2, 4, [1, 2], True),
        (2, 3, [1, 2], False),
        (2, 2, [1], False),
        (2, 1, [], False),
        (0, 1, [], False),
    ],
)
def test_there_is_more_where_more_lies_between_the_cursors(
    artist: Collection, size: int, bound: int | None, page: list[int], more: bool
) -> None:
    before = None if bound is None else (f"{bound}", bound)
    found = page_of(SearchQuery(artist, size=size, before=before), hits(1, 2, 3)[: size + 1])
    assert ([hit.id for hit in found[0]], found[1]) == (page, more)


def test_a_page_backwards_is_in_the_order_of_the_list(artist: Collection) -> None:
    found, more = page_of(SearchQuery(artist, size=2, backward=True, after=("1", 1)), hits(4, 3, 2))
    assert ([hit.id for hit in found], more) == ([3, 4], True)


def test_whether_something_came_before_is_a_search_for_one_record_and_nothing_else(artist: Collection) -> None:
    query = SearchQuery(artist, text="x", size=20, after=("7", 7), fields=("fc",), total=True, highlights=True)
    behind = before_the_page(query)
    assert behind
    body = search_body(behind)
    assert (body["size"], body["search_after"], body["track_total_hits"]) == (1, ["7", 8], False)
    assert [next(iter(clause.values()))["order"] for clause in body["sort"]] == ["desc", "desc"]
    assert not {"aggs", "highlight", "track_scores"} & body.keys()


def test_a_page_at_an_end_of_the_list_asks_for_nothing_before_it(artist: Collection) -> None:
    assert before_the_page(SearchQuery(artist, size=20, before=("7", 7))) is None


@pytest.mark.parametrize(("place", "past"), [("Infinity", True), (2.5, True), (2.0, False), ("-Infinity", False)])
def test_a_missing_number_is_compared_with_a_number(place: float | str, past: bool) -> None:
    clause = {"r.size@v": {"order": "asc", "missing": "_last"}}
    assert beyond((place, 1), (2.0, 2), [clause, {"seq": {"order": "asc"}}]) is past
