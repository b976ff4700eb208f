"""The field that searches all collections at once, and its connection."""

from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from execution.reads import SOURCE, Derive
from models.collections.loading import Catalog
from resolvers.joint_searches import JointConnection, JointSelected, search_jointly
from schema.connections import SYNTAX, source_fields
from schema.edges import page_fields
from schema.footprints import reads
from schema.info import Info
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.selection import Remembered, Selection


def joint_search_field(registry: Registry, catalog: Catalog, names: GraphQLEnumType) -> GraphQLField:
    """`search(search, collections, first, after)`; `names` are the collections as an enum."""

    selected = Remembered(lambda selection: _selected(selection, catalog))

    async def resolve(_root: Any, info: Info, **arguments: Any) -> JointConnection:
        return await search_jointly(info.context, arguments, selected.below(info))

    arguments = {
        "search": GraphQLArgument(required(GraphQLString), description=SYNTAX),
        "collections": GraphQLArgument(listed(names), description="Those to look into; all if absent."),
        **page_arguments(backward=False),
    }
    return GraphQLField(
        _connection(registry, names),
        arguments,
        resolve,
        description="Search all collections, the best first.",
        extensions=reads(every=True, searches=True),
    )


def _connection(registry: Registry, names: GraphQLEnumType) -> GraphQLObjectType:
    def fields() -> dict[str, GraphQLField]:
        return {
            **page_fields(registry, "SearchEdge", registry.record),
            "totalCount": GraphQLField(
                required(GraphQLInt),
                resolve=Derive(attrgetter("total")),
                description="How many records are found in all, exactly.",
            ),
            "counts": GraphQLField(
                required(listed(_count(registry, names))),
                resolve=Derive(
                    lambda connection: [
                        {"collection": name, "count": count} for name, count in connection.counts.items()
                    ]
                ),
                description="How many are found in each collection that was looked into.",
            ),
        }

    title = "A page of what a search finds in several collections, by a score that compares."
    return registry.once(
        "SearchConnection",
        lambda: GraphQLObjectType("SearchConnection", fields, description=title, extensions={SOURCE: JointConnection}),
    )


def _count(registry: Registry, names: GraphQLEnumType) -> GraphQLObjectType:
    fields = {
        "collection": GraphQLField(required(names), description="The collection."),
        "count": GraphQLField(required(GraphQLInt), description="How many of its records are found, exactly."),
    }
    title = "What a search finds in one collection."
    return registry.once("CollectionCount", lambda: GraphQLObjectType("CollectionCount", fields, description=title))


def _selected(selection: Selection, catalog: Catalog) -> JointSelected:
    edges = selection.named("edges")
    nodes = (*selection.named("nodes").nodes, *edges.named("node").nodes)
    return JointSelected(
        fields={
            one.name: source_fields(Selection(selection.info, nodes, frozenset({one.name, "Record", "Node"})), one)
            for one in catalog
        },
        nodes=bool(edges or nodes),
        page=frozenset(selection.named("pageInfo").names),
        total=bool(selection.named("totalCount")),
        counts=bool(selection.named("counts")),
        highlights=bool(edges.named("highlights")),
        explanations=bool(edges.named("explanation")),
    )
