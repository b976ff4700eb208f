"""`groupBy` of a collection's connection: its types, and what of a search it asks for."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLString,
)

from execution.reads import SOURCE, Derive, Named
from indexing.group_keys import key_text_of
from indexing.search_query import Group
from models.collections.annotations import CALENDAR
from models.collections.properties import Collection, Path
from resolvers.searches import Connection
from resolvers.searches import Groups as Page
from schema.endpoint.costs import NOTHING
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.stats import StatsSource, StatsTypes, is_counted


@dataclass(frozen=True)
class GroupSource:
    """One group of a page."""

    groups: Page
    group: Group


class Groups:
    """Makes the types of `groupBy`."""

    def __init__(self, registry: Registry, stats: StatsTypes) -> None:
        self._registry = registry
        self._stats = stats

    def field(self, collection: Collection) -> GraphQLField | None:
        """The field `groupBy`; `None` where there is nothing to group by."""
        if not group_paths(collection):
            return None
        arguments = {
            "by": GraphQLArgument(
                required(listed(self._fields(collection))), description="The properties whose values make the groups."
            ),
            "intervals": GraphQLArgument(
                listed(self._interval(collection)),
                description="Groups of intervals; for the properties named, in place of what the collection file says.",
            ),
            **page_arguments(backward=False),
        }
        title = "The records by the values of properties, counted: in the order of the values, what has none last."
        return GraphQLField(required(self._connection(collection)), arguments, Named(_groups), description=title)

    def _fields(self, collection: Collection) -> Any:
        name = f"{collection.name}GroupField"
        values = {
            key: GraphQLEnumValue(path, description=path.last.description)
            for key, path in group_paths(collection).items()
        }
        title = "What can be grouped by: properties, named by their paths."
        return self._registry.once(name, lambda: GraphQLEnumType(name, values, description=title))

    @property
    def _calendar(self) -> Any:
        values = {unit.upper(): GraphQLEnumValue(unit, description=f"By the {unit}.") for unit in CALENDAR}
        return self._registry.once(
            "CalendarInterval",
            lambda: GraphQLEnumType(
                "CalendarInterval", values, description="Units of the calendar; weeks from Monday."
            ),
        )

    def _interval(self, collection: Collection) -> Any:
        name = f"{collection.name}GroupInterval"
        zone = "In which zone moments are taken, such as Europe/London or +02:00; UTC if absent."

        def fields() -> dict[str, GraphQLInputField]:
            return {
                "field": GraphQLInputField(required(self._fields(collection)), description="Which property."),
                "interval": GraphQLInputField(GraphQLFloat, description="The width of intervals of numbers."),
                "calendarInterval": GraphQLInputField(self._calendar, description="The unit of days and moments."),
                "timeZone": GraphQLInputField(GraphQLString, description=zone),
            }

        title = "How a property is grouped by; with neither interval by each of its values."
        return self._registry.once(name, lambda: GraphQLInputObjectType(name, fields, title))

    def _connection(self, collection: Collection) -> Any:
        name, bucket = f"{collection.name}GroupConnection", self._bucket(collection)
        edge = self._registry.once(
            f"{collection.name}GroupEdge",
            lambda: GraphQLObjectType(
                f"{collection.name}GroupEdge",
                {
                    "node": GraphQLField(required(bucket), resolve=Derive(lambda s: s), description="The group."),
                    "cursor": GraphQLField(
                        required(GraphQLString), resolve=Derive(_cursor), description="Its place, for after."
                    ),
                },
                description="A group and its place.",
                extensions={SOURCE: GroupSource, **NOTHING},
            ),
        )
        fields = {
            "edges": GraphQLField(
                required(listed(edge)), resolve=Derive(_nodes), description="The groups with their places."
            ),
            "nodes": GraphQLField(required(listed(bucket)), resolve=Derive(_nodes), description="The groups."),
            "pageInfo": GraphQLField(
                required(self._registry.page_info), resolve=Derive(_page_info), description="Where the page stands."
            ),
        }
        return self._registry.once(
            name, lambda: GraphQLObjectType(name, fields, description="A page of groups.", extensions={SOURCE: Page})
        )

    def _bucket(self, collection: Collection) -> Any:
        name = f"{collection.name}GroupBucket"

        def fields() -> dict[str, GraphQLField]:
            key = (
                "The value of each property of `by`, as facets give it; of an interval its start, of a range both ends "
                "(`5..10`); null for none."
            )
            found = {
                "key": GraphQLField(required(GraphQLList(GraphQLString)), resolve=Derive(_key), description=key),
                "count": GraphQLField(
                    required(GraphQLInt), resolve=Derive(attrgetter("group.count")), description="How many records."
                ),
            }
            if stats := self._stats.type(collection.shape):
                found["stats"] = GraphQLField(
                    required(stats),
                    resolve=Derive(lambda s: StatsSource(s.group.stats)),
                    description="What the values of the group's records come to.",
                )
            return found

        title = "The records that have these values."
        return self._registry.once(
            name, lambda: GraphQLObjectType(name, fields, description=title, extensions={SOURCE: GroupSource})
        )


def group_paths(collection: Collection) -> dict[str, Path]:
    """What can be grouped by, by the names of the enum."""
    found: dict[str, Path] = {}
    for path in collection.paths:
        if is_counted(path.last):
            name = path.name.replace(".", "_")
            while name in found or name in ("true", "false", "null"):
                name += "_"
            found[name] = path
    return found


def _groups(connection: Connection, key: str) -> Page:
    return connection.groups[key]


def _key(source: GroupSource) -> list[str | None]:
    fields = source.groups.query.fields
    return [key_text_of(one, value) for one, value in zip(fields, source.group.key, strict=True)]


def _nodes(source: Page) -> list[GroupSource]:
    return [GroupSource(source, group) for group in source.page.groups]


def _cursor(source: GroupSource) -> str:
    return source.groups.cursors.write(source.group.key)


def _page_info(source: Page) -> dict[str, Any]:
    keys = [group.key for group in source.page.groups]
    return {
        "hasNextPage": source.page.more,
        "hasPreviousPage": source.query.after is not None,
        "startCursor": source.cursors.write(keys[0]) if keys else None,
        "endCursor": source.cursors.write(keys[-1]) if keys else None,
    }
