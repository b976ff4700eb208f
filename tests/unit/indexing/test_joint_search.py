"""A search across collections is one request, in which each collection keeps its own rule, words and properties."""

from pathlib import Path
from typing import Any

import pytest

from indexing.joint_search import JointPart, JointQuery, joint_body, joint_found_of, joint_paths
from models.collections.conditions import ALWAYS, Compare
from models.collections.loading import Catalog, load_catalog

READING = Path(__file__).resolve().parents[2] / "acceptance" / "reading"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(READING)


def asked(catalog: Catalog, **given: Any) -> JointQuery:
    book, person = catalog["Book"], catalog["Person"]
    status = next(path for path in book.paths if path.name == "status")
    texts = tuple(path for path in book.text_paths if path.name != "notes")
    parts = (
        JointPart(book, Compare(status, "eq", "published"), texts, ("data.title",)),
        JointPart(person, ALWAYS, person.text_paths, ("data.name",)),
    )
    return JointQuery("light", parts, "x", **given)


def test_what_is_not_selected_is_not_asked_for(catalog: Catalog) -> None:
    body = joint_body(asked(catalog))
    assert body["size"] == 0
    assert body["track_total_hits"] is False
    assert not {"aggs", "highlight", "explain", "sort", "search_after"} & body.keys()
    assert joint_paths(asked(catalog)) == ()
    page = joint_paths(asked(catalog, size=5))
    assert [path for path in page if "_source" in path] == [
        "hits.hits._source.data.title",
        "hits.hits._source.data.name",
    ]


def test_each_collection_is_searched_in_its_own_index_under_its_own_rule(catalog: Catalog) -> None:
    book, person = joint_body(asked(catalog))["query"]["bool"]["should"]
    assert book["bool"]["filter"] == [
        {"prefix": {"_index": "x-book-"}},
        {"term": {"r.status@v": {"value": "published"}}},
    ]
    assert person["bool"]["filter"][0] == {"prefix": {"_index": "x-person-"}}
    assert "t.notes" not in str(book)
    assert "t.notes" in str(person)


def test_boosts_are_taken_against_the_greatest_of_the_collection(catalog: Catalog) -> None:
    book, person = joint_body(asked(catalog))["query"]["bool"]["should"]
    assert "t.title^1'" in str(book)
    assert "t.name^1'" in str(person)
    assert "t.notes^0.2'" in str(person)


def test_highlights_of_what_is_hidden_in_one_collection_are_left_out_there_alone(catalog: Catalog) -> None:
    def hit(index: str) -> dict[str, Any]:
        marked = {"t.notes": ["a <mark>light</mark>"]}
        return {"_index": index, "_source": {}, "sort": [1.0, "a", 1], "highlight": marked}

    answer = {"hits": {"hits": [hit("x-book-2024"), hit("x-person-2024")]}}
    found = joint_found_of(asked(catalog, size=5, highlights=True), answer)
    assert [(collection.name, dict(one.highlights)) for collection, one in found.hits] == [
        ("Book", {}),
        ("Person", {"notes": ["a <mark>light</mark>"]}),
    ]
