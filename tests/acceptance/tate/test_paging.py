"""Pages follow one another without gap or repetition, forwards and backwards, to the very end."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.oracle.order import ordered
from tests.acceptance.tate.catalogue import Tate

FORWARDS = """
query Forwards($by: [ArtworkOrder!], $search: String, $filter: ArtworkFilter, $first: Int, $after: String) {
  artworks(orderBy: $by, search: $search, filter: $filter, first: $first, after: $after) {
    edges { cursor node { key } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
BACKWARDS = """
query Backwards($by: [ArtworkOrder!], $last: Int, $before: String) {
  artworks(orderBy: $by, last: $last, before: $before) {
    edges { cursor node { key } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ORDERS: list[list[dict[str, Any]]] = [
    [{"acquisitionYear": "DESC"}],
    [{"title": "ASC"}],
    [{"classification": "ASC"}, {"dateRange": {"endYear": "DESC"}}],
]


def page_size(tate: Tate) -> int:
    return min(1000, len(tate.artworks) // 15)


def forwards(tate: Tate, **variables: Any) -> Iterator[list[str]]:
    """The keys of each page."""
    after = None
    while True:
        page = tate.ask(FORWARDS, after=after, first=page_size(tate), **variables)["artworks"]
        yield [edge["node"]["key"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
        assert after == page["edges"][-1]["cursor"]


def backwards(tate: Tate, **variables: Any) -> Iterator[list[str]]:
    """The keys of each page, the last page first, each page in the order of the list."""
    before = None
    while True:
        page = tate.ask(BACKWARDS, before=before, last=page_size(tate), **variables)["artworks"]
        yield [edge["node"]["key"] for edge in page["edges"]]
        if not page["pageInfo"]["hasPreviousPage"]:
            return
        before = page["pageInfo"]["startCursor"]
        assert before == page["edges"][0]["cursor"]


def joined(pages: list[list[str]]) -> list[str]:
    return [key for page in pages for key in page]


@pytest.mark.parametrize("order_by", ORDERS, ids=str)
def test_pages_forwards_are_the_whole_list(tate: Tate, order_by: list[dict[str, Any]]) -> None:
    expected = tate.artworks.keys(ordered(tate.artworks.records, order_by, tate.artworks.shape))
    pages = list(forwards(tate, by=order_by))
    assert joined(pages) == expected
    assert len(pages) > 10


@pytest.mark.parametrize("order_by", ORDERS, ids=str)
def test_pages_backwards_are_the_whole_list(sample: Tate, order_by: list[dict[str, Any]]) -> None:
    expected = sample.artworks.keys(ordered(sample.artworks.records, order_by, sample.artworks.shape))
    pages = list(backwards(sample, by=order_by))
    assert joined(pages[::-1]) == expected
    assert len(pages) > 10


def test_pages_of_a_search_by_relevance_repeat_and_miss_nothing(tate: Tate) -> None:
    keys = joined(list(forwards(tate, search='"paper"')))
    (count,) = tate.ask('{ artworks(search: "\\"paper\\"", first: 0) { totalCount } }')["artworks"].values()
    assert len(keys) == len(set(keys)) == count > page_size(tate)


def test_back_from_a_page_leads_to_the_page_before(tate: Tate) -> None:
    order_by = [{"title": "DESC"}]
    first = tate.ask(FORWARDS, by=order_by, first=5)["artworks"]
    second = tate.ask(FORWARDS, by=order_by, first=5, after=first["pageInfo"]["endCursor"])["artworks"]
    back = tate.ask(BACKWARDS, by=order_by, last=5, before=second["pageInfo"]["startCursor"])["artworks"]
    assert back["edges"] == first["edges"]
    assert not first["pageInfo"]["hasPreviousPage"]
    assert second["pageInfo"]["hasPreviousPage"]


def test_a_cursor_stays_valid_with_another_filter(tate: Tate) -> None:
    order_by = [{"acno": "ASC"}]
    given = {"classification": {"eq": "painting"}}
    cursor = tate.ask(FORWARDS, by=order_by, first=10)["artworks"]["pageInfo"]["endCursor"]
    page = tate.ask(FORWARDS, by=order_by, first=10, after=cursor, filter=given)["artworks"]
    later = sorted(tate.artworks.by_key)[10:]
    paintings = [key for key in later if tate.artworks.by_key[key]["classification"] == "painting"]
    assert [edge["node"]["key"] for edge in page["edges"]] == paintings[:10]


def test_no_record_is_a_page_of_its_own(tate: Tate) -> None:
    page = tate.ask(FORWARDS, first=0)["artworks"]
    assert page["edges"] == []
    assert page["pageInfo"]["hasNextPage"]


def test_a_page_has_twenty_records_unless_told(tate: Tate) -> None:
    assert len(tate.ask("{ artworks { nodes { key } } }")["artworks"]["nodes"]) == 20


@pytest.mark.parametrize(
    "arguments",
    ["first: -1", "last: -1", "first: 1001", "first: 2, last: 2", 'after: "nonsense"', 'last: 2, before: ""'],
)
def test_arguments_without_meaning_are_refused(tate: Tate, arguments: str) -> None:
    assert tate.refusal(f"{{ artworks({arguments}) {{ nodes {{ key }} }} }}")["code"] == "BAD_USER_INPUT"


def test_a_cursor_of_another_order_is_refused(tate: Tate) -> None:
    cursor = tate.ask(FORWARDS, by=[{"title": "ASC"}], first=1)["artworks"]["pageInfo"]["endCursor"]
    refusal = tate.refusal(FORWARDS, by=[{"acquisitionYear": "ASC"}], first=1, after=cursor)
    assert refusal["code"] == "BAD_USER_INPUT"
