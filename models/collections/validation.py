"""Validates records against the JSON Schema of their collection: all errors at once, paths as GraphQL names them."""

import copy
from typing import Any

import jsonschema_rs

from models.collections.bounds import bounds_of
from models.collections.problems import VALUE, Problem, problems_of, shortened
from models.collections.properties import Shape
from models.collections.resolving import ALTERNATIVES, is_null
from models.collections.source import Pointer, Source

META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
MAX_PROBLEMS = 50
_TYPED_ELSEWHERE = {"type", "$ref", "enum", "const", "allOf", *ALTERNATIVES}
_OWN = "urn:catalograph:record"
_EMBEDDED = "own schema"
"""A name in `$defs` that no type has."""


class RecordValidator:
    """A collection's schema, with the bounds of the types that are made of it, compiled once."""

    def __init__(self, schema: dict[str, Any], shape: Shape) -> None:
        """Raises `ValueError` for a schema that can't be compiled, such as one with a wrong pattern."""
        self._shape = shape
        # A resource of its own, so that its references go on meaning its own parts.
        own = {"$id": _OWN, **copy.deepcopy(schema)}
        _say_types(own)
        bounds, definitions = bounds_of(shape)
        whole = {"allOf": [{"$ref": own["$id"]}, bounds], "$defs": {_EMBEDDED: own, **definitions}}
        # Nothing is fetched: a reference to another document is an error of the file.
        self._validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True, mask=VALUE)

    def problems(self, document: Any) -> list[Problem]:
        """What is wrong with `document`: nothing, if it is valid."""
        if self._validator.is_valid(document):
            return []
        found: dict[Problem, None] = {}
        for error in self._validator.iter_errors(document):
            new = list(problems_of(error, self._shape, document))
            # What the bounds say of a property with which something is wrong already says it once more.
            known = {problem.path for problem in found} if _is_of_bounds(error) else set()
            found |= dict.fromkeys(problem for problem in new if problem.path not in known)
            if len(found) >= MAX_PROBLEMS:
                break
        return list(found)


def _is_of_bounds(error: Any) -> bool:
    return list(error.evaluation_path)[:2] == ["allOf", 1]


def _say_types(schema: Any, *, alone: bool = True) -> None:
    """Have what describes objects or lists without saying so take nothing else, as the types that are made of it do.

    Else null would be one of its values, and then no alternative to it. `alone` is what no other keyword describes.
    """
    if not isinstance(schema, dict):
        return
    if alone and not _TYPED_ELSEWHERE & schema.keys() and {"properties", "items"} & schema.keys():
        schema["type"] = "object" if "properties" in schema else "array"
    _say_types(schema.get("items"))
    for keyword in ("properties", "$defs", "definitions"):
        for part in (schema.get(keyword) or {}).values():
            _say_types(part)
    for part in schema.get("allOf") or []:
        _say_types(part, alone=False)
    for keyword in ALTERNATIVES:
        options = schema.get(keyword) or []
        if any(map(is_null, options)):
            for part in options:
                _say_types(part)


def check_schema(source: Source) -> None:
    """Report what in a file's `schema` is not JSON Schema 2020-12, and take it out, so that the rest can be read."""
    schema = source.data["schema"]
    checker = jsonschema_rs.Draft202012Validator({"$ref": META_SCHEMA}, validate_formats=True)
    wrong: dict[Pointer, Any] = {}
    for error in checker.iter_errors(schema):
        path = tuple(error.instance_path)
        if "type" in path[-2:] and error.kind.name == "anyOf":
            continue  # misspelt types are reported by name elsewhere
        source.problem(("schema", *path), f"this is not JSON Schema: {shortened(error.message)}")
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
