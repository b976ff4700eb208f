"""Alternatives become a union where a property tells them apart, and JSON where none does."""

from pathlib import Path
from typing import Any

import pytest

from models.collections.conditions import holds
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Collection, Property, Shape
from tests.unit.collections.files import problems, with_properties

A = "{type: object, properties: {k: {const: a}, n: {type: integer}}}"
B = "{type: object, properties: {k: {const: b}, n: {type: string}, t: {type: string}}}"
OPEN_X = "{type: object, required: [x], properties: {x: {type: string}}}"
OPEN_Y = "{type: object, required: [y], properties: {y: {type: string}}}"


def read(folder: Path, schema: str, defs: str = "") -> tuple[Collection, Property]:
    (folder / "work.yaml").write_text(with_properties(f"a: {schema}") + (f"  $defs: {{{defs}}}\n" if defs else ""))
    collection = load_catalog(folder)["Work"]
    return collection, collection.shape.properties["a"]


def members(prop: Property) -> list[str]:
    return [member.shape.type_name for member in prop.shape.members] if prop.shape else []


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        (f"{{oneOf: [{A}, {B}]}}", ["WorkAA", "WorkAB"]),
        (f"{{anyOf: [{A}, {B}, {{type: 'null'}}]}}", ["WorkAA", "WorkAB"]),
        (f"{{type: array, items: {{oneOf: [{A}, {B}]}}}}", ["WorkAA", "WorkAB"]),
        (f"{{oneOf: [{{title: The First, allOf: [{A}]}}, {B}]}}", ["WorkATheFirst", "WorkAB"]),
        (f"{{oneOf: [{{$ref: '#/$defs/Part'}}, {B}]}}", ["WorkAPart", "WorkAB"]),
        (f"{{oneOf: [{{oneOf: [{A}, {B}]}}, {{properties: {{k: {{const: c}}}}}}]}}", ["WorkAA", "WorkAB", "WorkAC"]),
        ("{oneOf: [{properties: {k: {enum: [a, b]}}}, {properties: {k: {enum: [c]}}}]}", ["WorkAA", "WorkAC"]),
        ("{oneOf: [{properties: {k: {const: 1}}}, {properties: {k: {const: true}}}]}", ["WorkA1", "WorkATrue"]),
        (f"{{oneOf: [{OPEN_X}, {OPEN_Y}]}}", ["WorkAX", "WorkAY"]),
        (f"{{properties: {{z: {{type: string}}}}, oneOf: [{OPEN_X}, {OPEN_Y}]}}", ["WorkAX", "WorkAY"]),
        (f"{{oneOf: [{{title: Same, allOf: [{A}]}}, {{title: Same, allOf: [{B}]}}]}}", ["WorkASame", "WorkAB"]),
        (f"{{anyOf: [{OPEN_X}, {OPEN_Y}]}}", []),
        ("{oneOf: [{properties: {k: {enum: [a, b]}}}, {properties: {k: {enum: [b]}}}]}", []),
        (f"{{oneOf: [{A}, {{type: string}}]}}", []),
        (f"{{oneOf: [{A}, {B}], anyOf: [{A}, {B}]}}", []),
        (f"{{allOf: [{{oneOf: [{A}, {B}]}}, {{oneOf: [{OPEN_X}, {OPEN_Y}]}}]}}", []),
        ("{oneOf: [{properties: {k: {type: string}}}, {properties: {k: {type: string}}}]}", []),
        ("{oneOf: [{$ref: '#/$defs/Loop'}, {properties: {k: {const: 1}}}]}", []),
    ],
)
def test_alternatives_are_a_union_where_they_are_told_apart(tmp_path: Path, schema: str, names: list[str]) -> None:
    defs = f"Part: {A}, Loop: {{anyOf: [{{$ref: '#/$defs/Loop'}}, {B}]}}"
    _, prop = read(tmp_path, schema, defs)
    assert prop.kind.name == ("Object" if names else "JSON")
    assert members(prop) == names


def test_a_property_of_two_kinds_has_its_own_name_in_each_member_and_theirs_beside(tmp_path: Path) -> None:
    _, prop = read(tmp_path, f"{{oneOf: [{A}, {B}]}}")
    assert prop.shape
    assert {name: one.kind.name for name, one in prop.shape.properties.items()} == {
        "k": "Enum",
        "aN": "Int",
        "bN": "String",
        "t": "String",
    }
    assert [list(member.shape.properties) for member in prop.shape.members] == [["k", "n"], ["k", "n", "t"]]


def test_one_alternative_is_what_it_is(tmp_path: Path) -> None:
    _, prop = read(tmp_path, f"{{oneOf: [{A}]}}")
    assert prop.shape
    assert list(prop.shape.properties) == ["k", "n"]
    assert not prop.nullable


ROOT = """
name: Work
key: code
schema:
  required: [code]
  properties: {code: {type: string}}
  oneOf:
    - {required: [kind, pages], properties: {kind: {const: book}, pages: {type: integer}, size: {type: number}}}
    - {required: [kind], properties: {kind: {const: film}, seconds: {type: integer}, size: {type: string}}}
    - {required: [kind], properties: {kind: {const: scrap}}}
"""


def test_a_record_has_what_any_alternative_of_its_schema_has(tmp_path: Path) -> None:
    (tmp_path / "work.yaml").write_text(ROOT)
    work = load_catalog(tmp_path)["Work"]
    kinds = {"code": "String", "kind": "Enum", "pages": "Int", "size": "JSON", "seconds": "Int"}
    assert {name: prop.kind.name for name, prop in work.shape.properties.items()} == kinds
    assert [name for name, prop in work.shape.properties.items() if prop.required] == ["code", "kind"]
    enum = work.shape.properties["kind"].enum
    assert enum
    assert list(enum.by_name) == ["book", "film", "scrap"]
    assert work.validate({"code": "a", "kind": "book", "pages": 3}) == []
    assert work.validate({"code": "a", "kind": "book"}) != []


def test_alternatives_of_what_a_record_must_have_leave_its_properties_as_they_are(tmp_path: Path) -> None:
    beside = "  oneOf: [{required: [x]}, {required: [y]}]\n"
    (tmp_path / "work.yaml").write_text(with_properties("x: {type: string}", "y: {type: string}") + beside)
    properties = load_catalog(tmp_path)["Work"].shape.properties
    assert {name: prop.required for name, prop in properties.items()} == {"number": True, "x": False, "y": False}


def test_what_only_annotations_tell_apart_is_two_properties_too(tmp_path: Path) -> None:
    searched = "{k: {const: b}, n: {type: integer, x-search: {facet: true}}}"
    _, prop = read(tmp_path, f"{{oneOf: [{A}, {{properties: {searched}}}]}}")
    assert prop.shape
    assert set(prop.shape.properties) == {"k", "aN", "bN"}


def test_a_rule_sees_a_property_only_in_the_members_that_have_it(tmp_path: Path) -> None:
    _, prop = read(tmp_path, f"{{oneOf: [{A}, {B}]}}")
    shape = Shape("Work", "", {"a": prop})

    def meets(given: Any, value: Any) -> bool:
        return holds(condition_of(shape, {"a": given}, Clock.current()), {"a": value})

    assert meets({"aN": {"gt": 1}}, {"k": "a", "n": 2})
    assert not meets({"bN": {"exists": True}}, {"k": "a", "n": 2})
    assert meets({"t": {"exists": False}}, {"k": "a", "n": 2, "t": "not of this member"})
    assert meets({"bN": {"eq": "2"}}, {"k": "b", "n": "2"})


@pytest.mark.parametrize(
    ("schema", "required", "nullable"),
    [
        (f"{{oneOf: [{A}, {B}]}}", True, False),
        (f"{{oneOf: [{A}, {B}, {{type: 'null'}}]}}", False, True),
        (f"{{type: [object, 'null'], oneOf: [{A}, {B}]}}", False, True),
    ],
)
def test_a_union_is_null_only_if_its_schema_says_so(
    tmp_path: Path, schema: str, required: bool, nullable: bool
) -> None:
    file = with_properties(f"a: {schema}").replace("[number]", "[number, a]")
    (tmp_path / "work.yaml").write_text(file)
    prop = load_catalog(tmp_path)["Work"].shape.properties["a"]
    assert (prop.required, prop.nullable) == (required, nullable)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"k": "a", "n": 1}, None),
        ({"k": "b", "n": "x"}, None),
        ({"k": "a", "n": 3_000_000_000}, ("a.aN", "3000000000 is greater than the maximum of 2147483647")),
        ({"k": "b", "n": 3_000_000_000}, ("a.bN", '3000000000 is not of type "string"')),
        ({"k": "c"}, ("a.k", "is none of a, b")),
        ({"n": 1.5}, ("a.k", "is required")),
        ("text", ("a", "\"text\" is not valid under any of the schemas listed in the 'oneOf' keyword")),
    ],
)
def test_an_object_is_checked_as_the_member_that_it_says_it_is(
    tmp_path: Path, value: Any, problem: tuple[str, str] | None
) -> None:
    collection, _ = read(tmp_path, f"{{oneOf: [{A}, {B}]}}")
    found = [(".".join(one.path), one.message) for one in collection.validate({"number": "1", "a": value})]
    assert found == ([problem] if problem else [])


def test_a_property_that_two_members_would_name_the_same_is_refused(tmp_path: Path) -> None:
    clash = "{properties: {k: {const: b}, n: {type: string}, a-n: {type: string}}}"
    assert problems(tmp_path, work_yaml=with_properties(f"a: {{oneOf: [{A}, {clash}]}}")) == [
        "work.yaml:8: 'a-n' and 'n' are both aN: name one with x-name"
    ]
