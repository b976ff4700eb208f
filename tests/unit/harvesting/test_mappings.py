"""A mapping says which property is taken from which element, and what is wrong with it is said by property."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.elements import Harvested
from models.mapping_rules import WrongMappingError, read_mapping

BOOKS = """
name: Book
key: number
schema:
  type: object
  required: [number]
  properties:
    number: {type: integer}
    title: {type: [string, "null"]}
    sub title: {type: [string, "null"]}
    pages: {type: [integer, "null"]}
    weight: {type: [number, "null"]}
    open: {type: [boolean, "null"]}
    subjects: {type: array, items: {type: string}}
    place: {type: [object, "null"], format: geo-point}
    seen: {type: array, items: {type: object, format: geo-point}}
    free: {type: object}
    day: {type: string, format: date}
    moment: {type: string, format: date-time}
    imprint:
      type: object
      properties:
        publisher: {type: [string, "null"]}
        cities: {type: array, items: {type: string}}
    authors:
      type: array
      items:
        type: object
        properties:
          family: {type: [string, "null"]}
          given: {type: [string, "null"]}
          roles: {type: array, items: {type: string}}
          books: {type: array, items: {type: object, properties: {title: {type: string}}}}
"""
MODS = """<metadata><mods xmlns="http://www.loc.gov/mods/v3" xmlns:x="urn:x">
  <titleInfo><title>Main <i>title</i><!-- no text --></title><subTitle> Its second </subTitle></titleInfo>
  <name><family>Lovelace</family><given>Ada</given></name>
  <name><family>Plato</family></name>
  <name><family/></name>
  <originInfo><x:publisher>Taylor</x:publisher><place>London</place><place>Paris</place></originInfo>
  <relatedItem><titleInfo><title>Another</title></titleInfo></relatedItem>
  <dated>2020-02-02T01:02:03Z</dated>
  <extent>12</extent><extent>13</extent><weight>1.5</weight><open>TRUE</open>
  <at><y>51.5</y><x>-0.25</x></at><at><y>48</y><x>2</x></at>
</mods></metadata>"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder: Path = tmp_path_factory.mktemp("books")
    (folder / "book.yaml").write_text(BOOKS)
    return load_catalog(folder)["Book"]


def mapped(books: Collection, mapping: dict[str, str], xml: str = MODS) -> dict[str, Any]:
    given = Harvested("17", "2020-01-01", ("a", "a:b"), etree.fromstring(xml))
    return read_mapping(books, {"number": "@identifier", **mapping}).document(given)


@pytest.mark.parametrize(
    ("mapping", "value"),
    [
        ({"title": "titleInfo/title"}, {"title": "Main title"}),
        ({"title": "title"}, {"title": "Main title"}),
        ({"title": "mods:titleInfo/mods:title"}, {"title": "Main title"}),
        ({"title": "titleInfo.subTitle"}, {"title": "Its second"}),
        ({"title": "relatedItem/titleInfo/title"}, {"title": "Another"}),
        ({"title": "mods/title"}, {}),
        ({"title": "nothing"}, {}),
        ({"subTitle": "subTitle"}, {"sub title": "Its second"}),
        ({"sub title": "subTitle"}, {"sub title": "Its second"}),
        ({"title": "@datestamp"}, {"title": "2020-01-01"}),
        ({"subjects": "@set"}, {"subjects": ["a", "a:b"]}),
        ({"subjects[]": "title"}, {"subjects": ["Main title", "Another"]}),
        ({"pages": "extent"}, {"pages": 12}),
        ({"pages": "title"}, {"pages": "Main title"}),
        ({"weight": "weight"}, {"weight": 1.5}),
        ({"open": "open"}, {"open": True}),
        ({"imprint.publisher": "publisher"}, {"imprint": {"publisher": "Taylor"}}),
        ({"imprint.cities": "place", "imprint.publisher": "none"}, {"imprint": {"cities": ["London", "Paris"]}}),
        ({"authors[].family": "family"}, {"authors": [{"family": "Lovelace"}, {"family": "Plato"}]}),
        (
            {"authors[].family": "name/family", "authors[].given": "name/given"},
            {"authors": [{"family": "Lovelace", "given": "Ada"}, {"family": "Plato"}]},
        ),
        (
            {"authors[].family": "place", "authors[].roles": "publisher"},
            {"authors": [{"family": "London", "roles": ["Taylor"]}, {"family": "Paris"}]},
        ),
        ({"place.lat": "at/y", "place.lon": "at/x"}, {"place": {"lat": 51.5, "lon": -0.25}}),
        (
            {"seen[].lat": "at/y", "seen[].lon": "at/x"},
            {"seen": [{"lat": 51.5, "lon": -0.25}, {"lat": 48.0, "lon": 2.0}]},
        ),
        ({"free": "weight"}, {"free": "1.5"}),
        ({"day": "@datestamp"}, {"day": "2020-01-01"}),
        ({"moment": "@datestamp"}, {"moment": "2020-01-01T00:00:00Z"}),
        ({"day": "dated"}, {"day": "2020-02-02"}),
        ({"moment": "dated"}, {"moment": "2020-02-02T01:02:03Z"}),
    ],
)
def test_a_property_is_taken_from_the_elements_that_the_mapping_names(
    books: Collection, mapping: dict[str, str], value: dict[str, Any]
) -> None:
    assert mapped(books, mapping) == {"number": 17, **value}


def test_what_the_source_has_no_more_is_emptied_where_that_may_be(books: Collection) -> None:
    mapping = read_mapping(
        books, {"number": "@identifier", "title": "title", "subjects": "subject", "imprint.publisher": "publisher"}
    )
    current = {"number": 1, "title": "T", "subjects": ["s"], "imprint": {"publisher": "P", "cities": ["C"]}, "pages": 3}
    assert mapping.cleared({"number": 1}, current) == {
        "number": 1, "title": None, "subjects": [], "imprint": {"publisher": None}
    }  # fmt: skip
    assert mapping.cleared({"number": 1}, {"number": 1, "subjects": []}) == {"number": 1}


def test_a_place_that_the_source_has_no_more_is_emptied_as_a_whole(books: Collection) -> None:
    mapping = read_mapping(books, {"number": "@identifier", "place.lat": "y", "place.lon": "x"})
    current = {"number": 1, "place": {"lat": 1.0, "lon": 2.0}}
    assert mapping.cleared({"number": 1}, current) == {"number": 1, "place": None}


def test_without_a_mapping_no_text_is_taken_for_a_place(books: Collection) -> None:
    given = Harvested("17", "2020-01-01", (), etree.fromstring(MODS))
    assert "place" not in read_mapping(books, None).document(given)


def test_the_key_of_a_deleted_record_is_its_identifier_unless_the_metadata_have_it(books: Collection) -> None:
    assert read_mapping(books, {"number": "@identifier"}).key_of_header("017") == "17"
    assert read_mapping(books, {"number": "identifier"}).key_of_header("017") is None


@pytest.mark.parametrize(
    ("mapping", "path", "message"),
    [
        ({"titel": "title"}, ("titel",), "'titel' is no property of Book (did you mean title?)"),
        ({"imprint.publsher": "x"}, ("imprint.publsher",), "(did you mean publisher?)"),
        ({"title.text": "x"}, ("title.text",), "title is no object"),
        ({"authors.family": "x"}, ("authors.family",), "authors is a list of objects (did you mean authors[]?)"),
        ({"imprint[].publisher": "x"}, ("imprint[].publisher",), "imprint is no list (did you mean imprint?)"),
        ({"title[]": "x"}, ("title[]",), "title is no list"),
        ({"authors": "x"}, ("authors",), "authors is an object: map a property inside it (such as authors[].family)"),
        ({"place": "x"}, ("place",), "place is an object: map a property inside it (such as place.lat)"),
        ({"place.north": "x"}, ("place.north",), "'north' is no property of GeoPoint"),
        ({"place.lat.x": "x"}, ("place.lat.x",), "lat is no object"),
        ({"seen.lat": "x"}, ("seen.lat",), "seen is a list of objects (did you mean seen[]?)"),
        ({"authors[].books[].title": "x"}, ("authors[].books[].title",), "more than one list"),
        ({"": "x"}, ("",), "'' is no property"),
        ({"subjects": "a", "subjects[]": "b"}, ("subjects[]",), "is the property that subjects names too"),
        ({"title": "@titel"}, ("title",), "'@titel' is nothing of a header"),
        ({"title": "a//b"}, ("title",), "is no path of element names"),
        ({"title": "datafield[@tag]"}, ("title",), "is no path of element names"),
        ({"title": ""}, ("title",), "is mapped to no text"),
        ({"title": 7}, ("title",), "is mapped to no text"),
    ],
)
def test_what_is_wrong_is_said_by_property(
    books: Collection, mapping: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    with pytest.raises(WrongMappingError) as raised:
        read_mapping(books, {"number": "@identifier", **mapping})
    ((problem),) = raised.value.problems
    assert problem.path == path
    assert message in problem.message
