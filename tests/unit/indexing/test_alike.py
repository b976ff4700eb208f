"""Where many records are alike in the first keys of the order, a page is looked for among these first."""

from dataclasses import replace
from typing import Any

import pytest

from indexing.alike import MANY, Neighbours, among_alike, beside_the_page, placed
from indexing.ordering import Cursors
from indexing.search_body import search_body
from indexing.search_query import RELEVANCE, FacetQuery, Found, Hit, OrderKey, SearchQuery
from models.collections.loading import load_catalog
from models.collections.properties import Collection

ENDS = -(2**63), 2**63 - 1


@pytest.fixture(scope="module")
def thing(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder = tmp_path_factory.mktemp("things")
    (folder / "thing.yaml").write_text("""
name: Thing
schema:
  type: object
  properties:
    kind: {type: string}
    year: {type: integer}
    size: {type: number}
    shown: {type: boolean}
    title: {type: string, x-search: {text: standard}}
    at: {type: object, format: geo-point}
    notes: {type: array, items: {type: object, properties: {rank: {type: integer}}}}
""")
    return load_catalog(folder)["Thing"]


def key(collection: Collection, name: str, *, descending: bool = False) -> OrderKey:
    path = next(path for path in collection.paths if path.name == name)
    return OrderKey(path, descending, (1.0, 2.0) if name == "at" else None)


def ordered(collection: Collection, *names: str) -> SearchQuery:
    order = tuple(RELEVANCE if name == "relevance" else key(collection, name) for name in names)
    return SearchQuery(collection, order=order, size=20)


def test_the_next_key_is_the_first_among_those_that_are_alike(thing: Collection) -> None:
    query = replace(ordered(thing, "kind", "year"), after=("print", 1856, "D1", 7), alike=(9 * MANY, MANY))
    among = among_alike(query)
    assert among
    body = search_body(among)
    assert [next(iter(clause)) for clause in body["sort"]] == ["key", "seq"]
    assert body["search_after"] == ["D1", 7]
    assert body["query"]["constant_score"]["filter"]["bool"]["filter"] == [
        {"term": {"r.kind@v": {"value": "print"}}},
        {"term": {"r.year@v": {"value": 1856}}},
    ]
    assert body["size"] == 21


def test_only_keys_in_which_many_are_alike_are_taken_from_the_order(thing: Collection) -> None:
    query = replace(ordered(thing, "kind", "year"), before=("print", 1856, "D1", 7), backward=True)
    among = among_alike(replace(query, alike=(MANY, MANY - 1)))
    assert among
    assert search_body(among)["search_after"] == [1856, "D1", 7]
    assert [clause for part in search_body(among)["sort"] for clause in part] == ["r.year@v", "key", "seq"]
    assert among_alike(replace(query, alike=(MANY - 1,))) is None


def test_between_two_cursors_and_where_scores_are_explained_it_is_looked_everywhere(thing: Collection) -> None:
    query = replace(ordered(thing, "kind"), after=("print", "D1", 7), alike=(MANY,))
    assert among_alike(query)
    assert among_alike(replace(query, before=("print", "D9", 9))) is None
    assert among_alike(replace(query, explain=True)) is None


def test_what_tells_of_all_records_is_asked_beside_the_page(thing: Collection) -> None:
    facet = FacetQuery("kinds", key(thing, "kind").path or thing.paths[0])
    query = replace(ordered(thing, "kind"), after=("print", "D1", 7), alike=(MANY,), total=True, facets=(facet,))
    among, beside = among_alike(query), beside_the_page(query)
    assert among
    assert beside
    assert search_body(among)["track_total_hits"] is False
    assert "aggs" not in search_body(among)
    assert (search_body(beside)["track_total_hits"], search_body(beside)["size"]) == (True, 0)
    assert "aggs" in search_body(beside)
    assert beside_the_page(replace(query, total=False, facets=())) is None
    found = placed(query, Found((Hit(8, "D2", {}, ("D2", 8)),), more=True), Found((), more=False, total=99))
    assert ([hit.sort for hit in found.hits], found.more, found.total) == ([("print", "D2", 8)], True, 99)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("kind", "", {"term": {"r.kind@v": {"value": ""}}}),
        ("kind", "Infinity", {"term": {"r.kind@v": {"value": "Infinity"}}}),
        ("kind", None, "absent"),
        ("year", 2**53 + 1, {"term": {"r.year@v": {"value": 2**53 + 1}}}),
        ("year", ENDS[0], {"term": {"r.year@v": {"value": ENDS[0]}}}),
        ("year", ENDS[1], "either"),
        ("size", 0.1, {"term": {"r.size@v": {"value": 0.1}}}),
        ("size", float(ENDS[0]), {"term": {"r.size@v": {"value": float(ENDS[0])}}}),
        ("size", "Infinity", "absent"),
        ("size", "-Infinity", "absent"),
        ("shown", 0, {"term": {"r.shown@v": {"value": False}}}),
        ("shown", 1, {"term": {"r.shown@v": {"value": True}}}),
        ("shown", ENDS[1], "absent"),
        ("title", "ete\0Été", {"term": {"r.title@v": {"value": "Été"}}}),
        ("title", "\0", {"term": {"r.title@v": {"value": ""}}}),
        ("title", None, "absent"),
    ],
)
def test_who_is_alike_is_told_by_the_value_of_the_place(thing: Collection, name: str, value: Any, found: Any) -> None:
    among = among_alike(replace(ordered(thing, name), after=(value, "D1", 7), alike=(MANY,)))
    assert among
    asked = search_body(among)["query"]["constant_score"]["filter"]
    absent = {"bool": {"must_not": [{"exists": {"field": f"r.{name}@v"}}]}}
    either = {"bool": {"should": [{"term": {f"r.{name}@v": {"value": value}}}, absent], "minimum_should_match": 1}}
    assert asked == {"absent": absent, "either": either}.get(found if isinstance(found, str) else "", found)


@pytest.mark.parametrize("end", ENDS)
def test_the_number_that_comes_last_is_alike_to_none(thing: Collection, end: int) -> None:
    order = (key(thing, "year", descending=end < 0),)
    among = among_alike(replace(ordered(thing, "year"), order=order, after=(end, "D1", 7), alike=(MANY,)))
    other = among_alike(replace(ordered(thing, "year"), order=order, after=(-1 - end, "D1", 7), alike=(MANY,)))
    assert among
    assert other
    assert "should" in str(search_body(among))
    assert "should" not in str(search_body(other))


def test_a_text_that_is_kept_by_its_beginning_alone_does_not_tell_who_is_alike(thing: Collection) -> None:
    place = ("a" * 20_000 + "\0" + "a" * 10_000, "D1", 7)
    assert among_alike(replace(ordered(thing, "title"), after=place, alike=(MANY,))) is None


@pytest.mark.parametrize("name", ["relevance", "at", "notes.rank"])
def test_whom_no_value_tells_apart_nobody_counts_as_alike(thing: Collection, name: str) -> None:
    hits = [Hit(number, "x", {}, (1.0, 2.0, "x", number)) for number in range(3)]
    assert Neighbours(ordered(thing, name, "year"), hits).alike(hits[0].sort) == ()


def test_a_page_counts_who_is_alike_on_it_and_before_it(thing: Collection) -> None:
    places = [("a", 1, "D1", 1), ("b", 1, "D2", 2), ("b", 2, "D3", 3), ("b", 2, "D4", 4)]
    query = replace(ordered(thing, "kind", "year"), after=("a", 1, "D0", 0), alike=(70, 5))
    neighbours = Neighbours(query, [Hit(place[-1], place[-2], {}, place) for place in places])
    assert [neighbours.alike(place) for place in places] == [(71, 6), (3,), (3, 2), (3, 2)]


def test_a_cursor_keeps_how_many_are_alike(thing: Collection) -> None:
    cursors = Cursors("secret", "Thing", (key(thing, "kind"),))
    place = ("print", "D1", 7)
    assert cursors.read_alike(cursors.write(place, (40, 3))) == (place, (40, 3))
    assert cursors.read_alike(cursors.write(place)) == (place, ())
    assert cursors.read(cursors.write(place, (40,))) == place
