"""Builds the shape of a collection's records from its JSON Schema."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from models.collections import kinds
from models.collections.annotations import (
    NOT_INDEXED,
    fit_search,
    read_link,
    read_property_access,
    read_search,
)
from models.collections.keywords import KEYWORDS, TYPES
from models.collections.kinds import Kind
from models.collections.names import enum_name, field_name, is_name, upper_first, words_of
from models.collections.properties import EnumValues, Property, Search, Shape
from models.collections.source import Pointer, Source, did_you_mean
from models.collections.type_names import OF_AN_ENUM, TypeNames

ENVELOPE = frozenset({"id", "key", "revision", "createdAt", "updatedAt", "history"})
"""The fields that every record has; a property of such a name is prefixed by the type."""
FILTER_WORDS = frozenset({"and", "or", "not"})
INT_LIMITS = (-(2**31), 2**31 - 1)
MAX_SHAPES = 2_000
Schema = dict[str, Any]
Refs = tuple[tuple[str, Shape], ...]


@dataclass(frozen=True)
class Resolved:
    """A schema with its references followed; `where` tells in which place of the file each keyword stands."""

    schema: Schema
    where: dict[str, Pointer]
    at: Pointer
    refs: frozenset[str] = frozenset()

    def pointer(self, keyword: str) -> Pointer:
        return (*self.where.get(keyword, self.at), keyword)


class ShapeBuilder:
    """Reads one collection's schema; what is wrong goes to the source's problems."""

    def __init__(self, source: Source, type_name: str) -> None:
        self.source = source
        self.type_name = type_name
        self.names = TypeNames(type_name)
        self.shapes = 0

    def root(self, pointer: Pointer, description: str) -> Shape:
        """The shape of the records; `pointer` is where the schema stands in the file."""
        resolved = self.resolve(pointer)
        shape = Shape(self.type_name, description)
        if not isinstance(resolved.schema.get("properties"), dict):
            self.source.problem(pointer, "schema must describe an object with properties")
            return shape
        # What refers to the whole is an object inside a record, without the envelope: a type of its own.
        self._fill(shape, resolved, ())
        return shape

    def resolve(self, pointer: Pointer) -> Resolved:
        """The schema at `pointer`, with `$ref`, `allOf` and a nullable `anyOf`/`oneOf` folded into it."""
        schema: Schema = {}
        where: dict[str, Pointer] = {}
        refs: set[str] = set()
        self._gather(pointer, schema, where, refs)
        return Resolved(schema, where, pointer, frozenset(refs))

    def _gather(self, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]) -> None:
        node = self._at(at)
        if isinstance(node, bool):
            return
        if not isinstance(node, dict):
            self.source.problem(at, "a schema must be a mapping")
            return
        self._check_keywords(node, at)
        for keyword, value in node.items():
            if keyword == "properties" and isinstance(value, dict) and isinstance(schema.get("properties"), dict):
                for name in value:
                    where.setdefault(f"properties/{name}", (*at, "properties"))
                schema["properties"] = {**value, **schema["properties"]}
            elif keyword == "required" and isinstance(value, list):
                schema["required"] = [*schema.get("required", []), *value]
            elif keyword not in schema:
                schema[keyword] = value
                where[keyword] = at
        for position, _ in enumerate(node.get("allOf") or []):
            self._gather((*at, "allOf", position), schema, where, refs)
        self._follow(node, at, schema, where, refs)
        self._fold_nullable(node, at, schema, where, refs)

    def _follow(self, node: Schema, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]) -> None:
        ref = node.get("$ref")
        if not isinstance(ref, str) or ref in refs:
            return
        target = self._target(ref)
        if target is None:
            names = (self.source.data.get("schema", {}) or {}).get("$defs", {})
            advice = did_you_mean(ref, [f"#/$defs/{quote(name)}" for name in names])
            self.source.problem((*at, "$ref"), f"{ref} points to nothing in this schema{advice}")
            return
        refs.add(ref)
        self._gather(target, schema, where, refs)

    def _fold_nullable(
        self, node: Schema, at: Pointer, schema: Schema, where: dict[str, Pointer], refs: set[str]
    ) -> None:
        for keyword in ("anyOf", "oneOf"):
            options = node.get(keyword)
            if not isinstance(options, list):
                continue
            kept = [i for i, option in enumerate(options) if option != {"type": "null"}]
            if len(kept) == 1 and len(options) == 2:
                del schema[keyword]
                self._gather((*at, keyword, kept[0]), schema, where, refs)
                schema["nullable"] = True

    def _at(self, pointer: Pointer) -> Any:
        node = self.source.data
        for step in pointer:
            node = node[step]
        return node

    def _target(self, ref: str) -> Pointer | None:
        if ref != "#" and not ref.startswith("#/"):
            return None
        pointer: Pointer = ("schema",)
        node = self.source.data.get("schema")
        for raw in ref[1:].split("/")[1:]:
            step = unquote(raw).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and step.isdigit() and int(step) < len(node):
                node, pointer = node[int(step)], (*pointer, int(step))
            elif isinstance(node, dict) and step in node:
                node, pointer = node[step], (*pointer, step)
            else:
                return None
        return pointer

    def _check_keywords(self, node: Schema, at: Pointer) -> None:
        for keyword in node:
            near = did_you_mean(keyword, KEYWORDS)
            if keyword not in KEYWORDS and near.startswith(" (did you mean"):
                self.source.problem((*at, keyword), f"keyword {keyword!r} is not known{near}")
        given = node.get("type")
        for one in given if isinstance(given, list) else [given] if given is not None else []:
            if one not in TYPES:
                self.source.unknown((*at, "type"), "type", str(one), TYPES)
        if node.get("enum") == []:
            self.source.problem((*at, "enum"), "enum must list at least one value: nothing could ever be stored")

    def _fill(self, shape: Shape, resolved: Resolved, refs: Refs) -> None:
        required = resolved.schema.get("required", [])
        properties = resolved.schema["properties"]
        for name in required:
            if name not in properties:
                self.source.problem(
                    resolved.pointer("required"),
                    f"required property {name!r} is not among the properties{did_you_mean(str(name), properties)}",
                )
        for name in properties:
            home = resolved.where.get(f"properties/{name}", resolved.pointer("properties"))
            self._add(shape, name, (*home, name), name in required, refs)

    def _add(self, shape: Shape, name: str, at: Pointer, required: bool, refs: Refs) -> None:
        resolved = self.resolve(at)
        field = self._field(shape, name, resolved)
        if field is None:
            return
        prop = self._property(shape, name, field, resolved, required, refs)
        self._put(shape, prop, at)
        given, pointer = self._annotation(resolved, "x-link")
        if given is None:
            return
        spec = read_link(self.source, pointer, given, name)
        if not prop.is_scalar or prop.kind in (kinds.GEO, kinds.BOOLEAN):
            self.source.problem(pointer, f"only strings and numbers, and lists of them, can be links; {name} is none")
        elif spec:
            description = f"The {spec.collection} that `{field}` names."
            type_name = self.names.new(shape.type_name + upper_first(spec.field))
            link = Property(
                name, spec.field, kinds.LINK, description, many=prop.many, link=spec, access=prop.access,
                shape=Shape(type_name, description), type_name=type_name, search=Search(indexed=prop.search.indexed),
            )  # fmt: skip
            self._put(shape, link, pointer)

    def _put(self, shape: Shape, prop: Property, at: Pointer) -> None:
        other = shape.properties.get(prop.field)
        if other:
            self.source.problem(at, f"{prop.name!r} and {other.name!r} are both {prop.field}: name one with x-name")
        elif prop.field in FILTER_WORDS:
            self.source.problem(at, f"{prop.field!r} is an operator of filters: name the property with x-name")
        elif shape.type_name == self.type_name and prop.field in ENVELOPE:
            self.source.problem(at, f"every record has a field {prop.field} already: give another name")
        else:
            shape.properties[prop.field] = prop

    def _field(self, shape: Shape, name: str, resolved: Resolved) -> str | None:
        given = resolved.schema.get("x-name")
        if given is not None:
            if isinstance(given, str) and is_name(given):
                return given
            self.source.problem(resolved.pointer("x-name"), "x-name must be a GraphQL name (letters, digits and _)")
            return None
        field = field_name(name)
        if field is None:
            self.source.problem(resolved.at, f"nothing of {name!r} can be a GraphQL name: give one with x-name")
            return None
        if shape.type_name == self.type_name and field in ENVELOPE:
            return self.type_name[0].lower() + self.type_name[1:] + upper_first(field)
        return field

    def _annotation(self, resolved: Resolved, keyword: str) -> tuple[Any, Pointer]:
        """An annotation of a property, which for a list may stand at the list or at its items."""
        if keyword not in resolved.schema and isinstance(resolved.schema.get("items"), dict):
            resolved = self.resolve(resolved.pointer("items"))
        return resolved.schema.get(keyword), resolved.pointer(keyword)

    def _property(
        self, shape: Shape, name: str, field: str, resolved: Resolved, required: bool, refs: Refs
    ) -> Property:
        given, at = self._annotation(resolved, "x-search")
        search = Search() if given is None else read_search(self.source, at, given)
        access, access_at = self._annotation(resolved, "x-access")
        prop = Property(
            name=name,
            field=field,
            kind=kinds.JSON,
            description=str(resolved.schema.get("description") or f"The {words_of(name) or name}."),
            search=search,
            access=None if access is None else read_property_access(self.source, access_at, access),
        )
        self._set_kind(prop, resolved, shape.type_name + upper_first(field), refs)
        if search is not NOT_INDEXED:
            fit_search(self.source, at, search, prop.kind, name)
        if search.analyzer and prop.kind.is_string:
            prop.kind = kinds.TEXT if prop.kind is kinds.STRING else prop.kind
        prop.nullable = _nullable(resolved.schema)
        prop.required = required and not prop.nullable
        return prop

    def _set_kind(self, prop: Property, resolved: Resolved, type_name: str, refs: Refs) -> None:
        element = resolved
        if _types(resolved.schema) == {"array"}:
            element = self.resolve(resolved.pointer("items")) if "items" in resolved.schema else Resolved({}, {}, ())
            prop.many = True
            prop.items_nullable = _nullable(element.schema)
        kind = kind_of(element.schema)
        if kind is kinds.OBJECT:
            recursive = next((shape for ref, shape in refs if ref in element.refs), None)
            prop.shape = recursive or self._shape(element, type_name, prop.description, refs)
            # A recursive shape is called after where it begins; the filter of a list further down has its own name.
            prop.type_name = self.names.new(type_name, ("Filter",)) if recursive and prop.many else prop.shape.type_name
        elif kind is kinds.ENUM:
            prop.enum = self._enum(element, type_name)
            kind = kind if prop.enum else kinds.STRING
        elif kind is kinds.JSON:
            prop.many = False
        prop.kind = kind

    def _shape(self, resolved: Resolved, type_name: str, description: str, refs: Refs) -> Shape:
        self.shapes += 1
        if self.shapes > MAX_SHAPES:
            self.source.problem(resolved.at, f"the schema makes more than {MAX_SHAPES} types: let $defs be simpler")
            return Shape(type_name, description)
        shape = Shape(self.names.new(type_name), str(resolved.schema.get("description") or description))
        self._fill(shape, resolved, (*refs, *((ref, shape) for ref in resolved.refs)))
        return shape

    def _enum(self, resolved: Resolved, type_name: str) -> EnumValues | None:
        """The enum's names; `None` where two values would have one name, so that it stays a string."""
        values = [value for value in _enum_values(resolved.schema) if value is not None]
        by_name = {enum_name(value): value for value in values}
        if len(by_name) < len(set(values)):
            return None
        return EnumValues(self.names.new(type_name, OF_AN_ENUM), by_name)


def _enum_values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum") or [])


def _types(schema: Schema) -> set[str]:
    given = schema.get("type")
    if given is None:
        return {"object"} if "properties" in schema else {"array"} if "items" in schema else set()
    return set(given if isinstance(given, list) else [given]) - {"null"}


def _nullable(schema: Schema) -> bool:
    given = schema.get("type")
    types = given if isinstance(given, list) else [given]
    if schema.get("nullable") is True or "null" in types:
        return not ("enum" in schema and None not in schema["enum"])
    if "enum" in schema or "const" in schema:
        return given is None and None in _enum_values(schema)
    return given is None and not ({"properties", "items"} & schema.keys())


def kind_of(schema: Schema) -> Kind:
    """The kind of the values of a schema that is no list; `JSON` for what has no fixed shape."""
    types = _types(schema)
    values = [value for value in _enum_values(schema) if value is not None]
    if values:
        return kinds.ENUM if all(isinstance(value, str) for value in values) else _typed(types, schema, values)
    return _typed(types, schema, values)


def _typed(types: set[str], schema: Schema, values: list[Any]) -> Kind:  # noqa: PLR0911 - one line a type
    if not types:
        types = _types_of(values)
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


def _types_of(values: list[Any]) -> set[str]:
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
    bounds += _enum_values(schema)
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    low, high = INT_LIMITS
    return schema.get("format") == "int64" or any(not low <= bound <= high for bound in numbers)
