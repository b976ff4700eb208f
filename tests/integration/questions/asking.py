"""Questions as GraphQL documents, and their answers brought into the form of the oracle's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.oracle.shapes import Path, Property, Shape, enum_name
from tests.integration.questions.counts import DEEPEST, selection
from tests.integration.questions.kinds import Json, kind_of
from tests.integration.questions.questions import FacetAsked, PageAsked, Question

TERMS = "{ buckets { value count selected } otherCount missingCount }"
INTERVALS = "{ buckets { from to count } min max missingCount }"
ALL = 100


class Document:
    """A query of many fields, each under an alias of its own, with a variable for every argument."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
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
        counted = selection(question.counts, self._shape)
        return self.add(self._arguments(question.filter, question) | {"first": ("Int", ALL)},
                        f"totalCount edges {{ cursor node {{ key }} }} {facets} {counted}")  # fmt: skip

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


def selection_of(shape: Shape, type_name: str, depth: int = DEEPEST) -> str:
    """Every property of a record; of what a link leads to, the key. Trees are followed to their tops."""
    fields = {name: _selected(name, prop, type_name, depth) for name, prop in shape.properties.items()}
    if "oneOf" not in shape.schema:
        return " ".join(fields.values())
    return " ".join(
        f"... on {type_name}{_upper(told)} {{ {' '.join(fields[name] for name in own)} }}"
        for told, own in members(shape)
    )


def _selected(name: str, prop: Property, type_name: str, depth: int) -> str:
    if prop.holder is not None:
        return f"{name} {{ key }}"
    if prop.shape.item.is_place:
        return f"{name} {{ lat lon }}"
    if not prop.shape.item.is_object:
        return name
    return f"{name} {{ {selection_of(prop.shape.item, type_name + _upper(name), depth - 1)} }}" if depth else ""


def members(union: Shape) -> Iterator[tuple[str, list[str]]]:
    """The values that tell the members, and what properties each has."""
    for option in union.schema["oneOf"]:
        yield option["properties"]["kind"]["const"], list(option["properties"])


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]


@dataclass(frozen=True)
class Shown:
    """What the API answers for records, given the keys that there are by collection."""

    keys: Mapping[str, set[str]]

    def value(self, value: Json, shape: Shape, depth: int = DEEPEST) -> Json:
        if isinstance(value, list):
            return [self.value(element, shape.item, depth) for element in value]
        if isinstance(value, dict) and shape.is_object:
            own = dict(members(shape))[value["kind"]] if "oneOf" in shape.schema else list(shape.properties)
            shown = {name: shape.properties[name] for name in own}
            deeper = {n: p for n, p in shown.items() if depth or p.holder or not p.shape.item.is_object}
            return {name: self._property(value, prop, depth) for name, prop in deeper.items()}
        if kind_of(shape.schema) == "long" and value is not None and abs(value) > 2**53:
            return str(value)
        return enum_name(value) if "enum" in shape.schema and value is not None else value

    def _property(self, record: dict[str, Any], prop: Property, depth: int) -> Json:
        if prop.holder is None:
            return self.value(record.get(prop.name), prop.shape, depth - 1)
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
