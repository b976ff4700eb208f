"""The field that follows records, and the type of its events."""

from collections.abc import AsyncGenerator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from models.records import CREATE, DELETE, RESTORE, REVERT, UPDATE
from resolvers.changes import Changed, follow_changes, record_of
from resolvers.nodes import global_id
from schema.info import Info
from schema.outputs import listed, required
from schema.registry import Registry

_OPERATIONS = {
    CREATE: "The record was made.",
    UPDATE: "The record was changed.",
    DELETE: "The record was deleted.",
    RESTORE: "The record was brought back.",
    REVERT: "The record was set back to an earlier revision.",
}


def change_subscription(registry: Registry) -> GraphQLField:
    """`recordChanged`."""

    async def follow(
        _: Any, info: Info, collections: list[str] | None = None, after: str | None = None
    ) -> AsyncGenerator[Changed, None]:
        return follow_changes(info.context, collections, after)

    arguments = {
        "collections": GraphQLArgument(
            listed(registry.scalar("CollectionName")), description="Of these collections; of all if absent."
        ),
        "after": GraphQLArgument(
            GraphQLString, description="The cursor of the change that was heard last; what came since comes first."
        ),
    }
    return GraphQLField(
        required(_change(registry)),
        arguments,
        subscribe=follow,
        resolve=lambda changed, _info, **_: changed,
        description="Each change of a record that may be read, in an order that never changes. It does not end.",
    )


def _change(registry: Registry) -> GraphQLObjectType:
    operation = registry.once(
        "ChangeOperation",
        lambda: GraphQLEnumType(
            "ChangeOperation",
            {name: GraphQLEnumValue(name, description=text) for name, text in _OPERATIONS.items()},
            description="What was done to a record.",
        ),
    )
    fields = {
        "cursor": GraphQLField(required(GraphQLString), description="Its place, for after."),
        "operation": GraphQLField(
            required(operation), resolve=lambda one, _: one.change.operation, description="What was done."
        ),
        "collection": GraphQLField(
            required(registry.scalar("CollectionName")),
            resolve=lambda one, _: one.collection.name,
            description="The record's collection.",
        ),
        "id": GraphQLField(
            required(GraphQLID),
            resolve=lambda one, _: global_id(one.collection.name, one.change.record_id),
            description="The record's id.",
        ),
        "key": GraphQLField(GraphQLString, description="The key that the record had then."),
        "revision": GraphQLField(
            required(GraphQLInt), resolve=lambda one, _: one.change.revision, description="The revision that this made."
        ),
        "record": GraphQLField(
            registry.record,
            resolve=lambda one, info: record_of(info.context, one),
            description="The record as this left it, or for who may not read its history as it is now; "
            "null if it was deleted.",
        ),
    }
    title = "One change of a record."
    return registry.once("RecordChange", lambda: GraphQLObjectType("RecordChange", fields, description=title))
