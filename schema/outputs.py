"""The object types of a collection: its records, and the objects inside them."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from execution.reads import SOURCE, Derive, Load, Read, TypeOf
from models.collections.kinds import ENUM, GEO, LINK
from models.collections.properties import Collection, Property, Shape, key_text
from resolvers.context import Context
from resolvers.nodes import Node, global_id, moment_text
from schema.endpoint.costs import PART
from schema.info import Info
from schema.registry import Registry

Resolver = Callable[..., Any]


def required(type_: Any) -> Any:
    return GraphQLNonNull(type_)


def listed(type_: Any) -> Any:
    """`[T!]`."""
    return GraphQLList(GraphQLNonNull(type_))


class Outputs:
    """Makes the object types; what a property's resolver does is plain key access on the document."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._reverse: dict[str, dict[str, GraphQLField]] = {}

    def add_reverse(self, collection: str, name: str, field: GraphQLField) -> None:
        """Add a field to a record type; types take their fields late, when all of them are known."""
        self._reverse.setdefault(collection, {})[name] = field

    def record(self, collection: Collection, history: GraphQLField) -> GraphQLObjectType:
        registry = self._registry

        def fields() -> dict[str, GraphQLField]:
            found = {name: GraphQLField(f.type, resolve=_ENVELOPE[name], description=f.description)
                     for name, f in registry.envelope().items()}  # fmt: skip
            found |= self._fields(collection.shape, root=True)
            found |= self._reverse.get(collection.name, {})
            found["history"] = history
            return found

        return registry.once(
            collection.name,
            lambda: GraphQLObjectType(
                collection.name,
                fields,
                interfaces=[registry.node, registry.record],
                description=collection.description,
                extensions={SOURCE: Node},
            ),
        )

    def shape(self, shape: Shape) -> GraphQLObjectType | GraphQLUnionType:
        """The type of an object; of a union that of its members, told by what is in an object."""
        if shape.members:
            return self._registry.once(shape.type_name, lambda: self._union(shape))
        return self._registry.once(
            shape.type_name,
            lambda: GraphQLObjectType(
                shape.type_name, lambda: self._fields(shape, root=False), description=shape.description, extensions=PART
            ),
        )

    def _union(self, shape: Shape) -> GraphQLUnionType:
        types: Any = [self.shape(member.shape) for member in shape.members]

        def type_name(value: Any) -> str | None:
            return next((m.shape.type_name for m in shape.members if m.mark.is_on(value)), None)

        return GraphQLUnionType(
            shape.type_name, types, TypeOf(type_name), description=shape.description, extensions=PART
        )

    def enum(self, prop: Property) -> GraphQLEnumType:
        enum = prop.enum
        assert enum
        values = {
            name: GraphQLEnumValue(value, description=f"The value `{value}`.") for name, value in enum.by_name.items()
        }
        return self._registry.once(
            enum.type_name, lambda: GraphQLEnumType(enum.type_name, values, description=prop.description)
        )

    def value(self, prop: Property) -> Any:
        """The type of one value of a property that is no object."""
        if prop.kind is ENUM:
            return self.enum(prop)
        return self._registry.geo_point if prop.kind is GEO else self._registry.scalar(prop.kind.scalar)

    def _fields(self, shape: Shape, *, root: bool) -> dict[str, GraphQLField]:
        return {
            prop.field: self._link(prop, root=root) if prop.kind is LINK else self._field(prop, root=root)
            for prop in shape.properties.values()
        }

    def _field(self, prop: Property, *, root: bool) -> GraphQLField:
        type_: Any = self.shape(prop.shape) if prop.shape else self.value(prop)
        if prop.many:
            type_ = GraphQLList(type_ if prop.items_nullable else GraphQLNonNull(type_))
        if prop.required and not (prop.access and prop.access.read):
            type_ = GraphQLNonNull(type_)
        return GraphQLField(type_, resolve=_guarded(prop, _plain(prop, root=root)), description=prop.description)

    def _link(self, prop: Property, *, root: bool) -> GraphQLField:
        assert prop.link
        target: Any = self._registry.scalar(prop.link.collection)
        type_ = required(GraphQLList(target)) if prop.many else target
        return GraphQLField(type_, resolve=_guarded(prop, _link(prop, root=root)), description=prop.description)


_ENVELOPE: dict[str, Resolver] = {
    "id": Derive(lambda node: global_id(node.collection.name, node.id)),
    "key": Derive(attrgetter("key")),
    "revision": Derive(attrgetter("revision")),
    "createdAt": Derive(lambda node: moment_text(node.created_at)),
    "updatedAt": Derive(lambda node: moment_text(node.updated_at)),
}


def _plain(prop: Property, *, root: bool) -> Read:
    return Read(prop.name, "data" if root else None)


def _guarded(prop: Property, resolve: Resolver) -> Resolver:
    """A property with rules of its own reads as null for others."""
    if prop.access is None or prop.access.read is None:
        return resolve

    def guarded(source: Any, info: Info) -> Any:
        context: Context = info.context
        return resolve(source, info) if context.may_see(prop) else ([] if prop.kind is LINK and prop.many else None)

    return guarded


def _link(prop: Property, *, root: bool) -> Load:
    """Gives the records that a property names by their keys."""
    assert prop.link
    target = prop.link.collection
    return Load(_plain(prop, root=root), lambda value: (target, key_text(value)), attrgetter("by_key"), many=prop.many)


def page_arguments(*, backward: bool = True) -> dict[str, GraphQLArgument]:
    """The arguments of a connection."""
    forward = {
        "first": GraphQLArgument(GraphQLInt, description="How many, 20 if absent, 1,000 at most."),
        "after": GraphQLArgument(GraphQLString, description="Begin behind this cursor."),
    }
    if not backward:
        return forward
    return forward | {
        "last": GraphQLArgument(GraphQLInt, description="How many from the end; not together with first."),
        "before": GraphQLArgument(GraphQLString, description="End before this cursor."),
    }
