"""Joins what extensions add to the schema of a catalog: computed fields, and fields and types of Strawberry classes.

Where these name a type of ours, by a stand-in or as a scalar, ours is put in its place.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)

from errors import ExtensionErrors
from execution.reads import Derive, Load
from models.collections.extras import Computed
from models.collections.loading import Catalog
from models.collections.source import did_you_mean
from models.extending import said
from resolvers.computed import Asked
from schema.footprints import READS, Reads
from schema.scalar_values import converted
from schema.scalars import SCALARS
from schema.strawberry_types import ROOTS, StrawberryTypes, described, is_stand_in, module_of, type_description
from schema.tasks import run_task_field


def extended(schema: GraphQLSchema, catalog: Catalog) -> GraphQLSchema:
    """The schema with all that extensions add to it. Raises `ExtensionErrors` where that can't be.

    Its record types get the computed fields, so that `schema` is not to be used any more.
    """
    computed = [(one.name, field) for one in catalog for field in one.computed.values()]
    extras = catalog.extras
    if not (computed or extras.tasks or extras.classes):
        return schema
    made = StrawberryTypes.of(catalog, computed)
    ours: dict[str, GraphQLNamedType] = {**SCALARS, **schema.type_map}
    if extras.tasks:
        names = ours["TaskName"] = _task_names(catalog)
        _fields(ours["Mutation"])["runTask"] = run_task_field(schema, names)
    joint = _Joint(ours, made)
    for name, field in computed:
        _fields(schema.type_map[name])[field.field] = joint.computed_field(field)
    fields = {root: joint.root(root) for root in ROOTS}
    if joint.problems:
        raise ExtensionErrors(list(dict.fromkeys(joint.problems)))
    query, mutation, subscription = (_root(schema.type_map[name], fields[name]) for name in ROOTS)
    whole = GraphQLSchema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=[*(one for name, one in schema.type_map.items() if name not in ROOTS), *joint.added],
        description=schema.description,
    )
    made.belong_to(whole)
    return whole


class _Joint:
    """Puts types of ours in the place of those that stand for them; what does not fit is noted in `problems`."""

    def __init__(self, ours: Mapping[str, GraphQLNamedType], made: StrawberryTypes) -> None:
        self._ours = ours
        self._made = made
        self._scalars: dict[str, GraphQLScalarType] = {}
        """Strawberry's own by the names of ours that stand in their place."""
        self.problems: list[str] = []
        for one in made.named:
            self._place(one)
        self.added = [one for one in made.named if one.name not in self._ours]
        """The types that are new."""
        for one in self.added:
            self._join(one)

    def root(self, name: str) -> dict[str, GraphQLField]:
        """All fields of `Query`, `Mutation` or `Subscription`."""
        fields = _fields(self._ours[name])
        added = self._made.fields_of(name)
        for taken in sorted(fields.keys() & added.keys()):
            told = f"the field {name}.{taken} is there already: give another name"
            self.problems.append(said(module_of(added[taken]), told))
        for key, field in added.items():
            self._join_field(key, field)
        return fields | added

    def computed_field(self, field: Computed) -> GraphQLField:
        """The field of a record type, which asks the extension for the values of all records of a tick."""
        type_ = self._joined(self._made.type_of(field))
        return GraphQLField(
            type_.of_type if isinstance(type_, GraphQLNonNull) else type_,
            resolve=Load(Derive(lambda node: node), Asked, lambda context: context.computed(field)),
            description=field.description,
            extensions={} if field.pure else {READS: Reads(unknown=True)},
        )

    def _place(self, one: GraphQLNamedType) -> None:
        """See whether a type of an extension is one of its own, or has one of ours in its place."""
        ours = self._ours.get(one.name)
        module = module_of(one)
        if is_stand_in(one):
            if ours is None:
                near = did_you_mean(one.name, (name for name in self._ours if not name.startswith("__")))
                self.problems.append(said(module, f"there is no type {one.name} to refer to{near}"))
        elif isinstance(ours, GraphQLScalarType) and isinstance(one, GraphQLScalarType):
            if ours is not one:
                self._scalars[one.name] = one
        elif ours is not None:
            told = f"the type {one.name} is there already: give another name, or refer to it with @reference"
            self.problems.append(said(module, told))

    def _join(self, one: GraphQLNamedType) -> None:
        one.description = type_description(one)
        if isinstance(one, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in one.fields.items():
                self._join_field(name, field)
        elif isinstance(one, GraphQLInputObjectType):
            for name, given in one.fields.items():
                given.type, given.description = self._joined(given.type), described(name, given)
        elif isinstance(one, GraphQLUnionType):
            one.__dict__["types"] = tuple(self._joined(member) for member in one.types)

    def _join_field(self, name: str, field: GraphQLField) -> None:
        field.type, field.description = self._joined(field.type), described(name, field)
        for key, argument in field.args.items():
            argument.type, argument.description = self._joined(argument.type), described(key, argument)
        converted(field, self._scalars)

    def _joined(self, type_: Any) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return GraphQLNonNull(self._joined(type_.of_type))
        if isinstance(type_, GraphQLList):
            return GraphQLList(self._joined(type_.of_type))
        return self._ours.get(type_.name, type_)


def _root(of: GraphQLNamedType, fields: Mapping[str, GraphQLField]) -> GraphQLObjectType:
    return GraphQLObjectType(of.name, dict(fields), description=of.description)


def _fields(of: Any) -> dict[str, GraphQLField]:
    found: dict[str, GraphQLField] = of.fields
    return found


def _task_names(catalog: Catalog) -> GraphQLEnumType:
    values = {
        one.name: GraphQLEnumValue(one.name, description=one.description) for one in catalog.extras.tasks.values()
    }
    return GraphQLEnumType("TaskName", values, description="What extensions do as tasks.")
