"""The request of a search asks for what was selected, and for nothing else."""

from pathlib import Path

import pytest

from indexing.search_body import search_body
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
    assert own["aggs"]["c"]["filter"] == {"match_all": {}}
