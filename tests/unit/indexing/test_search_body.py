"""The request of a search asks for what was selected, and for nothing else."""

from pathlib import Path

import pytest

from indexing.search_body import found_of, search_body
from indexing.search_query import FacetQuery, OrderKey, SearchQuery
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Collection

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
    assert body["_source"] == ["key", "revision", "createdAt", "updatedAt", "data.title"]
    assert not {"aggs", "highlight", "track_scores", "search_after"} & body.keys()


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
        assert ([bucket.count for bucket in found.buckets], found.missing) == ([2], 7)
