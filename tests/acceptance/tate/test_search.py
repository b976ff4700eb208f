"""Searches find the records that have the words, and show where."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.oracle.facets import Facets
from tests.acceptance.oracle.shapes import Record
from tests.acceptance.oracle.words import Phrase, Word, texts
from tests.acceptance.tate.catalogue import Tate

Having = Callable[[Word | Phrase], set[int]]


def word(text: str, *inflections: str) -> Word:
    return Word(text, frozenset(inflections))


LIGHTHOUSE, WINDMILL, CASTLE = (word(text, f"{text}s") for text in ("lighthouse", "windmill", "castle"))
TURNER, VENICE, BRIDGE = word("turner", "turners"), word("venice"), word("bridge", "bridges", "bridged", "bridging")
ELEPHANT, ZEBRA = word("elephant", "elephants"), word("zebra", "zebras")
WATERCOLOUR = word("watercolour", "watercolours", "watercolor", "watercolors")

# Words in quotation marks are meant exactly; without them the collection forgives typing errors.
SEARCHES: dict[str, Callable[[Having], set[int]]] = {
    '"lighthouse"': lambda having: having(LIGHTHOUSE),
    '"LIGHTHOUSE"': lambda having: having(LIGHTHOUSE),
    '"hepworth"': lambda having: having(word("hepworth")),
    '"venice" "turner"': lambda having: having(VENICE) & having(TURNER),
    '"turner" "venice" "bridge"': lambda having: having(VENICE) & having(TURNER) & having(BRIDGE),
    '"castle" "wales"': lambda having: having(CASTLE) & having(word("wales")),
    '"windmill" -"turner"': lambda having: having(WINDMILL) - having(TURNER),
    '"elephant" | "zebra"': lambda having: having(ELEPHANT) | having(ZEBRA),
    '("lighthouse" | "windmill") -"turner"': lambda having: (having(LIGHTHOUSE) | having(WINDMILL)) - having(TURNER),
    '"grand canal"': lambda having: having(Phrase("grand canal")),
    '"british war art"': lambda having: having(Phrase("british war art")),
    '"san francisco" | "new york"': lambda having: having(Phrase("san francisco")) | having(Phrase("new york")),
    '"watercolor"': lambda having: having(WATERCOLOUR),
    '"femme"': lambda having: having(word("femme", "femmes")),
}

FOUND = """
query Search($search: String, $filter: ArtworkFilter) {
  artworks(search: $search, filter: $filter, orderBy: [{acno: ASC}], first: 1000) {
    totalCount nodes { key }
    facets { classification(first: 50) { buckets { value count } } }
  }
}
"""
HIGHLIGHTS = """
query Highlights($search: String, $filter: ArtworkFilter, $first: Int) {
  artworks(search: $search, filter: $filter, first: $first) {
    edges { score node { key } highlights { path fragments } }
  }
}
"""


def having(tate: Tate, sought: Word | Phrase) -> list[Record]:
    return [tate.artworks.records[place] for place in sorted(tate.artworks.texts.having(sought))]


def keys_at(tate: Tate, places: set[int]) -> list[str]:
    return sorted(tate.artworks.key(tate.artworks.records[place]) for place in places)


def search(tate: Tate, text: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = tate.ask(FOUND, search=text, **variables)["artworks"]
    return found


@pytest.mark.parametrize("text", SEARCHES)
def test_a_search_finds_the_records_that_have_the_words(tate: Tate, text: str) -> None:
    expected = keys_at(tate, SEARCHES[text](tate.artworks.texts.having))
    found = search(tate, text)
    assert found["totalCount"] == len(expected)
    assert [node["key"] for node in found["nodes"]] == expected[:1000]
    assert 0 < len(expected) < len(tate.artworks), "the case shows nothing"


def test_the_last_word_is_taken_as_a_beginning(tate: Tate) -> None:
    found = search(tate, "lightho")
    assert [node["key"] for node in found["nodes"]] == keys_at(tate, tate.artworks.texts.beginning("lightho"))


@pytest.mark.parametrize(("wrong", "right"), [("lihgthouse", LIGHTHOUSE), ("hepwroth", word("hepworth"))])
def test_typing_errors_are_forgiven(tate: Tate, wrong: str, right: Word) -> None:
    found = {node["key"] for node in search(tate, wrong)["nodes"]}
    assert {tate.artworks.key(record) for record in having(tate, right)} <= found


def test_a_search_and_a_filter_and_a_facet_count_together(tate: Tate) -> None:
    given = {"classification": {"eq": "painting"}}
    expected = having(tate, TURNER)
    found = search(tate, '"turner"', filter=given)
    paintings = [record for record in expected if record["classification"] == "painting"]
    facet = Facets(expected, given, tate.artworks.shape).terms(("classification",), first=50)
    assert found["totalCount"] == len(paintings)
    assert found["facets"]["classification"]["buckets"] == [{"value": b.value, "count": b.count} for b in facet.buckets]
    assert len(facet.buckets) > 1


@pytest.mark.parametrize("text", ["", "   ", None])
def test_a_blank_search_is_as_if_absent(tate: Tate, text: str | None) -> None:
    assert tate.ask(FOUND, search=text)["artworks"]["totalCount"] == len(tate.artworks)


@pytest.mark.parametrize("text", ["|", "-", "+ | -", '"', "()"])
def test_a_search_of_operators_only_finds_nothing(tate: Tate, text: str) -> None:
    assert search(tate, text)["totalCount"] == 0


@pytest.mark.parametrize("text", ['"', "((((", '"a | -', "a~99999", "*", "\\", "a:b AND", "😀", "x" * 5000, "\u0000"])
def test_any_text_at_all_has_an_answer(tate: Tate, text: str) -> None:
    assert search(tate, text)["totalCount"] >= 0


def test_the_most_relevant_come_first(tate: Tate) -> None:
    edges = tate.ask(HIGHLIGHTS, search='"lighthouse"', first=50)["artworks"]["edges"]
    scores = [edge["score"] for edge in edges]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)
    titles = [LIGHTHOUSE.is_in(tate.artworks.by_key[edge["node"]["key"]]["title"], "english") for edge in edges]
    assert titles[0], "a title has a boost of 3"


def test_highlights_mark_the_word_where_it_stands(tate: Tate) -> None:
    edges = tate.ask(HIGHLIGHTS, search='"lighthouse"', first=50)["artworks"]["edges"]
    assert edges
    for edge in edges:
        assert_highlights(tate, edge, {"lighthouse", "lighthouses"})


def test_highlights_are_escaped(tate: Tate) -> None:
    record = next(r for r in tate.artworks.records if re.fullmatch(r"[A-Z][a-z]+ & [A-Z][a-z]+.*", r["title"]))
    given, word_before = {"acno": {"eq": record["acno"]}}, record["title"].split()[0]
    (edge,) = tate.ask(HIGHLIGHTS, search=f'"{word_before}"', filter=given)["artworks"]["edges"]
    titles = [f for highlight in edge["highlights"] if highlight["path"] == "title" for f in highlight["fragments"]]
    assert any(f"<mark>{word_before}</mark> &amp; " in fragment for fragment in titles)


def test_a_match_over_a_link_is_shown_under_its_name(tate: Tate) -> None:
    edges = tate.ask(HIGHLIGHTS, search='"hepworth"', first=5)["artworks"]["edges"]
    paths = {highlight["path"] for edge in edges for highlight in edge["highlights"]}
    assert {"contributors.fc", "contributors.artist.fc"} <= paths


def assert_highlights(tate: Tate, edge: dict[str, Any], marked: set[str]) -> None:
    """Each highlight is a piece of a text of the record at its path, with exactly the wanted words marked."""
    record = tate.artworks.by_key[edge["node"]["key"]]
    assert edge["highlights"]
    for highlight in edge["highlights"]:
        there = [text for path, _, text in texts(record, tate.artworks.shape) if ".".join(path) == highlight["path"]]
        for fragment in highlight["fragments"]:
            marks = re.findall(r"<mark>(.*?)</mark>", fragment)
            assert {html.unescape(mark).lower().removesuffix("'s") for mark in marks} <= marked
            assert marks
            assert any(html.unescape(re.sub(r"</?mark>", "", fragment)) in text for text in there)


MATCHES = [
    ({"title": {"match": "windmill"}}, lambda r: WINDMILL.is_in(r["title"], "english")),
    ({"title": {"phrase": "grand canal"}}, lambda r: Phrase("grand canal").is_in(r["title"], "standard")),
    (
        {"contributors": {"some": {"fc": {"match": "blake"}}}},
        lambda r: any(word("blake").is_in(c["fc"], "standard") for c in r["contributors"]),
    ),
    (
        {"not": {"medium": {"match": "paper"}}},
        lambda r: not word("paper", "papers").is_in(r["medium"] or "", "english"),
    ),
]


@pytest.mark.parametrize(
    ("given", "condition"), MATCHES, ids=lambda value: str(value) if isinstance(value, dict) else ""
)
def test_a_full_text_filter_finds_the_words_in_its_property(
    tate: Tate, given: dict[str, Any], condition: Callable[[Record], bool]
) -> None:
    expected = sorted(tate.artworks.keys([record for record in tate.artworks.records if condition(record)]))
    found = tate.ask(tate.artworks.found_query(), filter=given)["found"]
    assert found["totalCount"] == len(expected)
    assert [node["key"] for node in found["nodes"]] == expected[:1000]
    assert 0 < len(expected) < len(tate.artworks), "the case shows nothing"
