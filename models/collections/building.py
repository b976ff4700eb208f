"""Builds the shape of a collection's records from its JSON Schema."""

from collections.abc import Iterator
from typing import Any

from models.collections import kinds
from models.collections.alternatives import fill_from_all
from models.collections.annotations import (
    NOT_INDEXED,
    fit_search,
    read_link,
    read_property_access,
    read_search,
)
from models.collections.members import MembersBuilder
from models.collections.names import field_name, is_name, upper_first, words_of
from models.collections.properties import EnumValues, Property, Search, Shape
from models.collections.resolving import Resolved, Resolver
from models.collections.schema_kinds import enum_names
from models.collections.source import Pointer, Source, did_you_mean
from models.collections.type_names import OF_AN_ENUM, TypeNames
from models.collections.values import Values, values_of

ENVELOPE = frozenset({"id", "key", "revision", "createdAt", "updatedAt", "history"})
"""The fields that every record has; a property of such a name is prefixed by the type."""
FILTER_WORDS = frozenset({"and", "or", "not"})
MAX_SHAPES = 2_000
Refs = tuple[tuple[str, Shape], ...]


class ShapeBuilder:
    """Reads one collection's schema; what is wrong goes to the source's problems."""

    def __init__(self, source: Source, type_name: str) -> None:
        self.source = source
        self.resolver = Resolver(source)
        self.type_name = type_name
        self.names = TypeNames(type_name)
        self.shapes = 0

    def root(self, pointer: Pointer, description: str) -> Shape:
        """The shape of the records; `pointer` is where the schema stands in the file."""
        resolved = self.resolver.resolve(pointer)
        shape = Shape(self.type_name, description)
        several = [branch.resolved for branch in self.resolver.branches(resolved)]
        if any("properties" in one.schema for one in several):
            fill_from_all(self, shape, several)
            return shape
        if not isinstance(resolved.schema.get("properties"), dict):
            self.source.problem(pointer, "schema must describe an object with properties")
            return shape
        # What refers to the whole is an object inside a record, without the envelope: a type of its own.
        self._fill(shape, resolved, ())
        return shape

    def _fill(self, shape: Shape, resolved: Resolved, refs: Refs) -> None:
        required = self.required(resolved)
        for name in resolved.schema["properties"]:
            self._add(shape, name, (*resolved.home(name), name), name in required, refs)

    def required(self, resolved: Resolved) -> list[str]:
        """The JSON names that an object must have; what is no property is reported."""
        required: list[str] = resolved.schema.get("required", [])
        properties = resolved.schema["properties"]
        for name in required:
            if name not in properties:
                self.source.problem(
                    resolved.pointer("required"),
                    f"required property {name!r} is not among the properties{did_you_mean(str(name), properties)}",
                )
        return required

    def _add(self, shape: Shape, name: str, at: Pointer, required: bool, refs: Refs) -> None:
        resolved = self.resolver.resolve(at)
        field = self.field(shape, name, resolved)
        if field is None:
            return
        values = values_of(self.resolver, resolved)
        for prop, pointer in self.properties(shape, name, field, resolved, values, refs):
            prop.required = prop.link is None and required and not prop.nullable
            self.put(shape, prop, pointer)

    def properties(
        self, shape: Shape, name: str, field: str, resolved: Resolved, values: Values, refs: Refs
    ) -> Iterator[tuple[Property, Pointer]]:
        """A property, and the link beside it; each with the place in the file to name where it does not fit."""
        prop = self._property(shape, name, field, resolved, values, refs)
        yield prop, resolved.at
        given, pointer = self.annotation(resolved, "x-link")
        spec = read_link(self.source, pointer, given, name) if given is not None else None
        if given is not None and (not prop.is_scalar or prop.kind in (kinds.GEO, kinds.BOOLEAN)):
            self.source.problem(pointer, f"only strings and numbers, and lists of them, can be links; {name} is none")
        elif spec:
            description = f"The {spec.collection} that `{field}` names."
            type_name = self.names.new(shape.type_name + upper_first(spec.field))
            link = Property(
                name, spec.field, kinds.LINK, description, many=prop.many, link=spec, access=prop.access,
                shape=Shape(type_name, description, of_list=prop.many), type_name=type_name,
                search=Search(indexed=prop.search.indexed),
            )  # fmt: skip
            yield link, pointer

    def put(self, shape: Shape, prop: Property, at: Pointer) -> None:
        """Place a property in a shape; one whose name is taken is reported."""
        other = shape.properties.get(prop.field)
        if other and prop.kind is kinds.LINK:
            both = f"the link of {prop.name!r} and {other.name!r} are both {prop.field}"
            self.source.problem(at, f"{both}: name the link with as")
        elif other:
            self.source.problem(at, f"{prop.name!r} and {other.name!r} are both {prop.field}: name one with x-name")
        elif prop.field in FILTER_WORDS:
            self.source.problem(at, f"{prop.field!r} is an operator of filters: name the property with x-name")
        elif shape.type_name == self.type_name and prop.field in ENVELOPE:
            self.source.problem(at, f"every record has a field {prop.field} already: give another name")
        else:
            shape.properties[prop.field] = prop

    def field(self, shape: Shape, name: str, resolved: Resolved) -> str | None:
        """What a property is called in GraphQL; `None`, and reported, if it can't be called anything."""
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

    def annotation(self, resolved: Resolved, keyword: str) -> tuple[Any, Pointer]:
        """An annotation of a property, which for a list may stand at the list or at its items."""
        if keyword not in resolved.schema and isinstance(resolved.schema.get("items"), dict):
            resolved = self.resolver.resolve(resolved.pointer("items"))
        return resolved.schema.get(keyword), resolved.pointer(keyword)

    def description(self, resolved: Resolved, name: str) -> str:
        return str(resolved.schema.get("description") or f"The {words_of(name) or name}.")

    def _property(
        self, shape: Shape, name: str, field: str, resolved: Resolved, values: Values, refs: Refs
    ) -> Property:
        given, at = self.annotation(resolved, "x-search")
        search = Search() if given is None else read_search(self.source, at, given)
        access, access_at = self.annotation(resolved, "x-access")
        prop = Property(
            name=name,
            field=field,
            kind=values.kind,
            description=self.description(resolved, name),
            nullable=values.nullable,
            many=values.many,
            items_nullable=values.items_nullable,
            search=search,
            access=None if access is None else read_property_access(self.source, access_at, access),
        )
        self._make_types(prop, values, shape.type_name + upper_first(field), refs)
        if search is not NOT_INDEXED:
            fit_search(self.source, at, search, prop.kind, name)
        if search.analyzer and prop.kind is kinds.STRING:
            prop.kind = kinds.TEXT
        return prop

    def _make_types(self, prop: Property, values: Values, type_name: str, refs: Refs) -> None:
        if prop.kind is kinds.OBJECT:
            recursive = next((shape for ref, shape in refs if ref in values.element.refs), None)
            prop.shape = recursive or self._shape(values, type_name, prop.description, refs)
            prop.shape.of_list = prop.shape.of_list if recursive else prop.many
            # A recursive shape is called after where it begins; the filter of a list further down has its own name.
            prop.type_name = self.names.new(type_name, ("Filter",)) if recursive and prop.many else prop.shape.type_name
        elif prop.kind is kinds.ENUM:
            prop.enum = EnumValues(self.names.new(type_name, OF_AN_ENUM), enum_names(values.element.schema))

    def _shape(self, values: Values, type_name: str, description: str, refs: Refs) -> Shape:
        self.shapes += 1
        element = values.element
        if self.shapes > MAX_SHAPES:
            self.source.problem(element.at, f"the schema makes more than {MAX_SHAPES} types: let $defs be simpler")
            return Shape(type_name, description)
        shape = Shape(self.names.new(type_name), str(element.schema.get("description") or description))
        refs = (*refs, *((ref, shape) for ref in element.refs))
        if values.union:
            MembersBuilder(self, shape, values.union, refs).build()
        else:
            self._fill(shape, element, refs)
        return shape
