"""Validates records against the JSON Schema of their collection: all errors at once, paths as GraphQL names them."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from models.collections.building import INT_LIMITS, is_long
from models.collections.kinds import LINK
from models.collections.properties import Shape
from models.collections.source import Pointer, Source

LONG_LIMITS = (-(2**63), 2**63 - 1)
META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
_TYPED_ELSEWHERE = {"type", "$ref", "allOf", "anyOf", "oneOf", "enum", "const"}
MAX_PROBLEMS = 50


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a record; `path` goes from the record down, list positions as digits."""

    message: str
    path: tuple[str, ...] = ()


class RecordValidator:
    """A collection's schema, compiled once."""

    def __init__(self, schema: dict[str, Any], shape: Shape) -> None:
        """Raises `ValueError` for a schema that can't be compiled, such as one with a wrong pattern."""
        self._shape = shape
        bounded = copy.deepcopy(schema)
        _bound_values(bounded)
        # Nothing is fetched: a reference to another document is an error of the file.
        self._validator = jsonschema_rs.Draft202012Validator(bounded, validate_formats=True, offline=True)

    def problems(self, document: Any) -> list[Problem]:
        """What is wrong with `document`: nothing, if it is valid."""
        if self._validator.is_valid(document):
            return []
        found: list[Problem] = []
        for error in self._validator.iter_errors(document):
            found.extend(self._problems(error))
            if len(found) >= MAX_PROBLEMS:
                break
        return found

    def _problems(self, error: Any) -> Iterator[Problem]:
        path = _named(self._shape, list(error.instance_path))
        kind = error.kind
        if kind.name == "required":
            yield Problem("is required", _named(self._shape, [*error.instance_path, kind.property]))
        elif kind.name == "additionalProperties":
            for name in kind.unexpected:
                yield Problem("is not a property of this collection", (*path, name))
        else:
            yield Problem(_shortened(error.message), path)


def _shortened(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:180]} … {message[-100:]}"


def _named(shape: Shape | None, steps: list[Any]) -> tuple[str, ...]:
    path: list[str] = []
    for step in steps:
        if isinstance(step, int):
            path.append(str(step))
            continue
        properties = shape.properties.values() if shape else ()
        found = next((p for p in properties if p.name == step and p.kind is not LINK), None)
        path.append(found.field if found else str(step))
        shape = found.shape if found else None
    return tuple(path)


def _bound_values(schema: Any, *, alone: bool = True) -> None:
    """What GraphQL can't give out as `Int` (or the index as `Long`), and no place on earth, is no valid value.

    Only what becomes a type is narrowed: not what is given out as JSON, nor conditions. `alone` is what says by itself
    what its values are; it takes as objects and lists those alone that the types take for them.
    """
    if not isinstance(schema, dict):
        return
    if schema.get("format") == "geo-point":
        _bound_point(schema)
    if alone and not _TYPED_ELSEWHERE & schema.keys() and {"properties", "items"} & schema.keys():
        schema["type"] = "object" if "properties" in schema else "array"
    types = schema.get("type")
    if set(types if isinstance(types, list) else [types]) - {"null"} == {"integer"}:
        low, high = LONG_LIMITS if is_long(schema) else INT_LIMITS
        schema.setdefault("minimum", low)
        schema.setdefault("maximum", high)
    _bound_parts(schema)


def _bound_parts(schema: dict[str, Any]) -> None:
    _bound_values(schema.get("items"))
    for keyword in ("properties", "$defs", "definitions"):
        for part in (schema.get(keyword) or {}).values():
            _bound_values(part)
    for part in schema.get("allOf") or []:
        _bound_values(part, alone=False)
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword) or []
        if len(options) == 2 and _NULL in options:
            for part in options:
                _bound_values(part)


def _bound_point(schema: dict[str, Any]) -> None:
    properties = schema.setdefault("properties", {})
    for name, most in (("lat", 90), ("lon", 180)):
        degrees = properties.setdefault(name, {})
        if isinstance(degrees, dict):
            properties[name] = {"type": "number", "minimum": -most, "maximum": most} | degrees
    schema["required"] = list(dict.fromkeys([*schema.get("required", ()), "lat", "lon"]))


def check_schema(source: Source) -> None:
    """Report what in a file's `schema` is not JSON Schema 2020-12, and take it out, so that the rest can be read."""
    schema = source.data["schema"]
    checker = jsonschema_rs.Draft202012Validator({"$ref": META_SCHEMA}, validate_formats=True)
    wrong: dict[Pointer, Any] = {}
    for error in checker.iter_errors(schema):
        path = tuple(error.instance_path)
        if "type" in path[-2:] and error.kind.name == "anyOf":
            continue  # misspelt types are reported by name elsewhere
        source.problem(("schema", *path), f"this is not JSON Schema: {_shortened(error.message)}")
        wrong[path] = error
    for path, error in wrong.items():
        is_schema = error.kind.name == "type" and error.kind.types == ["boolean", "object"]
        _take_out(schema, path, is_schema=is_schema)


def _take_out(schema: Any, path: Pointer, *, is_schema: bool) -> None:
    """Remove a keyword, a whole list for one element; of what should be a schema nothing is known any more."""
    if not is_schema and path and isinstance(path[-1], int):
        path = path[:-1]
    *above, last = path or (None,)
    for step in above:
        try:
            schema = schema[step]
        except (KeyError, IndexError, TypeError):
            return  # it is gone already, with something above it
    if is_schema:
        schema[last] = True
    else:
        schema.pop(last, None)
