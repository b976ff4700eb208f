"""The request for suggestions counts values in what the viewer may read, and in nothing else."""

from pathlib import Path

import pytest

from indexing.documents import DocumentBuilder, Envelope
from indexing.mappings import mapping_of
from indexing.suggesting import SuggestQuery, suggest_body, suggested_of
from models.collections.conditions import ALWAYS, Compare
from models.collections.folding import SEPARATOR
from models.collections.loading import load_catalog
from models.collections.properties import Collection

READING = Path(__file__).resolve().parents[2] / "acceptance" / "reading"
ENVELOPE = Envelope(1, "a", 1, "2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def book() -> Collection:
    return load_catalog(READING)["Book"]


def test_the_words_of_a_value_are_indexed_folded_and_the_first_of_them_as_such(book: Collection) -> None:
    built = DocumentBuilder(book).build(ENVELOPE, {"code": "a", "title": "Éclair, éclair & Sea"}, {})
    assert built["s"] == {
        "title": f"eclair eclair sea{SEPARATOR}Éclair, éclair & Sea",
        "title@t": ["^eclair", "eclair", "sea"],
    }


def test_a_record_without_values_to_offer_has_no_field_for_them(book: Collection) -> None:
    assert "s" not in DocumentBuilder(book).build(ENVELOPE, {"code": "a", "title": "…"}, {})


def test_every_path_that_is_offered_is_mapped(book: Collection) -> None:
    assert mapping_of(book)["properties"]["s"]["properties"].keys() == {
        name for path in book.suggest_paths for name in (path.index, f"{path.index}@t")
    }
    assert {path.name for path in book.suggest_paths} == {"title", "notes", "keywords", "chapters.heading"}


def test_suggestions_ask_for_no_record_and_under_the_rule(book: Collection) -> None:
    status = next(path for path in book.paths if path.name == "status")
    title = tuple(path for path in book.suggest_paths if path.name == "title")
    body = suggest_body(SuggestQuery(book, title, ("light",), Compare(status, "eq", "published"), 10))
    assert body["size"] == 0
    assert body["track_total_hits"] is False
    assert body["query"]["bool"]["filter"][0] == {"term": {"r.status@v": {"value": "published"}}}
    assert {agg["aggs"]["values"]["terms"]["field"] for agg in body["aggs"].values()} == {"s.title"}


def test_more_is_asked_for_where_a_record_has_several_values(book: Collection) -> None:
    sizes = {
        path.name: suggest_body(SuggestQuery(book, (path,), ("l",), ALWAYS, 10))["aggs"]["1:0"]["aggs"]["values"][
            "terms"
        ]["size"]
        for path in book.suggest_paths
    }
    assert sizes == {"title": 10, "notes": 10, "keywords": 50, "chapters.heading": 50}


def test_values_are_ordered_by_how_they_fit_then_by_their_records_and_each_comes_once(book: Collection) -> None:
    def buckets(*values: tuple[str, int]) -> dict[str, object]:
        found = [{"key": f"{text.lower()}{SEPARATOR}{text}", "doc_count": count} for text, count in values]
        return {"values": {"buckets": found}}

    query = SuggestQuery(book, book.suggest_paths, ("light",), ALWAYS, 4)
    answer = {
        "aggregations": {
            "2:0": buckets(("A light", 9), ("No fit", 99)),
            "1:0": buckets(("Lighter", 1), ("Lights", 3)),
            "0:1": buckets(("Light", 1)),
            "1:1": buckets(("Light", 1)),
        }
    }
    assert [one.text for one in suggested_of(query, answer)] == ["Light", "Lights", "Lighter", "A light"]
