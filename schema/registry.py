"""The types that are made from the table of kinds and shared by all collections, by name."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from execution.reads import TypeOf
from models.collections.kinds import GEO, INT, MOMENTS, PATTERNS, TEXT, TEXTUAL, Kind
from schema.endpoint.costs import NOTHING, PART
from schema.scalars import DATE_TIME, JSON, SCALARS

T = TypeVar("T", bound=GraphQLNamedType)

_OPERATORS = {
    "eq": "Equal to it.",
    "ne": "Not equal to it; true of what has no value.",
    "in": "Equal to one of them; of none, nothing.",
    "gt": "Greater.",
    "gte": "Greater or equal.",
    "lt": "Less.",
    "lte": "Less or equal.",
    "startsWith": "Begins with it.",
    "contains": "Has it anywhere within.",
    "match": "Has all of its words, as the property's analyzer reads them.",
    "phrase": "Has its words in this order.",
}
_PLACES = {
    "lat": "Degrees north of the equator, -90 to 90.",
    "lon": "Degrees east of Greenwich, -180 to 180.",
    "withinMeters": "The radius, in metres.",
    "north": "The latitude of the upper side.",
    "south": "The latitude of the lower side.",
    "east": "The longitude of the right side.",
    "west": "The longitude of the left side.",
}
_EXISTS = "Whether there is a value: neither null nor an empty list."
_IGNORE_CASE = "Whether all of these operators take large and small letters as the same."


class Registry:
    """Makes each type once. Strawberry's types come in from outside, so that there is one of each name."""

    def __init__(self, known: Mapping[str, GraphQLNamedType]) -> None:
        self._types: dict[str, GraphQLNamedType] = {
            "String": GraphQLString,
            "Int": GraphQLInt,
            "Float": GraphQLFloat,
            "Boolean": GraphQLBoolean,
            "ID": GraphQLID,
            **SCALARS,
            **{name: one for name, one in known.items() if not name.startswith("__")},
        }

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The type called `name`, made by `make` if it is not there yet."""
        if name not in self._types:
            self._types[name] = make()
        found: Any = self._types[name]
        return found  # type: ignore[no-any-return]

    def scalar(self, name: str) -> Any:
        return self._types[name]

    # Filters

    def scalar_filter(self, kind: Kind, value: Any = None, name: str | None = None, title: str = "") -> Any:
        """The filter of one value: `StringFilter`, `IntFilter` …; of an enum it is named after the enum."""
        name = name or kind.filter
        value = value or self.scalar(kind.scalar)
        title = title or f"Conditions on a value of the type {value}; all that are given must hold."
        if kind is GEO:
            return self.once(name, lambda: GraphQLInputObjectType(name, self._geo_operators, title))
        return self.once(name, lambda: GraphQLInputObjectType(name, _scalar_operators(kind, value), title))

    def list_filter(self, kind: Kind, value: Any = None, name: str | None = None) -> Any:
        """The filter of a list of values: `StringListFilter` …"""
        name = name or f"{kind.name}ListFilter"
        value = value or self.scalar(kind.scalar)
        several = GraphQLList(GraphQLNonNull(value))

        def fields() -> dict[str, GraphQLInputField]:
            found = {
                "any": GraphQLInputField(several, description="Has at least one of them; of none, nothing."),
                "all": GraphQLInputField(several, description="Has each of them; of none, everything."),
                "none": GraphQLInputField(several, description="Has none of them; of none, everything."),
                "count": GraphQLInputField(self.count_filter, description="How many there are; an absent list has 0."),
                "exists": GraphQLInputField(GraphQLBoolean, description=_EXISTS),
            }
            if kind is TEXT:
                found |= {o: GraphQLInputField(GraphQLString, description=_OPERATORS[o]) for o in TEXTUAL}
            if kind.is_string:
                found["ignoreCase"] = GraphQLInputField(GraphQLBoolean, description=_IGNORE_CASE)
            return found

        title = f"Conditions on a list of values of the type {value}; all that are given must hold."
        return self.once(name, lambda: GraphQLInputObjectType(name, fields, title))

    @property
    def count_filter(self) -> Any:
        return self.scalar_filter(INT)

    def _geo_operators(self) -> dict[str, GraphQLInputField]:
        def numbers(*names: str) -> dict[str, GraphQLInputField]:
            number = GraphQLNonNull(GraphQLFloat)
            return {name: GraphQLInputField(number, description=_PLACES[name]) for name in names}

        near = self.once(
            "GeoNear",
            lambda: GraphQLInputObjectType(
                "GeoNear", numbers("lat", "lon", "withinMeters"), "A circle around a point, in metres."
            ),
        )
        box = self.once(
            "GeoBox",
            lambda: GraphQLInputObjectType(
                "GeoBox",
                numbers("north", "south", "east", "west"),
                "A box in degrees; with east less than west it crosses the date line.",
            ),
        )
        return {
            "near": GraphQLInputField(near, description="Within a distance of a point."),
            "box": GraphQLInputField(box, description="Inside a box."),
            "exists": GraphQLInputField(GraphQLBoolean, description=_EXISTS),
        }

    # Values

    @property
    def direction(self) -> Any:
        return self.once(
            "Direction",
            lambda: _enum(
                "Direction", "Which way an order goes.", {"ASC": "Small to large.", "DESC": "Large to small."}
            ),
        )

    @property
    def visibility(self) -> Any:
        values = {
            "COMMITTED": "Return when the write is stored.",
            "SEARCHABLE": "Return when searches see the write too.",
        }
        return self.once("Visibility", lambda: _enum("Visibility", "What a write waits for.", values))

    @property
    def geo_point(self) -> Any:
        number = GraphQLNonNull(GraphQLFloat)
        fields = {name: GraphQLField(number, description=_PLACES[name]) for name in ("lat", "lon")}
        title = "A place, in degrees."
        return self.once("GeoPoint", lambda: GraphQLObjectType("GeoPoint", fields, description=title, extensions=PART))

    @property
    def geo_point_input(self) -> Any:
        number = GraphQLNonNull(GraphQLFloat)
        fields = {name: GraphQLInputField(number, description=_PLACES[name]) for name in ("lat", "lon")}
        return self.once(
            "GeoPointInput", lambda: GraphQLInputObjectType("GeoPointInput", fields, "A place, in degrees.")
        )

    @property
    def geo_order(self) -> Any:
        fields = {
            "lat": GraphQLInputField(GraphQLNonNull(GraphQLFloat), description=_PLACES["lat"]),
            "lon": GraphQLInputField(GraphQLNonNull(GraphQLFloat), description=_PLACES["lon"]),
            "direction": GraphQLInputField(
                self.direction, default_value="ASC", description="ASC is the nearest first."
            ),
        }
        title = "By the distance from a point."
        return self.once("GeoOrder", lambda: GraphQLInputObjectType("GeoOrder", fields, title))

    @property
    def page_info(self) -> Any:
        fields = {
            "hasNextPage": GraphQLField(GraphQLNonNull(GraphQLBoolean), description="Whether there is more behind it."),
            "hasPreviousPage": GraphQLField(
                GraphQLNonNull(GraphQLBoolean), description="Whether there is more before it."
            ),
            "startCursor": GraphQLField(GraphQLString, description="The place of its first, for before."),
            "endCursor": GraphQLField(GraphQLString, description="The place of its last, for after."),
        }
        title = "Where a page stands, as the Relay specification says."
        return self.once(
            "PageInfo", lambda: GraphQLObjectType("PageInfo", fields, description=title, extensions=NOTHING)
        )

    @property
    def node(self) -> Any:
        fields = {"id": GraphQLField(GraphQLNonNull(GraphQLID), description="Names it, opaquely.")}
        title = "Anything that has an id of its own."
        return self.once(
            "Node", lambda: GraphQLInterfaceType("Node", fields, resolve_type=TypeOf(_type_name), description=title)
        )

    @property
    def record(self) -> Any:
        title = "What all records have."
        return self.once(
            "Record",
            lambda: GraphQLInterfaceType(
                "Record", self.envelope, interfaces=[self.node], resolve_type=TypeOf(_type_name), description=title
            ),
        )

    def envelope(self) -> dict[str, GraphQLField]:
        """The fields of every record but its history."""
        return {
            "id": GraphQLField(GraphQLNonNull(GraphQLID), description="Names the record, opaquely."),
            "key": GraphQLField(GraphQLString, description="Names the record outside, as text."),
            "revision": GraphQLField(GraphQLNonNull(GraphQLInt), description="Counts its writes, from 1."),
            "createdAt": GraphQLField(GraphQLNonNull(DATE_TIME), description="When it was made."),
            "updatedAt": GraphQLField(GraphQLNonNull(DATE_TIME), description="When it was written last."),
        }

    @property
    def user_error(self) -> Any:
        fields = {
            "code": GraphQLField(GraphQLNonNull(GraphQLString), description="Stable, for programs."),
            "message": GraphQLField(GraphQLNonNull(GraphQLString), description="What is wrong, for people."),
            "path": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString))),
                description="The way into the input, list positions as digits.",
            ),
        }
        title = "Why a write was refused; nothing of it was stored."
        return self.once(
            "UserError", lambda: GraphQLObjectType("UserError", fields, description=title, extensions=PART)
        )

    @property
    def highlight(self) -> Any:
        fields = {
            "path": GraphQLField(GraphQLNonNull(GraphQLString), description="The property, without list positions."),
            "fragments": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString))),
                description="HTML-escaped text with `<mark>` around what matched.",
            ),
        }
        title = "Where in a record the search matched."
        return self.once(
            "Highlight", lambda: GraphQLObjectType("Highlight", fields, description=title, extensions=PART)
        )

    @property
    def revision_connection(self) -> Any:
        revision = self.once(
            "Revision",
            lambda: GraphQLObjectType(
                "Revision",
                {
                    "revision": GraphQLField(GraphQLNonNull(GraphQLInt), description="Its number, from 1."),
                    "operation": GraphQLField(GraphQLNonNull(GraphQLString), description="What made it."),
                    "at": GraphQLField(GraphQLNonNull(DATE_TIME), description="When it was written."),
                    "by": GraphQLField(GraphQLString, description="Who wrote it."),
                    "data": GraphQLField(GraphQLNonNull(JSON), description="The record as it was then."),
                    "changes": GraphQLField(JSON, description="The merge patch from the revision before."),
                },
                description="One state of a record.",
            ),
        )
        return self.connection("Revision", revision, "The states of a record, newest first.")

    def connection(self, name: str, node: Any, title: str) -> Any:
        """A plain Relay connection."""
        edge = self.once(
            f"{name}Edge",
            lambda: GraphQLObjectType(
                f"{name}Edge",
                {
                    "node": GraphQLField(GraphQLNonNull(node), description="It itself."),
                    "cursor": GraphQLField(GraphQLNonNull(GraphQLString), description="Its place, for after."),
                },
                description="One of them, and its place.",
                extensions=NOTHING,
            ),
        )
        return self.once(
            f"{name}Connection",
            lambda: GraphQLObjectType(
                f"{name}Connection",
                {
                    "edges": GraphQLField(
                        GraphQLNonNull(GraphQLList(GraphQLNonNull(edge))), description="Each with its place."
                    ),
                    "nodes": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(node))), description="Each alone."),
                    "pageInfo": GraphQLField(GraphQLNonNull(self.page_info), description="Where the page stands."),
                },
                description=title,
            ),
        )


def _scalar_operators(kind: Kind, value: Any) -> dict[str, GraphQLInputField]:
    found: dict[str, GraphQLInputField] = {}
    for operator in kind.operators:
        wanted = GraphQLList(GraphQLNonNull(value)) if operator == "in" else value
        if operator in (*PATTERNS, *TEXTUAL):
            wanted = GraphQLString
        found[operator] = GraphQLInputField(wanted, description=_OPERATORS[operator])
    found["exists"] = GraphQLInputField(GraphQLBoolean, description=_EXISTS)
    if kind.is_string:
        found["ignoreCase"] = GraphQLInputField(GraphQLBoolean, description=_IGNORE_CASE)
    if kind in MOMENTS:
        zone = "The zone of `now` and of local times, such as Europe/London or +02:00; UTC if absent."
        found["timeZone"] = GraphQLInputField(GraphQLString, description=zone)
    return found


def _enum(name: str, title: str, values: Mapping[str, str]) -> GraphQLEnumType:
    members = {key: GraphQLEnumValue(key, description=text) for key, text in values.items()}
    return GraphQLEnumType(name, members, description=title)


def _type_name(value: Any) -> str:
    return str(value.collection.name)
