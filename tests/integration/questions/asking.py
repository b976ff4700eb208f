"""Questions as GraphQL documents, and their answers brought into the form of the oracle's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.oracle.shapes import Path, Property, Shape, enum_name
from tests.integration.questions.kinds import Json, kind_of
from tests.integration.questions.questions import FacetAsked, PageAsked, Question

TERMS = "{ buckets { value count selected } otherCount missingCount }"
INTERVALS = "{ buckets { from to count } min max missingCount }"
ALL = 100


class Document:
    """A query of many fields, each under an alias of its own, with a variable for every argument."""

    def __init__(self, shape: Shape) -> None:
        self.name = str(shape.collection["name"])
        self.plural = str(shape.collection["plural"])
        self.variables: dict[str, Json] = {}
        self._types: list[str] = []
        self._fields: list[str] = []

    def add(self, arguments: Mapping[str, tuple[str, Json]], selection: str) -> str:
        """Ask for the connection with these arguments (types and values); the alias of the answer."""
        alias = f"q{len(self._fields)}"
        given = []
        for name, (type_, value) in arguments.items():
            variable = f"{alias}_{name}"
            self._types.append(f"${variable}: {type_}")
            self.variables[variable] = value
            given.append(f"{name}: ${variable}")
        called = f"({', '.join(given)})" if given else ""
        self._fields.append(f"{alias}: {self.plural}{called} {{ {selection} }}")
        return alias

    def ask(self, question: Question) -> str:
        facets = " ".join(_facet_field(number, facet) for number, facet in enumerate(question.facets))
        return self.add(self._arguments(question.filter, question) | {"first": ("Int", ALL)},
                        f"totalCount edges {{ cursor node {{ key }} }} {facets}")  # fmt: skip

    def page(self, question: Question, page: PageAsked, cursors: list[str]) -> str:
        arguments = self._arguments(page.filter, question)
        arguments["first" if page.forward else "last"] = ("Int", page.size)
        for name, place in (("after", page.after), ("before", page.before)):
            if place is not None and place < len(cursors):
                arguments[name] = ("String", cursors[place])
        return self.add(arguments, "nodes { key } pageInfo { hasNextPage hasPreviousPage }")

    def _arguments(self, given: Json, question: Question) -> dict[str, tuple[str, Json]]:
        found: dict[str, tuple[str, Json]] = {"filter": (f"{self.name}Filter", given)}
        found["orderBy"] = (f"[{self.name}Order!]", question.order or [{"code": "ASC"}])
        return found | ({"search": ("String", question.words)} if question.words else {})

    @property
    def text(self) -> str:
        return f"query Q({', '.join(self._types)}) {{ {' '.join(self._fields)} }}" if self._types else "{ __typename }"


def _facet_field(number: int, facet: FacetAsked) -> str:
    arguments = ", ".join(f"{name}: {_literal(name, value)}" for name, value in facet.arguments.items())
    called = f"({arguments})" if arguments else ""
    selection = f"{facet.path[-1]}{called} {TERMS if facet.how == 'terms' else INTERVALS}"
    for name in reversed(facet.path[:-1]):
        selection = f"{name} {{ {selection} }}"
    return f"f{number}: facets {{ {selection} }}"


def _literal(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if name == "contains" else str(value)


def selection_of(shape: Shape, depth: int = 3) -> str:
    """Every property of a record; of what a link leads to, the key."""
    found = []
    for name, prop in shape.properties.items():
        if prop.holder is not None:
            found.append(f"{name} {{ key }}")
        elif prop.shape.item.is_place:
            found.append(f"{name} {{ lat lon }}")
        elif prop.shape.item.is_object:
            found.append(f"{name} {{ {selection_of(prop.shape.item, depth - 1)} }}")
        else:
            found.append(name)
    return " ".join(found)


@dataclass(frozen=True)
class Shown:
    """What the API answers for records, given the keys that there are by collection."""

    keys: Mapping[str, set[str]]

    def value(self, value: Json, shape: Shape) -> Json:
        if isinstance(value, list):
            return [self.value(element, shape.item) for element in value]
        if isinstance(value, dict) and shape.is_object:
            return {name: self._property(value, prop) for name, prop in shape.properties.items()}
        if kind_of(shape.schema) == "long" and value is not None and abs(value) > 2**53:
            return str(value)
        return enum_name(value) if "enum" in shape.schema and value is not None else value

    def _property(self, record: dict[str, Any], prop: Property) -> Json:
        if prop.holder is None:
            return self.value(record.get(prop.name), prop.shape)
        held = record.get(prop.holder)
        if prop.shape.is_list:
            return [self._target(key, prop.shape.item) for key in held or ()]
        return self._target(held, prop.shape)

    def _target(self, key: Json, shape: Shape) -> Json:
        return {"key": key} if key in self.keys[shape.collection["name"]] else None


def at(value: Json, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value
