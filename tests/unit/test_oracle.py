"""The oracle of the acceptance tests, held against cases worked out by hand."""

from typing import Any

import pytest

from tests.acceptance.oracle.facets import Bucket, Facets, Histogram, TermFacet, without_own
from tests.acceptance.oracle.filters import BadFilterError, matches
from tests.acceptance.oracle.order import ordered
from tests.acceptance.oracle.shapes import Record, Shape, join, values_at
from tests.acceptance.oracle.words import Phrase, Word, mentions, tokens

CATALOG: dict[str, Any] = {
    "Book": {
        "name": "Book",
        "key": "isbn",
        "schema": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "isbn": {"type": "string"},
                "title": {"type": ["string", "null"], "x-search": {"text": "english"}},
                "year": {"type": ["integer", "null"]},
                "shelf-mark": {"type": "string", "x-name": "shelf"},
                "size": {"type": "object", "properties": {"pages": {"type": "integer"}}},
                "tags": {"type": "array", "items": {"type": "string"}},
                "authors": {"type": "array", "items": {"$ref": "#/$defs/Author"}},
                "topic": {"$ref": "#/$defs/Topic"},
                "sequels": {
                    "type": "array",
                    "items": {"type": "string", "x-link": {"collection": "Book", "as": "next"}},
                },
            },
            "$defs": {
                "Author": {
                    "type": "object",
                    "properties": {
                        "id": {
                            "type": "integer",
                            "x-link": {"collection": "Person", "as": "person", "include": ["name"]},
                        },
                        "role": {"type": "string"},
                        "born": {"type": ["integer", "null"]},
                    },
                },
                "Topic": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "x-search": {"text": "standard"}},
                        "children": {"type": "array", "items": {"$ref": "#/$defs/Topic"}},
                    },
                },
            },
        },
    },
    "Person": {
        "name": "Person",
        "key": "id",
        "schema": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string", "x-search": {"text": "standard"}},
                "secret": {"type": "string"},
            },
        },
    },
}
BOOK = Shape.of("Book", CATALOG)
PERSONS = {"1": {"id": 1, "name": "Ada", "secret": "x"}, "2": {"id": 2, "name": "Émile", "secret": "y"}}


def book(**properties: Any) -> Record:
    record: Record = join({"isbn": "b0", **properties}, BOOK, {"Person": PERSONS, "Book": {}})
    return record


FULL = book(
    id=7,
    title="Été in the Alps",
    year=1990,
    tags=["Red", "blue"],
    size={"pages": 12},
    authors=[{"id": 1, "role": "author", "born": 1900}, {"id": 9, "role": "editor", "born": 1950}],
    topic={"name": "nature", "children": [{"name": "hills", "children": [{"name": "Alps"}]}]},
    **{"shelf-mark": "A*1"},
)
EMPTY = book(title=None, year=None)

HOLDS = [
    {},
    {"year": None},
    {"year": {}},
    {"year": {"eq": 1990, "gt": None}},
    {"bookId": {"eq": 7}},
    {"shelf": {"startsWith": "A*"}},
    {"title": {"contains": "THE alps", "ignoreCase": True}},
    {"title": {"in": ["été IN the alps"], "ignoreCase": True}},
    {"title": {"gt": "Z"}},
    {"year": {"gte": 1990, "lte": 1990, "ne": 1991}},
    {"size": {"pages": {"lt": 13}}},
    {"tags": {"any": ["blue", "green"]}},
    {"tags": {"all": ["blue", "red"], "ignoreCase": True}},
    {"tags": {"none": ["red"], "count": {"eq": 2}, "exists": True}},
    {"tags": {"all": []}},
    {"authors": {"some": {"role": {"eq": "editor"}, "born": {"gt": 1940}}}},
    {"authors": {"none": {"role": {"eq": "author"}, "born": {"gt": 1940}}}},
    {"authors": {"every": {"born": {"gte": 1900}}}},
    {"authors": {"some": {"person": {"name": {"eq": "Ada"}}}}},
    {"authors": {"some": {"person": {"exists": False}, "role": {"eq": "editor"}}}},
    {"topic": {"children": {"some": {"children": {"some": {"name": {"eq": "Alps"}}}}}}},
    {"and": []},
    {"or": [{"year": {"eq": 1}}, {"year": {"eq": 1990}}]},
    {"not": {"year": {"eq": 1}}},
]

FAILS = [
    {"year": {"in": []}},
    {"or": []},
    {"not": {}},
    {"tags": {"any": []}},
    {"tags": {"any": ["red"]}},
    {"tags": {"exists": False}},
    {"title": {"startsWith": "été"}},
    {"authors": {"some": {"role": {"eq": "author"}, "born": {"gt": 1940}}}},
    {"authors": {"every": {"person": {"exists": True}}}},
    {"topic": {"children": {"some": {"name": {"eq": "Alps"}}}}},
]

HOLDS_OF_NOTHING = [
    {"year": {"ne": 1990}},
    {"year": {"exists": False}},
    {"not": {"year": {"gt": 0}}},
    {"size": {"pages": {"ne": 1, "exists": False}}},
    {"authors": {"every": {"role": {"eq": "author"}}, "none": {}}},
    {"tags": {"exists": False, "none": ["red"], "count": {"eq": 0}}},
]

FAILS_OF_NOTHING = [
    {"year": {"eq": 0}},
    {"year": {"lt": 3000}},
    {"title": {"contains": ""}},
    {"authors": {"some": {}}},
    {"tags": {"all": ["red"]}},
    {"tags": {"exists": True}},
]


@pytest.mark.parametrize("given", HOLDS, ids=str)
def test_a_filter_holds(given: dict[str, Any]) -> None:
    assert matches(FULL, given, BOOK)


@pytest.mark.parametrize("given", FAILS, ids=str)
def test_a_filter_fails(given: dict[str, Any]) -> None:
    assert not matches(FULL, given, BOOK)


@pytest.mark.parametrize("given", HOLDS_OF_NOTHING, ids=str)
def test_a_filter_holds_of_what_is_absent(given: dict[str, Any]) -> None:
    assert matches(EMPTY, given, BOOK)


@pytest.mark.parametrize("given", FAILS_OF_NOTHING, ids=str)
def test_a_filter_fails_of_what_is_absent(given: dict[str, Any]) -> None:
    assert not matches(EMPTY, given, BOOK)


def test_an_empty_text_is_a_value() -> None:
    assert matches(book(title=""), {"title": {"exists": True, "eq": ""}}, BOOK)


def test_equal_to_null_is_an_error() -> None:
    with pytest.raises(BadFilterError, match="exists"):
        matches(FULL, {"year": {"eq": None}}, BOOK)


def test_a_link_holds_only_what_it_includes() -> None:
    assert set(BOOK.at(("authors", "person")).properties) == {"name"}
    assert values_at(FULL, ("authors", "person", "name"), BOOK) == ["Ada"]


def test_a_list_of_links_keeps_its_order_and_drops_what_is_missing() -> None:
    books = {"b2": {"isbn": "b2"}, "b1": {"isbn": "b1"}}
    joined = join({"isbn": "b0", "sequels": ["b2", "b9", "b1"]}, BOOK, {"Person": {}, "Book": books})
    assert joined["next"] == [{"isbn": "b2"}, {"isbn": "b1"}]
    assert matches(joined, {"next": {"some": {}}}, BOOK)


def keys(records: list[Record]) -> list[str]:
    return [record["isbn"] for record in records]


def test_nulls_come_last_in_both_directions_and_ties_go_by_key() -> None:
    books = [book(isbn="b", year=1), book(isbn="a", year=None), book(isbn="d", year=2), book(isbn="c", year=1)]
    books.append(book(isbn="0"))
    assert keys(ordered(books, [{"year": "ASC"}], BOOK)) == ["b", "c", "d", "0", "a"]
    assert keys(ordered(books, [{"year": "DESC"}], BOOK)) == ["d", "b", "c", "0", "a"]


def test_full_text_is_ordered_by_its_folded_form_and_other_strings_by_code_point() -> None:
    books = [
        book(isbn="1", title="étude", **{"shelf-mark": "é"}),
        book(isbn="2", title="Zebra", **{"shelf-mark": "Z"}),
        book(isbn="3", title="Etude", **{"shelf-mark": "a"}),
    ]
    assert keys(ordered(books, [{"title": "ASC"}], BOOK)) == ["3", "1", "2"]
    assert keys(ordered(books, [{"shelf": "ASC"}], BOOK)) == ["2", "3", "1"]


def test_a_list_is_ordered_by_its_smallest_ascending_and_its_largest_descending() -> None:
    books = [
        book(isbn="1", authors=[{"born": 5}, {"born": 6}]),
        book(isbn="2", authors=[{"born": 1}, {"born": 9}]),
        book(isbn="3", authors=[{"born": None}]),
    ]
    assert keys(ordered(books, [{"authors": {"born": "ASC"}}], BOOK)) == ["2", "1", "3"]
    assert keys(ordered(books, [{"authors": {"born": "DESC"}}], BOOK)) == ["2", "1", "3"]


def test_a_second_order_decides_where_the_first_does_not() -> None:
    pages = [("1", 1, 1), ("2", 1, 2), ("3", 2, 9)]
    books = [book(isbn=isbn, year=year, size={"pages": count}) for isbn, year, count in pages]
    assert keys(ordered(books, [{"year": "ASC"}, {"size": {"pages": "DESC"}}], BOOK)) == ["2", "1", "3"]


SHELVES = [
    book(isbn="1", year=1990, authors=[{"role": "author"}, {"role": "author"}]),
    book(isbn="2", year=1991, authors=[{"role": "editor"}, {"role": "author"}]),
    book(isbn="3", year=1999, authors=[]),
    book(isbn="4", year=None, authors=[{"role": "translator"}]),
]


def test_a_facet_in_a_list_counts_records() -> None:
    facet = Facets(SHELVES, {}, BOOK).terms(("authors", "role"), first=2)
    assert facet == TermFacet([Bucket("author", 2, selected=False), Bucket("editor", 1, selected=False)], 1, 1)


def test_a_facet_ignores_its_own_filter_but_no_other_and_shows_what_is_selected() -> None:
    given = {"and": [{"year": {"gte": 1990}}], "authors": {"some": {"role": {"eq": "editor"}}}}
    facets = Facets(SHELVES, given, BOOK)
    expected = [Bucket("author", 2, selected=False), Bucket("editor", 1, selected=True)]
    assert facets.terms(("authors", "role"), first=1) == TermFacet(expected, 0, 1)
    assert [b.count for b in facets.terms(("authors", "role"), include_own=True).buckets] == [1, 1]
    assert facets.histogram(("year",), 10) == Histogram({1990: 1}, 1991, 1991, 0)


def test_a_histogram_counts_by_lower_ends_and_tells_what_is_missing() -> None:
    assert Facets(SHELVES, {}, BOOK).histogram(("year",), 5) == Histogram({1990: 2, 1995: 1}, 1990, 1999, 1)


def test_ranges_exclude_their_upper_end() -> None:
    ranges: list[dict[str, float]] = [{"to": 1991}, {"from": 1991, "to": 1999}, {"from": 1999}]
    assert Facets(SHELVES, {}, BOOK).ranges(("year",), ranges) == [1, 1, 1]


def test_the_own_condition_stays_where_it_is_inside_or_and_not() -> None:
    own = {"year": {"eq": 1}}
    given = {**own, "and": [own, {"title": {"eq": "x"}}], "or": [own], "not": own}
    assert without_own(given, ("year",)) == {"and": [{}, {"title": {"eq": "x"}}], "or": [own], "not": own}


def test_the_own_condition_goes_from_the_element_that_others_describe() -> None:
    given = {"authors": {"some": {"role": {"eq": "a"}, "born": {"gt": 1}}, "none": {"role": {"eq": "b"}}}}
    rest = {"authors": {"some": {"born": {"gt": 1}}, "none": {"role": {"eq": "b"}}}}
    assert without_own(given, ("authors", "role")) == rest


def test_that_there_is_an_element_is_no_condition_on_a_property_of_it() -> None:
    assert without_own({"authors": {"some": {}}}, ("authors", "role")) == {"authors": {"some": {}}}
    for own in (
        {"role": {"eq": "a"}},
        {"and": [{"role": {"eq": "a"}}]},
        {"and": [{}, {"role": {"eq": "a"}}], "name": {}},
    ):
        assert without_own({"authors": {"some": own}}, ("authors", "role")) == {}
    nothing_own: dict[str, Any] = {"authors": {"some": {"and": [{}]}}}
    assert without_own(nothing_own, ("authors", "role")) == nothing_own


def test_inflections_count_only_where_the_analyzer_is_english() -> None:
    hill = Word("hill", frozenset({"hills"}))
    record = book(title="Near the Hill's foot", topic={"name": "hills"})
    assert mentions(record, hill, BOOK)
    assert not mentions(book(topic={"name": "hills"}), hill, BOOK)
    assert mentions(book(topic={"children": [{"name": "hill/mountain"}]}), hill, BOOK)


def test_words_are_found_over_links() -> None:
    assert mentions(FULL, Word("ada"), BOOK)


def test_a_phrase_is_words_beside_one_another() -> None:
    assert mentions(FULL, Phrase("the alps"), BOOK)
    assert not mentions(FULL, Phrase("in alps"), BOOK)


def test_tokens_end_at_slashes_and_hyphens_but_not_at_apostrophes_inside() -> None:
    assert tokens("arm/arms well-known artist's", "standard") == ["arm", "arms", "well", "known", "artist's"]


def test_a_selected_value_is_shown_even_of_no_record() -> None:
    given = {"authors": {"some": {"role": {"in": ["editor", "printer"]}}}}
    facet = Facets(SHELVES, given, BOOK).terms(("authors", "role"), first=1)
    expected = [
        Bucket("author", 2, selected=False),
        Bucket("editor", 1, selected=True),
        Bucket("printer", 0, selected=True),
    ]
    assert facet == TermFacet(expected, 1, 1)


def test_a_facet_is_searched_without_case_and_accents_and_ordered_by_code_point() -> None:
    books = [
        book(isbn="1", title="Été"),
        book(isbn="2", title="ete"),
        book(isbn="3", title="Zoo"),
        book(isbn="4", title="ETE"),
    ]
    facet = Facets(books, {}, BOOK).terms(("title",), contains="ÉTE", by_value=True)
    assert [bucket.value for bucket in facet.buckets] == ["ETE", "ete", "Été"]
