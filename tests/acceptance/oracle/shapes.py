"""How records look to a client: the properties of a collection by their GraphQL names, links among them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

Json = Any
Record = dict[str, Any]
Path = tuple[str, ...]

ENVELOPE = frozenset({"id", "key", "revision", "createdAt", "updatedAt", "history"})


@dataclass(frozen=True)
class Shape:
    """How a record, or a part of it, looks: a JSON Schema, with what its references and links lead to."""

    schema: Mapping[str, Any]
    collection: Mapping[str, Any]
    catalog: Mapping[str, Mapping[str, Any]]
    """The collection files by the names of their collections."""
    included: frozenset[str] | None = None
    """For a link, the target's properties that take part."""

    @classmethod
    def of(cls, name: str, catalog: Mapping[str, Mapping[str, Any]]) -> "Shape":
        return cls(catalog[name]["schema"], catalog[name], catalog)

    @cached_property
    def is_list(self) -> bool:
        return "array" in _types(self.schema)

    @cached_property
    def is_object(self) -> bool:
        return self.included is not None or (bool(self.properties) and not self.is_place)

    @property
    def is_place(self) -> bool:
        return self.schema.get("format") == "geo-point"

    @cached_property
    def is_text(self) -> bool:
        return bool(self.annotation.get("text"))

    def comparable(self, value: Json) -> Json:
        """A value as it is compared: an enum by its GraphQL name, a moment whatever its time zone."""
        if isinstance(value, str) and self.schema.get("format") == "date-time":
            return datetime.fromisoformat(value)
        return enum_name(value) if isinstance(value, str) and "enum" in self.schema else value

    @property
    def annotation(self) -> Mapping[str, Any]:
        return self.schema.get("x-search") or {}

    @cached_property
    def item(self) -> "Shape":
        """The shape of an element, or of the thing itself where it is no list."""
        return self._part(self.schema["items"]) if self.is_list else self

    @cached_property
    def properties(self) -> "dict[str, Property]":
        """The properties of an object, or of the elements of a list of objects, links among them, by GraphQL name."""
        return {prop.field: prop for prop in self._properties()}

    def at(self, path: Path) -> "Shape":
        """The shape at the end of a path."""
        shape = self
        for step in path:
            shape = shape.properties[step].shape
        return shape

    def _properties(self) -> "Iterator[Property]":
        if self.is_list:
            yield from self.item.properties.values()
            return
        for name, schema in self._declared().items():
            if self.included is not None and name not in self.included:
                continue
            shape = self._part(schema)
            yield Property(name, schema.get("x-name") or self._field(name), shape)
            link = shape.item.schema.get("x-link") or shape.schema.get("x-link")
            if link and self.included is None:
                yield self._link(name, link, is_list=shape.is_list)

    def _declared(self) -> dict[str, Any]:
        """The schemas of the properties; of a union those of all members, the values that tell them as an enum."""
        found = dict(self.schema.get("properties", {}))
        for option in self.schema.get("oneOf", ()):
            for name, schema in option.get("properties", {}).items():
                told = [*found.get(name, {}).get("enum", ()), schema["const"]] if "const" in schema else None
                found[name] = {"enum": told} if told else schema
        return found

    @cached_property
    def _options(self) -> list[Mapping[str, Any]]:
        """The properties of each member of a union."""
        return [option.get("properties", {}) for option in self.schema.get("oneOf", ())]

    def has(self, name: str, value: Record) -> bool:
        """Whether a property counts: in an object of a union not those of other members alone."""
        options = self._options
        if not options:
            return True
        own = [each for each in options if any("const" in s and value.get(n) == s["const"] for n, s in each.items())]
        return not own or name in own[0] or not any(name in each for each in options)

    def _link(self, name: str, link: Mapping[str, Any], *, is_list: bool) -> "Property":
        target = self.catalog[link["collection"]]
        included = frozenset(link.get("include", ()))
        shape = Shape(target["schema"], target, self.catalog, included)
        if is_list:
            shape = Shape({"type": "array", "items": target["schema"]}, target, self.catalog, included)
        return Property(link["as"], link["as"], shape, holder=name)

    def _field(self, name: str) -> str:
        at_top = self.schema is self.collection["schema"]
        if not (at_top and name in ENVELOPE):
            return name
        type_name = str(self.collection["name"])
        return type_name[0].lower() + type_name[1:] + name[0].upper() + name[1:]

    def _part(self, schema: Mapping[str, Any]) -> "Shape":
        while reference := schema.get("$ref"):
            siblings = {name: value for name, value in schema.items() if name != "$ref"}
            schema = _resolve(self.collection["schema"], reference)
            schema = {**schema, **siblings} if siblings else schema
        return Shape(schema, self.collection, self.catalog, self.included if self.is_list else None)


@dataclass(frozen=True)
class Property:
    """A property: its name in the JSON, its name in GraphQL, its shape; for a link also who holds the key."""

    name: str
    field: str
    shape: Shape
    holder: str | None = None


def enum_name(value: str) -> str:
    """The GraphQL name of an enum's value."""
    name = re.sub(r"\W", "_", value, flags=re.ASCII)
    return f"_{name}" if name[:1].isdigit() else name


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _resolve(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    target: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        target = target[step] if step else target
    return dict(target) if target is not root else target


def join(value: Json, shape: Shape, targets: Mapping[str, Mapping[str, Record]]) -> Json:
    """A copy of a record in which each link holds what it leads to: `targets` are records by collection and key."""
    if isinstance(value, list):
        return [join(element, shape.item, targets) for element in value]
    if not isinstance(value, dict):
        return value
    joined = {name: inner for name, inner in value.items() if shape.has(name, value)}
    for prop in shape.properties.values():
        if prop.holder is not None:
            joined[prop.name] = _targets(value.get(prop.holder), targets[prop.shape.collection["name"]])
        elif prop.shape.is_object and prop.name in value:
            joined[prop.name] = join(value[prop.name], prop.shape, targets)
    return joined


def _targets(keys: Json, records: Mapping[str, Record]) -> Json:
    if isinstance(keys, list):
        return [records[str(key)] for key in keys if str(key) in records]
    return records.get(str(keys))


def values_at(value: Json, path: Path, shape: Shape) -> list[Json]:
    """All values at the end of a path, through lists, without nulls."""
    if value is None:
        return []
    if isinstance(value, list):
        return [found for element in value for found in values_at(element, path, shape.item)]
    if not path:
        return [value]
    prop = shape.properties[path[0]]
    return values_at(value.get(prop.name), path[1:], prop.shape)


def key_of(record: Record, shape: Shape) -> str:
    return str(record[shape.collection["key"]])
