"""The JSON Schema of collection files, for editors that complete and check them."""

import json
from typing import Any

from models.collections.annotations import CALENDAR, FACET_KEYS
from models.collections.resolving import ALTERNATIVES
from models.collections.validation import META_SCHEMA

Schema = dict[str, Any]


def file_schema_text() -> str:
    """The schema as indented JSON."""
    return json.dumps(file_schema(), indent=2) + "\n"


def file_schema() -> Schema:
    """What a collection file may say; `schema` is JSON Schema 2020-12 with our annotations in every property."""
    return {
        "$schema": META_SCHEMA,
        "title": "A Catalograph collection file",
        "type": "object",
        "required": ["name", "schema"],
        "additionalProperties": False,
        "properties": {
            "name": _text("The GraphQL type's name: letters and digits.", pattern="^[A-Za-z][A-Za-z0-9]*$"),
            "plural": _text("The query field; the name, pluralised, if absent."),
            "key": _text("The property that names a record outside."),
            "description": _text("What a record is."),
            "schema": {"$ref": "#/$defs/property", "description": "The JSON Schema of a record."},
            "access": {"$ref": "#/$defs/access"},
            "synonyms": {"type": "array", "items": _text("`a, b` mean the same; `a => b` is searched as b.")},
            "defaultOrder": {
                "type": "array",
                "items": {"type": "object", "minProperties": 1, "maxProperties": 1},
                "description": "The order without search and orderBy.",
            },
            "search": _object(
                {"fuzzy": _flag("Forgive typing errors."), "prefix": _flag("The last word is a prefix.")}
            ),
        },
        "$defs": {
            "property": _property(),
            "access": _access(),
            "grants": _grants(),
            "link": _link(),
            "search": _x_search(),
        },
    }


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _object(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def _property() -> Schema:
    inner = {"$ref": "#/$defs/property"}
    return {
        "allOf": [{"$ref": META_SCHEMA}],
        "properties": {
            "x-search": {"$ref": "#/$defs/search"},
            "x-link": {"$ref": "#/$defs/link"},
            "x-access": _object({"read": _roles(), "write": _roles()}),
            "x-name": _text("The property's name in GraphQL.", pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
            "properties": {"additionalProperties": inner},
            "$defs": {"additionalProperties": inner},
            "items": inner,
            **{keyword: {"items": inner} for keyword in (*ALTERNATIVES, "allOf")},
        },
    }


def _x_search() -> Schema:
    ranges = {"type": "array", "items": _object({"from": {"type": "number"}, "to": {"type": "number"}})}
    facets = dict(zip(FACET_KEYS, ({"type": "number"}, {"enum": list(CALENDAR)}, ranges), strict=True))
    facet = {"anyOf": [{"type": "boolean"}, _object(facets, minProperties=1, maxProperties=1)]}
    options = {
        "text": _text("Full text, read by this analyzer of Elasticsearch."),
        "boost": {"type": "number", "exclusiveMinimum": 0},
        "suggest": _flag("Offered while one types."),
        "facet": facet,
    }
    return {"anyOf": [{"const": False, "description": "Stored and returned only."}, _object(options)]}


def _link() -> Schema:
    return _object(
        {
            "collection": _text("The collection that the value is a key of."),
            "as": _text("The field that gives the record."),
            "reverse": _text("The field of that record that searches what links to it."),
            "include": {"type": "array", "items": _text("A property of that record to search by.")},
        },
        required=["collection"],
    )


def _roles() -> Schema:
    return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def _grants() -> Schema:
    grant = {
        "anyOf": [
            {"type": "string"},
            _object({"role": {"type": "string"}, "where": {"type": "object"}}, required=["role"]),
        ]
    }
    return {"anyOf": [grant, {"type": "array", "items": grant}]}


def _access() -> Schema:
    grants = {"$ref": "#/$defs/grants"}
    actions: Schema = dict.fromkeys(("read", "write", "create", "update", "delete", "history"), grants)
    return _object({**actions, "set": _object({"create": {"type": "object"}})})
