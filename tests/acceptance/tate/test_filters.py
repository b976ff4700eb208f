"""Filters find what a plain count over the file finds."""

from typing import Any

import pytest

from tests.acceptance.oracle.shapes import Json
from tests.acceptance.tate.catalogue import Records, Tate

Given = dict[str, Any]

SCALARS: list[Given] = [
    {"classification": {"eq": "painting"}},
    {"classification": {"ne": "painting"}},
    {"classification": {"in": ["sculpture", "relief", "no such thing"]}},
    {"classification": {"exists": False}},
    {"classification": {"exists": True, "ne": "on paper, unique"}},
    {"classification": {"eq": "PAINTING", "ignoreCase": True}},
    {"classification": {"in": ["Painting", "Relief"], "ignoreCase": True}},
    {"classification": {"ne": "Painting", "ignoreCase": True}},
    {"classification": {"gt": "painting"}},
    {"classification": {"gte": "p", "lt": "r"}},
    {"classification": {"startsWith": "on paper"}},
    {"classification": {"contains": "print"}},
    {"acquisitionYear": {"eq": 1856}},
    {"acquisitionYear": {"ne": 1856}},
    {"acquisitionYear": {"in": [1982, 1997]}},
    {"acquisitionYear": {"gt": 1990}},
    {"acquisitionYear": {"gte": 1990}},
    {"acquisitionYear": {"lt": 1900}},
    {"acquisitionYear": {"lte": 1900, "gt": 1850}},
    {"acquisitionYear": {"exists": False}},
    {"artistRooms": {"eq": True}},
    {"artistRooms": {"exists": False}},
    {"units": {"eq": ""}},
    {"units": {"exists": True, "ne": "mm"}},
    {"artworkId": {"lt": 5000}},
    {"acno": {"gte": "P", "lt": "T"}},
    {"acno": {"startsWith": "AR"}},
    {"allArtists": {"contains": "Turner"}},
    {"title": {"startsWith": "Study"}},
    {"title": {"startsWith": "study", "ignoreCase": True}},
    {"title": {"contains": "tree"}},
    {"title": {"contains": "TREE", "ignoreCase": True}},
    {"title": {"contains": "?"}},
    {"title": {"startsWith": "["}},
    {"title": {"eq": "UNTITLED", "ignoreCase": True}},
    {"title": {"gte": "T", "lt": "U"}},
    {"foreignTitle": {"exists": True}},
    {"foreignTitle": {"contains": "É", "ignoreCase": True}},
    {"medium": {"eq": "Oil paint on canvas"}},
    {"creditLine": {"contains": "\r\n"}},
]

OBJECTS: list[Given] = [
    {"dateRange": {"endYear": {"lt": 1750}}},
    {"dateRange": {"endYear": {"exists": False}}},
    {"dateRange": {"endYear": {"ne": 1819}}},
    {"catalogueGroup": {"groupType": {"eq": "Turner Sketchbook"}}},
    {"catalogueGroup": {"groupType": {"exists": False}, "completeStatus": {"exists": True}}},
    {"catalogueGroup": {"completeStatus": {"eq": "COMPLETE"}}},
    {"catalogueGroup": {"completeStatus": {"in": ["INCOMPLETE", "IRRELEVANT"]}}},
    {"catalogueGroup": {"completeStatus": {"ne": "COMPLETE"}}},
]

LISTS: list[Given] = [
    {"contributors": {"some": {"role": {"eq": "after"}}}},
    {"contributors": {"none": {"role": {"eq": "artist"}}}},
    {"contributors": {"every": {"role": {"eq": "artist"}}}},
    {"contributors": {"some": {"role": {"ne": "artist"}, "displayOrder": {"gt": 1}}}},
    {"contributors": {"some": {"gender": {"eq": "Female"}, "birthYear": {"gte": 1900, "lt": 1950}}}},
    {"contributors": {"some": {"gender": {"exists": False}}}},
    {"contributors": {"some": {"birthYear": {"exists": False}}}},
    {"contributors": {"some": {"fc": {"startsWith": "dame", "ignoreCase": True}}}},
    {"contributors": {"some": {"id": {"eq": 558}}, "every": {"displayOrder": {"eq": 1}}}},
    {"contributors": {"some": {"or": [{"fc": {"eq": "William Blake"}}, {"fc": {"eq": "David Hockney"}}]}}},
    {"contributors": {"some": {"not": {"gender": {"eq": "Male"}}}}},
    {"movements": {"some": {}}},
    {"movements": {"none": {}}},
    {"movements": {"every": {"era": {"name": {"eq": "19th century"}}}}},
    {"movements": {"some": {"era": {"name": {"startsWith": "20th"}}, "name": {"contains": "Art"}}}},
    {"additionalImages": {"some": {"sizes": {"some": {"caption": {"eq": "Enhanced image"}}}}}},
    {"additionalImages": {"some": {}, "none": {"sizes": {"some": {"caption": {"eq": "Enhanced image"}}}}}},
]

TREES: list[Given] = [
    {"subjects": {"name": {"exists": False}}},
    {"subjects": {"children": {"some": {"name": {"eq": "nature"}}}}},
    {"subjects": {"children": {"none": {"name": {"eq": "people"}}}}},
    {"subjects": {"children": {"some": {"children": {"some": {"name": {"eq": "adults"}}}}}}},
    {
        "subjects": {
            "children": {
                "some": {
                    "name": {"eq": "people"},
                    "children": {"some": {"children": {"some": {"name": {"eq": "man"}}}}},
                }
            }
        }
    },
]

LINKS: list[Given] = [
    {"contributors": {"some": {"artist": {"gender": {"eq": "Female"}}}}},
    {"contributors": {"some": {"artist": {"birthYear": {"lt": 1700}}, "role": {"eq": "artist"}}}},
    {"contributors": {"some": {"artist": {"fc": {"contains": "blake", "ignoreCase": True}}}}},
    {"contributors": {"some": {"artist": {"exists": False}}}},
    {"contributors": {"every": {"artist": {"exists": True}}}},
]

LOGIC: list[Given] = [
    {"and": [{"classification": {"eq": "painting"}}, {"acquisitionYear": {"lt": 1950}}]},
    {"or": [{"classification": {"eq": "painting"}}, {"acquisitionYear": {"lt": 1900}}]},
    {"not": {"acquisitionYear": {"gt": 1900}}},
    {"not": {"or": [{"classification": {"eq": "painting"}}, {"contributors": {"some": {"gender": {"eq": "Male"}}}}]}},
    {"classification": {"eq": "painting"}, "or": [{"units": {"eq": ""}}, {"title": {"contains": "Portrait"}}]},
    {"and": [{"or": [{"acno": {"startsWith": "T"}}, {"acno": {"startsWith": "N"}}]}, {"not": {"units": {"eq": "mm"}}}]},
]

EVERYTHING: list[Given | None] = [
    None,
    {},
    {"and": []},
    {"and": [{}]},
    {"classification": None},
    {"classification": {}},
    {"not": {"or": []}},
]

NOTHING: list[Given] = [
    {"or": []},
    {"not": {}},
    {"classification": {"in": []}},
    {"title": {"contains": "*study*"}},
    {"title": {"startsWith": "S?udy"}},
]

ARTISTS: list[Given] = [
    {"birth": {"place": {"placeName": {"eq": "London"}}}},
    {"birth": {"time": {"startYear": {"lt": 1700}}}},
    {"death": {"place": {"placeType": {"ne": "inhabited_place"}}}},
    {"birth": {"place": {"name": {"contains": "United Kingdom"}}}, "death": {"place": {"placeName": {"eq": "Paris"}}}},
    {"activePlaces": {"some": {"placeName": {"eq": "New York"}}}},
    {"activePlaces": {"some": {}, "none": {"placeType": {"eq": "inhabited_place"}}}},
    {"movements": {"some": {"name": {"eq": "Conceptual Art"}}}},
    {"totalWorks": {"gte": 10, "lt": 100}},
    {"startLetter": {"in": ["H", "W"]}, "gender": {"eq": "Female"}},
]


def assert_found(tate: Tate, records: Records, given: Given | None) -> int:
    """Holds the answer of the server against the file; the number found."""
    found = tate.ask(records.found_query(), filter=given)["found"]
    expected = records.meeting(given or {})
    assert found["totalCount"] == len(expected)
    assert [node["key"] for node in found["nodes"]] == records.in_key_order(expected)[:1000]
    return len(expected)


def named(given: Json) -> str:
    return str(given).replace("'", "")


@pytest.mark.parametrize("given", SCALARS, ids=named)
def test_a_filter_on_a_scalar_finds_the_artworks_that_the_file_has(sample: Tate, given: Given) -> None:
    assert 0 < assert_found(sample, sample.artworks, given) < len(sample.artworks), "the case shows nothing"


@pytest.mark.parametrize("given", OBJECTS + LISTS + TREES + LINKS + LOGIC, ids=named)
def test_a_filter_finds_the_artworks_that_the_file_has(tate: Tate, given: Given) -> None:
    assert 0 < assert_found(tate, tate.artworks, given) < len(tate.artworks), "the case shows nothing"


@pytest.mark.parametrize("given", ARTISTS, ids=named)
def test_a_filter_finds_the_artists_that_the_file_has(tate: Tate, given: Given) -> None:
    assert 0 < assert_found(tate, tate.artists, given) < len(tate.artists), "the case shows nothing"


@pytest.mark.parametrize("given", EVERYTHING, ids=named)
def test_what_is_no_condition_finds_everything(tate: Tate, given: Given | None) -> None:
    assert assert_found(tate, tate.artworks, given) == len(tate.artworks)


@pytest.mark.parametrize("given", NOTHING, ids=named)
def test_what_cannot_be_met_finds_nothing(tate: Tate, given: Given) -> None:
    assert assert_found(tate, tate.artworks, given) == 0


@pytest.mark.parametrize(
    "given",
    [
        {"classification": {"eq": None}},
        {"acquisitionYear": {"eq": None}},
        {"contributors": {"some": {"role": {"eq": None}}}},
    ],
    ids=named,
)
def test_equal_to_null_is_refused_by_naming_exists(tate: Tate, given: Given) -> None:
    refusal = tate.refusal(tate.artworks.found_query(), filter=given)
    assert refusal["code"] == "BAD_USER_INPUT"
    assert "exists" in refusal["message"]


def test_a_property_that_is_not_searched_is_no_filter(tate: Tate) -> None:
    document = "{ artworks(filter: {thumbnailUrl: {exists: true}}) { totalCount } }"
    assert tate.refusal(document)["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_a_property_of_no_fixed_type_is_no_filter(tate: Tate) -> None:
    document = "{ artworks(filter: {dateRange: {startYear: {eq: 1819}}}) { totalCount } }"
    assert tate.refusal(document)["code"] == "GRAPHQL_VALIDATION_FAILED"
