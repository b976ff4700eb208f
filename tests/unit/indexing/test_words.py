"""A search text becomes a query in which what is exact outranks what is varied."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexing.conditions import MATCH_NONE
from indexing.corrections import candidates, suggest_clauses
from indexing.search_body import search_body
from indexing.search_query import SearchQuery
from indexing.words import search_query
from models.collections.loading import Catalog, load_catalog

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "tate"
READING = Path(__file__).resolve().parents[2] / "acceptance" / "reading"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(READING)


def query_of(catalog: Catalog, name: str, text: str) -> dict[str, Any]:
    collection = catalog[name]
    query = search_query(collection, text, collection.text_paths)
    assert query is not None
    return query


def test_a_collection_that_forgives_nothing_searches_for_the_words_alone(catalog: Catalog) -> None:
    assert "~" not in str(query_of(catalog, "Book", "lighthouse keeper"))
    assert "match_all" not in str(query_of(catalog, "Book", "lighthouse keeper"))


def test_an_exact_match_counts_more_than_a_beginning_and_that_more_than_a_near_miss(catalog: Catalog) -> None:
    exact, prefix, near = query_of(catalog, "Person", "lighthouse keeper")["dis_max"]["queries"]
    assert [one["bool"]["must"][-1]["match_all"]["boost"] for one in (exact, prefix)] == [400.0, 200.0]
    assert "keeper*" in str(prefix)
    assert "lighthouse~2" in str(near)
    assert "match_all" not in str(near)


def test_one_word_is_asked_for_itself_once_and_then_only_for_what_is_like_it(catalog: Catalog) -> None:
    exact, *others = query_of(catalog, "Person", "lighthouse")["dis_max"]["queries"]
    assert set(all_of(exact, "query")) == {"lighthouse"}
    assert [set(all_of(other, "query")) for other in others] == [{"lighthouse*"}, {"lighthouse~2"}]


@pytest.mark.parametrize(
    ("text", "held"), [("the keeper", False), ("the of", True), ("the h-index", True), ("keeper", False)]
)
def test_only_words_that_an_analyzer_may_leave_out_need_something_to_be_found_by(
    catalog: Catalog, text: str, *, held: bool
) -> None:
    exact = search_query(catalog["Book"], text, catalog["Book"].text_paths)
    assert ("'filter'" in str(exact)) is held


@pytest.mark.parametrize("text", ["😀", "-😀", '"😀"', "- 😀", "—"])
def test_what_only_an_analyzer_knows_to_be_a_word_or_none_is_asked_for(catalog: Catalog, text: str) -> None:
    assert query_of(catalog, "Book", text) != MATCH_NONE


@pytest.mark.parametrize("text", ["-", '"', "*", "| ~ ()", "&"])
def test_operators_alone_find_nothing(catalog: Catalog, text: str) -> None:
    assert query_of(catalog, "Book", text) == MATCH_NONE


@pytest.mark.parametrize(
    ("typed", "near"),
    [("horse", "horse~1"), ("h-index", "(h index~1)"), ("ox", "ox"), ("1852", "1852"), ("O'Neill", "O'Neill~1")],
)
def test_errors_are_forgiven_by_the_length_of_a_word(catalog: Catalog, typed: str, near: str) -> None:
    found = str(query_of(catalog, "Person", f"{typed} end"))
    assert near in found
    assert ("~" in near) or ("~" not in found)


def test_words_as_they_are_written_are_looked_at_only_for_variants(catalog: Catalog) -> None:
    exact, prefix, near = query_of(catalog, "Person", "lighthouse keeper")["dis_max"]["queries"]
    assert "w^0.5" not in str(exact)
    assert "w^0.5" in str(prefix)
    assert "w^0.5" in str(near)


def test_words_that_are_alike_are_looked_for_in_few_fields_and_marked_in_all(catalog: Catalog) -> None:
    artwork = load_catalog(EXAMPLE)["Artwork"]
    paths = artwork.text_paths
    exact, prefix, near = search_query(artwork, "lighthouse", paths)["dis_max"]["queries"]  # type: ignore[index]
    all_fields = exact["bool"]["must"][0]["simple_query_string"]["fields"]
    assert len(all_fields) == len(paths)
    for variant in (prefix["bool"]["must"][0], near):
        fields = variant["simple_query_string"]["fields"]
        assert fields[-1] == "w^0.5"
        assert "t.title^1" in fields, "what counts for more"
        assert "t.contributors.artist.fc^1" in fields, "what is read over a link"
        assert "t.subjects.name^0.3333" not in fields
        assert len(fields) < len(all_fields) / 2
    marks = search_query(artwork, "lighthouse", paths, marks=True)
    _, prefix, near = marks["dis_max"]["queries"]  # type: ignore[index]
    for variant in (prefix["bool"]["must"][0], near):
        assert set(all_fields) <= set(variant["simple_query_string"]["fields"])


def test_corrections_are_asked_for_only_when_selected(catalog: Catalog) -> None:
    book = catalog["Book"]
    assert "suggest" not in search_body(SearchQuery(book, text="lihgthouse", size=1))
    assert "suggest" in search_body(SearchQuery(book, text="lihgthouse", corrections=True))
    assert "suggest" not in search_body(SearchQuery(book, text="sea -lihgthouse fog*", corrections=True))
    assert "suggest" not in search_body(SearchQuery(book, corrections=True))


def test_explanations_are_asked_for_only_when_selected(catalog: Catalog) -> None:
    assert "explain" not in search_body(SearchQuery(catalog["Book"], text="sea", size=1))
    assert search_body(SearchQuery(catalog["Book"], text="sea", size=1, explain=True))["explain"] is True


def test_corrections_keep_the_rest_of_a_text_and_its_capitals(catalog: Catalog) -> None:
    def option(text: str, score: float, freq: int) -> dict[str, Any]:
        return {"text": text, "score": score, "freq": freq}

    suggested = {
        "0:w": [{"options": [option("lighthouse", 0.8, 3)]}],
        "0:t.notes": [{"options": [option("lighthorse", 0.9, 1)]}],
        "1:w": [{"options": [option("keeper", 0.8, 2)]}],
    }
    assert candidates('Lihgthouse, "the keepr" -sea', suggested) == (
        'Lighthorse, "the keeper" -sea',
        'Lighthorse, "the keepr" -sea',
        'Lihgthouse, "the keeper" -sea',
        'Lighthouse, "the keeper" -sea',
    )


def test_corrections_come_from_no_text_that_may_not_be_searched(catalog: Catalog) -> None:
    book = catalog["Book"]
    shown = [path for path in book.text_paths if path.name != "notes"]
    assert any("notes" in name for name in suggest_clauses("lantren", book.text_paths))
    assert not any("notes" in name for name in suggest_clauses("lantren", shown))


@pytest.mark.parametrize("text", ["watercolor", '"watercolor"', "watercolor sea"])
def test_a_synonym_need_not_be_there_itself(text: str) -> None:
    artwork = load_catalog(EXAMPLE)["Artwork"]
    exact = search_query(artwork, text, artwork.text_paths, comparable=True)
    for clause in all_of(exact, "query"):
        assert "watercolor" not in clause or "watercolour" in clause or "~" in clause or "*" in clause


def all_of(query: Any, name: str) -> Iterator[str]:
    """Every text that stands under `name`, however deep."""
    for key, value in query.items() if isinstance(query, dict) else enumerate(query) if isinstance(query, list) else ():
        if key == name and isinstance(value, str):
            yield value
        else:
            yield from all_of(value, name)


def test_corrections_are_words_and_no_stems(catalog: Catalog) -> None:
    fields = {clause["term"]["field"] for clause in suggest_clauses("lihgthouse", catalog["Book"].text_paths).values()}
    assert "w" in fields
    assert "t.title" not in fields, "its analyzer makes stems"
