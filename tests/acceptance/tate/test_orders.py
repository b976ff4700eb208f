"""Records come in the order that a plain sort over the file gives."""

from typing import Any

import pytest

from tests.acceptance.oracle.order import ordered, path_of
from tests.acceptance.oracle.shapes import values_at
from tests.acceptance.tate.catalogue import Records, Tate

ENDS = 150

Order = list[dict[str, Any]]

ORDERS: list[Order] = [
    [{"acquisitionYear": "ASC"}],
    [{"title": "ASC"}],
    [{"title": "DESC"}],
    [{"dateRange": {"endYear": "DESC"}}],
    [{"contributors": {"birthYear": "DESC"}}],
    [{"classification": "ASC"}, {"acquisitionYear": "DESC"}],
]
MORE_ORDERS: list[Order] = [
    [{"acquisitionYear": "DESC"}],
    [{"foreignTitle": "ASC"}],
    [{"medium": "DESC"}],
    [{"classification": "DESC"}],
    [{"artworkId": "ASC"}],
    [{"acno": "DESC"}],
    [{"allArtists": "ASC"}],
    [{"artistRooms": "ASC"}],
    [{"dateRange": {"endYear": "ASC"}}],
    [{"contributors": {"birthYear": "ASC"}}],
    [{"contributors": {"fc": "ASC"}}],
    [{"movements": {"name": "DESC"}}],
    [{"units": "DESC"}, {"contributors": {"displayOrder": "DESC"}}, {"title": "ASC"}],
]

ENDS_QUERY = """
query Ends($orderBy: [%sOrder!], $ends: Int) {
  start: %s(orderBy: $orderBy, first: $ends) { nodes { key } }
  end: %s(orderBy: $orderBy, last: $ends) { nodes { key } }
}
"""


def assert_ends(tate: Tate, records: Records, order_by: Order | None, expected: list[str]) -> None:
    document = ENDS_QUERY % (records.shape.collection["name"], records.plural, records.plural)
    answer = tate.ask(document, ends=ENDS, **({} if order_by is None else {"orderBy": order_by}))
    assert [node["key"] for node in answer["start"]["nodes"]] == expected[:ENDS]
    assert [node["key"] for node in answer["end"]["nodes"]] == expected[-ENDS:]


@pytest.mark.parametrize("order_by", ORDERS, ids=str)
def test_both_ends_of_an_order_are_those_of_the_file(tate: Tate, order_by: Order) -> None:
    expected = ordered(tate.artworks.records, order_by, tate.artworks.shape)
    assert_ends(tate, tate.artworks, order_by, tate.artworks.keys(expected))


@pytest.mark.parametrize("order_by", MORE_ORDERS, ids=str)
def test_properties_of_every_kind_can_be_ordered_by(sample: Tate, order_by: Order) -> None:
    expected = ordered(sample.artworks.records, order_by, sample.artworks.shape)
    assert_ends(sample, sample.artworks, order_by, sample.artworks.keys(expected))


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("name", ["acquisitionYear", "classification"])
def test_nulls_come_last_in_both_directions(tate: Tate, name: str, direction: str) -> None:
    document = """query Last($by: [ArtworkOrder!]) {
        artworks(orderBy: $by, last: 3) { nodes { acquisitionYear classification } } }"""
    answer = tate.ask(document, by=[{name: direction}])
    assert [node[name] for node in answer["artworks"]["nodes"]] == [None] * 3


def test_without_an_order_the_default_order_of_the_collection_holds(tate: Tate) -> None:
    for records in (tate.artworks, tate.artists):
        order_by = records.shape.collection["defaultOrder"]
        expected = ordered(records.records, order_by, records.shape)
        assert_ends(tate, records, None, records.keys(expected))


def test_an_order_holds_within_a_filter(tate: Tate) -> None:
    given, order_by = {"classification": {"eq": "sculpture"}}, [{"contributors": {"birthYear": "ASC"}}]
    document = """query Found($filter: ArtworkFilter, $by: [ArtworkOrder!]) {
        artworks(filter: $filter, orderBy: $by, first: 1000) { nodes { key contributors { birthYear } } } }"""
    nodes = tate.ask(document, filter=given, by=order_by)["artworks"]["nodes"]
    expected = ordered(tate.artworks.meeting(given), order_by, tate.artworks.shape)[:1000]
    assert [node["key"] for node in nodes] == tate.artworks.keys(expected)
    path, *_ = path_of(order_by[0])
    years = [values_at(record, path, tate.artworks.shape) for record in expected]
    assert [[c["birthYear"] for c in node["contributors"] if c["birthYear"] is not None] for node in nodes] == years


def test_an_entry_with_two_properties_is_refused(tate: Tate) -> None:
    document = "{ artworks(orderBy: [{title: ASC, acquisitionYear: ASC}]) { nodes { key } } }"
    assert tate.refusal(document)["code"] == "GRAPHQL_VALIDATION_FAILED"
