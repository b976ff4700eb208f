"""The request of a search asks for what was selected, and for nothing else."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from errors import CostExceeded
from indexing.conditions import query_of
from indexing.search_body import encoded, found_of, search_bodies, search_body, search_paths
from indexing.search_query import FacetQuery, OrderKey, SearchQuery
from models.collections.conditions import both
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.collections.properties import Path as PropertyPath

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "tate"


@pytest.fixture(scope="module")
def artwork() -> Collection:
    return load_catalog(EXAMPLE)["Artwork"]


def test_a_count_asks_for_no_record(artwork: Collection) -> None:
    body = search_body(SearchQuery(artwork, total=True))
    assert body["size"] == 0
    assert body["track_total_hits"] is True
    assert not {"sort", "aggs", "highlight", "post_filter"} & body.keys()


def test_a_page_without_a_count_counts_nothing(artwork: Collection) -> None:
    body = search_body(SearchQuery(artwork, size=20, fields=("title",)))
    assert body["size"] == 21
    assert body["track_total_hits"] is False
    assert body["_source"] is True
    assert search_paths(SearchQuery(artwork, size=20, fields=("data.title",))) == (
        "hits.hits.sort",
        "hits.hits._source.data.title",
    )
    assert not {"aggs", "highlight", "track_scores", "search_after"} & body.keys()


def test_the_parents_of_one_field_ask_for_the_same_each_within_its_own(artwork: Collection) -> None:
    path = next(path for path in artwork.paths if path.name == "acquisitionYear")
    scopes = [condition_of(artwork.shape, {"acquisitionYear": {"eq": year}}, Clock.current()) for year in (1900, 1901)]
    page = SearchQuery(artwork, text="horse", order=(OrderKey(path),), size=5, fields=("title",), total=True)
    counted = replace(page, facets=(FacetQuery("years", path),), total=False)
    readable = replace(page, scope=condition_of(artwork.shape, {"medium": {"eq": "oil"}}, Clock.current()))
    for query in (page, counted, readable):
        bodies = [orjson.loads(body) for body in search_bodies(query, scopes, "3s")]
        within = [replace(query, scope=both(query.scope, scope)) for scope in scopes]
        assert bodies == [{**search_body(one), "timeout": "3s"} for one in within]


def test_highlights_are_asked_for_only_when_selected(artwork: Collection) -> None:
    assert "highlight" not in search_body(SearchQuery(artwork, text="horse", size=1))
    assert "highlight" in search_body(SearchQuery(artwork, text="horse", size=1, highlights=True))


def test_the_order_ends_with_the_key_so_that_it_is_total(artwork: Collection) -> None:
    path = next(path for path in artwork.paths if path.name == "acquisitionYear")
    sort = search_body(SearchQuery(artwork, size=1, order=(OrderKey(path, descending=True),)))["sort"]
    assert [next(iter(clause)) for clause in sort] == ["r.acquisitionYear@v", "key", "seq"]
    assert sort[0]["r.acquisitionYear@v"]["missing"] == "_last"


def test_only_a_facet_with_a_filter_of_its_own_makes_the_filter_wait(artwork: Collection) -> None:
    condition = condition_of(artwork.shape, {"classification": {"eq": "sculpture"}}, Clock.current())
    paths = {path.name: path for path in artwork.paths}
    other = search_body(SearchQuery(artwork, condition=condition, facets=(FacetQuery("u", paths["units"]),)))
    own = search_body(SearchQuery(artwork, condition=condition, facets=(FacetQuery("c", paths["classification"]),)))
    assert "post_filter" not in other
    assert own["post_filter"] == {"term": {"r.classification@v": {"value": "sculpture"}}}
    assert list(own["aggs"]) == ["c@buckets", "c@selected"], "what it counts by needs no filter"


def test_a_facet_is_read_whether_a_filter_holds_its_parts_together_or_not(artwork: Collection) -> None:
    paths = {path.name: path for path in artwork.paths}
    facet = FacetQuery("c", paths["classification"], missing=True)
    parts = {"buckets": {"buckets": [{"key": "sculpture", "doc_count": 2}], "sum_other_doc_count": 0}}
    parts["missing"] = {"doc_count": 7}
    apart = {f"c@{name}": part for name, part in parts.items()} | {"cc@missing": {"doc_count": 1}}
    for aggregations in (apart, {"c": {"doc_count": 9, **parts}}):
        answer = {"hits": {"hits": []}, "aggregations": aggregations}
        found = found_of(SearchQuery(artwork, facets=(facet,)), answer).facets["c"]
        assert ([bucket.records for bucket in found.buckets], found.missing) == ([2], 7)


def test_a_filter_that_is_nested_too_deeply_is_told_to_cost_too_much() -> None:
    body: dict[str, object] = {"match_all": {}}
    for _ in range(300):
        body = {"bool": {"must_not": body}}
    with pytest.raises(CostExceeded):
        encoded(body)


@pytest.fixture
def thing(tmp_path: Path) -> Collection:
    """A collection with a facet of large numbers, one of a list, and a place."""
    (tmp_path / "thing.yaml").write_text("""
name: Thing
schema:
  type: object
  properties:
    big: {type: integer, format: int64, x-search: {facet: true}}
    tags: {type: array, items: {type: string, x-search: {facet: true}}}
    at: {type: object, format: geo-point}
""")
    return load_catalog(tmp_path)["Thing"]


def path_of(collection: Collection, name: str) -> PropertyPath:
    return next(path for path in collection.paths if path.name == name)


@pytest.mark.parametrize("operator", [{"eq": 1}, {"ne": 1}, {"in": [0, 1]}, {"gte": 1}])
def test_a_facet_leaves_out_what_is_said_of_the_length_of_its_list(thing: Collection, operator: dict[str, int]) -> None:
    condition = condition_of(thing.shape, {"tags": {"count": operator}}, Clock.current())
    facet = FacetQuery("tags", path_of(thing, "tags"))
    assert "post_filter" in search_body(SearchQuery(thing, condition=condition, facets=(facet,)))


def test_numbers_beyond_those_of_the_index_are_no_values_of_a_facet(thing: Collection) -> None:
    condition = condition_of(thing.shape, {"big": {"in": [2**64, 5]}}, Clock.current())
    facet = FacetQuery("big", path_of(thing, "big"))
    body = search_body(SearchQuery(thing, condition=condition, facets=(facet,)))
    assert body["aggs"]["big@selected"]["terms"]["include"] == [5]
    assert encoded(body["aggs"])


def test_a_place_without_an_extent_is_asked_for_with_the_least_there_is(thing: Collection) -> None:
    near = {"at": {"near": {"lat": 1.0, "lon": 2.0, "withinMeters": 0}}}
    assert query_of(condition_of(thing.shape, near, Clock.current()))["geo_distance"]["distance"] == "0.001m"
