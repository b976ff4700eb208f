"""The input types of a collection: filters, orders, and what its mutations take."""

from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

from models.collections.kinds import ENUM, GEO, LINK
from models.collections.orders import RELEVANCE_FIELD, is_ordered, order_field
from models.collections.properties import Collection, Property, Shape
from schema.outputs import Outputs, listed
from schema.registry import Registry


class Inputs:
    """Makes the input types, by the shape of the records."""

    def __init__(self, registry: Registry, outputs: Outputs) -> None:
        self._registry = registry
        self._outputs = outputs

    # Filters

    def filter(self, shape: Shape, *, root: bool = False) -> GraphQLInputObjectType:
        """The filter of an object: a condition on each property, and `and`, `or`, `not`."""
        name = f"{shape.type_name}{'Element' if shape.of_list else ''}Filter"

        def fields() -> dict[str, GraphQLInputField]:
            own: Any = self._registry.scalar(name)
            found = {
                "and": GraphQLInputField(listed(own), description="All of them hold; of none, this holds."),
                "or": GraphQLInputField(listed(own), description="One of them holds; of none, this does not."),
                "not": GraphQLInputField(own, description="It does not hold."),
            }
            for prop in shape.properties.values():
                type_ = self._condition(prop)
                if type_ is not None:
                    found[prop.field] = GraphQLInputField(type_, description=prop.description)
            if not root and "exists" not in found:
                found["exists"] = GraphQLInputField(GraphQLBoolean, description="Whether there is one.")
            return found

        title = f"Conditions on {shape.type_name}; all that are given must hold."
        return self._registry.once(name, lambda: GraphQLInputObjectType(name, fields, title))

    def _condition(self, prop: Property) -> Any:
        if not prop.is_indexed:
            return None
        if prop.shape and prop.many:
            return self._elements(prop)
        if prop.shape:
            return self.filter(prop.shape)
        if prop.kind is ENUM:
            return self._enum_filter(prop)
        if prop.kind is GEO:
            return None if prop.many else self._registry.scalar_filter(GEO, self._registry.geo_point)
        return self._registry.list_filter(prop.kind) if prop.many else self._registry.scalar_filter(prop.kind)

    def _enum_filter(self, prop: Property) -> Any:
        enum = self._outputs.enum(prop)
        if prop.many:
            return self._registry.list_filter(ENUM, enum, f"{enum.name}ListFilter")
        return self._registry.scalar_filter(ENUM, enum, f"{enum.name}Filter")

    def _elements(self, prop: Property) -> GraphQLInputObjectType:
        shape = prop.shape
        assert shape
        name = f"{prop.type_name}Filter"

        def fields() -> dict[str, GraphQLInputField]:
            inner = self.filter(shape)
            return {
                "some": GraphQLInputField(inner, description="At least one element meets it."),
                "none": GraphQLInputField(inner, description="No element meets it."),
                "every": GraphQLInputField(inner, description="Each element meets it; true of an empty list."),
                "count": GraphQLInputField(self._registry.count_filter, description="How many elements there are."),
                "exists": GraphQLInputField(GraphQLBoolean, description="Whether there is any element."),
            }

        title = f"Conditions on the elements of {prop.field}; all that are given must hold."
        return self._registry.once(name, lambda: GraphQLInputObjectType(name, fields, title))

    # Orders

    def order(self, shape: Shape, *, root: bool = True) -> GraphQLInputObjectType | None:
        """The order input of an object, with one field set; `None` if there is nothing to order by."""
        if not root and not _has_order(shape, ()):
            return None
        name = f"{shape.type_name}Order"

        def fields() -> dict[str, GraphQLInputField]:
            found: dict[str, GraphQLInputField] = {}
            if root:
                best = "By how well the search is met; DESC is the best first."
                found[RELEVANCE_FIELD] = GraphQLInputField(self._registry.direction, description=best)
            for prop in shape.properties.values():
                type_ = self._order_field(prop)
                if type_ is not None:
                    name = order_field(shape, prop, root=root)
                    found[name] = GraphQLInputField(type_, description=prop.description)
            return found

        title = "What to order by: one of the fields. What has no value comes last, ties are broken by the key."
        return self._registry.once(
            name, lambda: GraphQLInputObjectType(name, fields, description=title, is_one_of=True)
        )

    def _order_field(self, prop: Property) -> Any:
        if not prop.is_indexed:
            return None
        if prop.shape:
            return self.order(prop.shape, root=False)
        if not is_ordered(prop):
            return None
        return self._registry.geo_order if prop.kind is GEO else self._registry.direction

    # What mutations take

    def record_input(self, collection: Collection) -> GraphQLInputObjectType:
        return self._input(collection.shape, "Input", f"A new {collection.name}.")

    def record_patch(self, collection: Collection) -> GraphQLInputObjectType:
        title = (
            f"Changes to a {collection.name}: what is absent stays, null removes, objects are merged, lists replaced."
        )
        return self._input(collection.shape, "Patch", title)

    def _input(self, shape: Shape, suffix: str, title: str) -> GraphQLInputObjectType:
        name = f"{shape.type_name}{suffix}"

        def fields() -> dict[str, GraphQLInputField]:
            return {
                prop.field: GraphQLInputField(self._input_type(prop, suffix), description=prop.description)
                for prop in shape.properties.values()
                if prop.kind is not LINK and not prop.server_set
            }

        return self._registry.once(name, lambda: GraphQLInputObjectType(name, fields, title))

    def _input_type(self, prop: Property, suffix: str) -> Any:
        if prop.shape:
            type_: Any = self._input(prop.shape, "Input" if prop.many else suffix, prop.shape.description)
        elif prop.kind is GEO:
            type_ = self._registry.geo_point_input
        else:
            type_ = self._outputs.value(prop)
        if prop.many:
            type_ = GraphQLList(type_ if prop.items_nullable else GraphQLNonNull(type_))
        return GraphQLNonNull(type_) if prop.required and suffix == "Input" else type_


def _has_order(shape: Shape, above: tuple[Shape, ...]) -> bool:
    if shape in above:
        return False
    return any(
        prop.is_indexed and (_has_order(prop.shape, (*above, shape)) if prop.shape else is_ordered(prop))
        for prop in shape.properties.values()
    )
