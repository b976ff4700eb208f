"""A record is valid if its schema says so, and if what is valid can be given out as the types that are made of it."""

from pathlib import Path
from typing import Any

import pytest

from models.collections.loading import load_catalog
from models.collections.properties import Property
from tests.unit.collections.files import with_properties

PART = "  $defs:\n    Part: {properties: {x: {type: string}}}\n"
BEYOND = 3_000_000_000


def read(folder: Path, schema: str) -> tuple[Property, Any]:
    """The property `a` of this schema, and what is wrong with a value of it."""
    (folder / "work.yaml").write_text(with_properties(f"a: {schema}") + PART)
    collection = load_catalog(folder)["Work"]
    return collection.shape.properties["a"], lambda value: collection.validate({"number": "1", "a": value})


@pytest.mark.parametrize(
    ("schema", "kind", "value", "valid"),
    [
        ("{type: integer}", "Int", BEYOND, False),
        ("{type: integer, format: int64}", "Long", BEYOND, True),
        ("{type: integer, maximum: 5000000000}", "Long", BEYOND, True),
        ("{enum: [1, 3000000000]}", "Long", BEYOND, True),
        ("{type: [integer, 'null']}", "Int", BEYOND, False),
        ("{anyOf: [{type: integer}, {type: 'null'}]}", "Int", BEYOND, False),
        ("{anyOf: [{type: integer}, {type: 'null'}]}", "Int", None, True),
        ("{allOf: [{type: integer}]}", "Int", BEYOND, False),
        ("{type: array, items: {type: integer}}", "Int", [BEYOND], False),
        ("{type: [integer, string]}", "JSON", BEYOND, True),
        ("{anyOf: [{type: integer}, {type: string}]}", "JSON", BEYOND, True),
        ("{type: object, additionalProperties: {type: integer}}", "JSON", {"people": BEYOND}, True),
        ("{type: [number, integer]}", "Float", BEYOND, True),
        ("{enum: [true, false]}", "Boolean", True, True),
        ("{enum: [1, 2.5]}", "Float", 2.5, True),
        ("{enum: [1, true]}", "JSON", True, True),
        ("{properties: {x: {type: string}}}", "Object", "text", False),
        ("{properties: {x: {type: string}}}", "Object", None, False),
        ("{properties: {x: {type: string}}}", "Object", {"x": "a"}, True),
        ("{items: {type: string}}", "String", "text", False),
        ("{$ref: '#/$defs/Part'}", "Object", "text", False),
        ("{oneOf: [{$ref: '#/$defs/Part'}, {type: 'null'}]}", "Object", None, True),
        ("{type: [object, 'null'], properties: {x: {type: string}}}", "Object", None, True),
        ("{type: object, format: geo-point}", "Geo", {"lat": 91, "lon": 0}, False),
    ],
)
def test_what_is_valid_can_be_given_out_as_its_type(
    tmp_path: Path, schema: str, kind: str, value: Any, valid: bool
) -> None:
    prop, problems = read(tmp_path, schema)
    assert prop.kind.name == kind
    assert (problems(value) == []) is valid


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ("{type: object, properties: {x: {type: string}}, minProperties: 2}", {"x": "SECRET"}, "the object has less"),
        ("{type: object, anyOf: [{required: [y]}, {required: [z]}]}", {"x": "SECRET"}, "the object is not valid under"),
        ("{type: object, not: {required: [x]}}", {"x": "SECRET"}, "is not allowed for the object"),
        ("{type: array, uniqueItems: true, items: {type: string}}", ["SECRET"] * 2, "the list has non-unique"),
        ("{type: array, contains: {type: integer}}", ["SECRET"], "the list"),
        ("{type: integer, minimum: 10}", 5, "5 is less than the minimum of 10"),
        ("{type: string, pattern: ^a}", 'b"ä', '"b\\"ä" does not match "^a"'),
    ],
)
def test_a_problem_tells_a_value_but_not_what_is_inside_of_it(
    tmp_path: Path, schema: str, value: Any, message: str
) -> None:
    _, problems = read(tmp_path, schema)
    told = [problem.message for problem in problems(value)]
    assert any(message in one for one in told)
    assert "SECRET" not in str(told)
