"""From a JSON Schema whose references are followed to the kind of its values: pure functions."""

from typing import Any

from models.collections import kinds
from models.collections.kinds import Kind
from models.collections.names import enum_name

Schema = dict[str, Any]
INT_LIMITS = (-(2**31), 2**31 - 1)


def enum_values(schema: Schema) -> list[Any]:
    """The values that `enum` or `const` allows."""
    return [schema["const"]] if "const" in schema else list(schema.get("enum") or [])


def types_of(schema: Schema) -> set[str]:
    """The types of its values but `null`: as it says, or as its keywords let one take it."""
    given = schema.get("type")
    if given is None:
        return {"object"} if "properties" in schema else {"array"} if "items" in schema else set()
    return set(given if isinstance(given, list) else [given]) - {"null"}


def is_nullable(schema: Schema) -> bool:
    """Whether `null` is one of its values."""
    given = schema.get("type")
    types = given if isinstance(given, list) else [given]
    if schema.get("nullable") is True or "null" in types:
        return not ("enum" in schema and None not in schema["enum"])
    if "enum" in schema or "const" in schema:
        return given is None and None in enum_values(schema)
    return given is None and not ({"properties", "items"} & schema.keys())


def kind_of(schema: Schema) -> Kind:
    """The kind of the values of a schema that is no list; `JSON` for what has no fixed shape."""
    types = types_of(schema)
    values = [value for value in enum_values(schema) if value is not None]
    if not values or not all(isinstance(value, str) for value in values):
        return _typed(types, schema, values)
    return kinds.ENUM if len(enum_names(schema)) == len(set(values)) else kinds.STRING


def enum_names(schema: Schema) -> dict[str, str]:
    """The values of an enum of strings by their GraphQL names; where two would have one name it stays a string."""
    return {enum_name(value): value for value in enum_values(schema) if value is not None}


def _typed(types: set[str], schema: Schema, values: list[Any]) -> Kind:  # noqa: PLR0911 - one line a type
    if not types:
        types = _type_of_all(values)
    if {"anyOf", "oneOf"} & schema.keys():
        return kinds.JSON
    if types == {"string"}:
        return kinds.STRING_FORMATS.get(str(schema.get("format")), kinds.STRING)
    if types == {"integer"}:
        return kinds.LONG if is_long(schema) else kinds.INT
    if types in ({"number"}, {"integer", "number"}):
        return kinds.FLOAT
    if types == {"boolean"}:
        return kinds.BOOLEAN
    if types == {"object"} and schema.get("format") == "geo-point":
        return kinds.GEO
    free = isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]
    if types == {"object"} and schema.get("properties") and not free:
        return kinds.OBJECT
    return kinds.JSON


def _type_of_all(values: list[Any]) -> set[str]:
    """The type that all the values of an enum have, if there is one."""
    if not values or not all(isinstance(value, bool | int | float) for value in values):
        return set()
    if all(isinstance(value, bool) for value in values):
        return {"boolean"}
    if any(isinstance(value, bool) for value in values):
        return set()
    return {"integer"} if all(isinstance(value, int) for value in values) else {"number"}


def is_long(schema: Schema) -> bool:
    """Whether an integer's schema says that its values go beyond 32 bits."""
    bounds = [schema.get(k) for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")]
    bounds += enum_values(schema)
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    low, high = INT_LIMITS
    return schema.get("format") == "int64" or any(not low <= bound <= high for bound in numbers)
