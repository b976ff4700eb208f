"""Builds the whole schema: the fixed part from Strawberry, and from each collection its types, queries and mutations.

What no Python class describes is made as graphql-core types at once: their inputs stay the plain dicts that the
resolvers work with, and their properties resolve by key access.
"""

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    print_schema,
)

from errors import BadUserInput
from models.collections.loading import Catalog
from models.collections.properties import Collection, Path
from resolvers.context import Context
from resolvers.histories import History, history
from resolvers.nodes import Node, read_global_id
from schema.changes import change_subscription
from schema.connections import Connections
from schema.dead_letters import DeadLetterFields
from schema.endpoint.costs import COUNTED_BY
from schema.extensions import extended
from schema.footprints import reads
from schema.info import Info
from schema.inputs import Inputs
from schema.joint_search import joint_search_field
from schema.mutations import Mutations
from schema.outputs import Outputs, listed, page_arguments, required
from schema.registry import Registry
from schema.sources import SourceFields
from schema.static_types import static_schema
from schema.suggestions import suggestions_field
from schema.tasks import TaskFields


def build_schema(catalog: Catalog) -> GraphQLSchema:
    """The schema of a catalog with its extensions, on graphql-core. Raises `ExtensionErrors` for wrong ones."""
    return extended(_built(catalog), catalog)


def _built(catalog: Catalog) -> GraphQLSchema:
    """The schema without extensions."""
    static = static_schema()
    registry = Registry(static.type_map)
    outputs = Outputs(registry)
    inputs = Inputs(registry, outputs)
    connections = Connections(registry, inputs)
    mutations = Mutations(registry, inputs)
    names = registry.once("CollectionName", lambda: _collection_names(catalog))
    records = [outputs.record(collection, _history_field(registry)) for collection in catalog]
    assert static.query_type
    queries = {"node": _node_field(registry), "nodes": _nodes_field(registry)}
    tasks, letters = TaskFields(registry), DeadLetterFields(registry)
    sources = SourceFields(registry, tasks.task, tasks.payload)
    queries |= tasks.queries() | letters.queries() | sources.queries()
    changes = tasks.mutations() | letters.mutations() | sources.mutations()
    for collection in catalog:
        _add_reverse(catalog, collection, outputs, connections)
        queries[collection.single] = _lookup_field(registry, collection)
        queries[collection.plural] = connections.search_field(collection)
        if collection.suggest_paths:
            queries[f"{collection.single}Suggestions"] = suggestions_field(registry, collection)
        changes |= mutations.fields(collection)
    queries["search"] = joint_search_field(registry, catalog, names)
    return GraphQLSchema(
        query=GraphQLObjectType("Query", queries | static.query_type.fields, description=static.query_type.description),
        subscription=GraphQLObjectType(
            "Subscription",
            tasks.subscriptions() | {"recordChanged": change_subscription(registry)},
            description="Everything that can be followed.",
        ),
        mutation=GraphQLObjectType("Mutation", changes, description="Everything that can be changed."),
        types=[registry.node, registry.record, *records],
        description="A catalogue of collections, each typed and searchable.",
    )


def schema_text(catalog: Catalog) -> str:
    """The schema definition, for people and for tools."""
    return print_schema(build_schema(catalog)) + "\n"


def _collection_names(catalog: Catalog) -> GraphQLEnumType:
    values = {c.name: GraphQLEnumValue(c.name, description=c.description) for c in catalog}
    return GraphQLEnumType("CollectionName", values, description="The collections.")


def _add_reverse(catalog: Catalog, target: Collection, outputs: Outputs, connections: Connections) -> None:
    found: dict[tuple[str, str], list[Path]] = {}
    for collection, path in catalog.links_to(target.name):
        assert path.last.link
        if path.last.link.reverse:
            # Several are one link in a shape that holds itself.
            found.setdefault((collection.name, path.last.link.reverse), []).append(path)
    for (name, field), paths in found.items():
        outputs.add_reverse(target.name, field, connections.reverse_field(catalog[name], paths))


def _lookup_field(registry: Registry, collection: Collection) -> GraphQLField:
    async def resolve(_root: Any, info: Info, id: str | None = None, key: str | None = None) -> Node | None:  # noqa: A002
        ctx: Context = info.context
        if (id is None) is (key is None):
            raise BadUserInput(f"{collection.single} takes id or key.", "Give one of the two.")
        if key is not None:
            return await ctx.by_key.load((collection.name, key))
        return await _by_id(ctx, id, collection.name)

    arguments = {
        "id": GraphQLArgument(GraphQLID, description="The record's id."),
        "key": GraphQLArgument(GraphQLString, description="The record's key."),
    }
    return GraphQLField(
        registry.scalar(collection.name),
        arguments,
        resolve,
        description=f"Look one up: {collection.description}",
        extensions=reads(collection.name),
    )


async def _by_id(ctx: Context, id: str | None, only: str | None = None) -> Node | None:  # noqa: A002
    place = read_global_id(id) if id else None
    if place is None or (only and place[0] != only):
        return None
    return await ctx.by_id.load(place)


def _node_field(registry: Registry) -> GraphQLField:
    async def resolve(_root: Any, info: Info, id: str) -> Node | None:  # noqa: A002
        return await _by_id(info.context, id)

    arguments = {"id": GraphQLArgument(required(GraphQLID), description="Its id.")}
    title = "Anything by its id; null if it is not there."
    return GraphQLField(registry.node, arguments, resolve, description=title, extensions=reads(every=True))


def _nodes_field(registry: Registry) -> GraphQLField:
    async def resolve(_root: Any, info: Info, ids: list[str]) -> list[Node | None]:
        ctx: Context = info.context
        most = ctx.services.settings.max_first
        if len(ids) > most:
            raise BadUserInput(f"{len(ids):,} ids are more than {most:,}.", "Ask for them in parts.")
        places = [read_global_id(one) for one in ids]
        found = iter(await ctx.by_id.load_many([place for place in places if place]))
        return [next(found) if place else None for place in places]

    arguments = {"ids": GraphQLArgument(required(listed(GraphQLID)), description="Their ids, 1,000 at most.")}
    return GraphQLField(
        required(GraphQLList(registry.node)),
        arguments,
        resolve,
        description="Several by their ids, in their order.",
        extensions={COUNTED_BY: "ids", **reads(every=True)},
    )


def _history_field(registry: Registry) -> GraphQLField:
    async def resolve(node: Node, info: Info, first: int | None = None, after: str | None = None) -> History:
        return await history(info.context, node, first, after)

    return GraphQLField(
        required(registry.revision_connection),
        page_arguments(backward=False),
        resolve,
        description="All states of the record, newest first.",
    )
