"""The connection of a collection: its type, and how a search answers it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from execution.reads import LEAVES_ARGUMENTS, SOURCE, Derive, Load, Named
from indexing.fields import ENVELOPE, stored
from indexing.search_query import FacetQuery, GroupQuery
from models.collections.kinds import LINK
from models.collections.properties import Collection, Path
from resolvers.context import Context
from resolvers.grouping import group_query
from resolvers.reverse import ReverseSearches
from resolvers.searches import Connection, Selected, search
from schema.edges import page_fields
from schema.facets import Facets, FacetSource, check_first, facet_queries
from schema.footprints import reads
from schema.groups import Groups
from schema.info import Info
from schema.inputs import Inputs
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.selection import Remembered, Selection, object_type
from schema.stats import StatsSource, StatsTypes, stats_queries

SYNTAX = 'Words that must all be found. "a phrase", -without, this | that, begin*, roughly~'


class Connections:
    """Makes the connection types and the fields that give them."""

    def __init__(self, registry: Registry, inputs: Inputs) -> None:
        self._registry = registry
        self._inputs = inputs
        self._facets = Facets(registry)
        self._stats = StatsTypes(registry)
        self._groups = Groups(registry, self._stats)

    def search_field(self, collection: Collection) -> GraphQLField:
        """The root field that searches a collection."""

        selected = self._selected(collection)

        async def resolve(_root: Any, info: Info, **arguments: Any) -> Connection:
            ctx: Context = info.context
            return await search(ctx, collection, arguments, selected(ctx, info))

        return GraphQLField(
            self.type(collection),
            self._arguments(collection),
            resolve,
            description=f"Search and browse: {collection.description}",
            extensions=reads(collection.name, searches=True) | {LEAVES_ARGUMENTS: True},
        )

    def reverse_field(self, collection: Collection, links: Sequence[Path]) -> GraphQLField:
        """The field of a link's target that searches the records which link to it in any of these ways."""
        holders = [key_holder(collection, link) for link in links]
        selected = self._selected(collection)

        def loader(ctx: Context, info: Info, arguments: Mapping[str, Any]) -> ReverseSearches:
            # A link that the viewer may not read leads here from nowhere.
            seen = [holder for holder in holders if all(map(ctx.may_see, holder.steps))]
            return ReverseSearches(ctx, collection, seen, arguments, selected(ctx, info))

        return GraphQLField(
            self.type(collection),
            self._arguments(collection),
            Load(Derive(lambda node: node), attrgetter("key"), loader, asks=True),
            description=f"What links here: {collection.description}",
            extensions=reads(collection.name, searches=True),
        )

    def type(self, collection: Collection) -> GraphQLObjectType:
        name = f"{collection.name}Connection"

        def fields() -> dict[str, GraphQLField]:
            node: Any = self._registry.scalar(collection.name)
            found = {
                **page_fields(self._registry, f"{collection.name}Edge", node),
                "totalCount": GraphQLField(
                    required(GraphQLInt),
                    resolve=Derive(attrgetter("total")),
                    description="How many records are found in all, exactly.",
                ),
            }
            found["didYouMean"] = GraphQLField(
                GraphQLString,
                resolve=Derive(attrgetter("did_you_mean")),
                description="A search text that finds more than the given one, where that has a slip; else null.",
            )
            facets = self._facets.type(collection.shape)
            if facets:
                found["facets"] = GraphQLField(
                    required(facets),
                    resolve=Named(lambda connection, key: FacetSource(connection.facets, f"{key}/")),
                    description="Counts by value of all that is found.",
                )
            if stats := self._stats.type(collection.shape):
                found["stats"] = GraphQLField(
                    required(stats),
                    resolve=Derive(lambda connection: StatsSource(connection.stats)),
                    description="What the values of all that is found come to.",
                )
            if groups := self._groups.field(collection):
                found["groupBy"] = groups
            return found

        title = f"A page of {collection.plural}."
        return self._registry.once(
            name, lambda: GraphQLObjectType(name, fields, description=title, extensions={SOURCE: Connection})
        )

    def _arguments(self, collection: Collection) -> dict[str, GraphQLArgument]:
        order = self._inputs.order(collection.shape)
        assert order
        return {
            "search": GraphQLArgument(GraphQLString, description=SYNTAX),
            "filter": GraphQLArgument(
                self._inputs.filter(collection.shape, root=True), description="Conditions, all of which must hold."
            ),
            "orderBy": GraphQLArgument(listed(order), description="By the first, then the second …"),
            **page_arguments(),
        }

    def _selected(self, collection: Collection) -> Callable[[Context, Info], Selected]:
        """Tells what of the connection is selected, in the terms of a search."""
        remembered = Remembered(lambda selection: self._shared(selection, collection))

        def selected(ctx: Context, info: Info) -> Selected:
            found, grouped = remembered.below(info)
            for facet in found.facets:
                check_first(facet, ctx.services.settings.max_first)
            if not grouped:
                return found
            # Groups depend on who asks.
            return replace(found, groups=tuple(self._groups_of(ctx, Selection.below(info), collection)))

        return selected

    def _shared(self, selection: Selection, collection: Collection) -> tuple[Selected, bool]:
        """What is selected, whoever asks, and whether groups are too."""
        edges = selection.named("edges")
        nodes = [*selection.named("nodes").nodes, *edges.named("node").nodes]
        selected = Selected(
            fields=source_fields(Selection(selection.info, tuple(nodes)), collection),
            nodes=bool(edges or nodes),
            page=frozenset(selection.named("pageInfo").names),
            total=bool(selection.named("totalCount")),
            scores=bool(edges.named("score")),
            highlights=bool(edges.named("highlights")),
            explanations=bool(edges.named("explanation")),
            correction=bool(selection.named("didYouMean")),
            facets=tuple(self._facets_of(selection, collection)),
            stats=stats_queries(iter([selection.named("stats")]), collection.shape),
        )
        return selected, bool(selection.named("groupBy"))

    def _facets_of(self, selection: Selection, collection: Collection) -> Iterator[FacetQuery]:
        """The facets that are selected, each named by its place in the connection's answer."""
        for key, facets in selection.by_response_key().items():
            if facets.name == "facets":
                type_ = object_type(self.type(collection).fields["facets"])
                yield from facet_queries(facets, type_, collection.shape, above=f"{key}/")

    def _groups_of(self, ctx: Context, selection: Selection, collection: Collection) -> Iterator[GroupQuery]:
        """The groups that are selected, each named by its place in the connection's answer."""
        for key, groups in selection.by_response_key().items():
            if groups.name == "groupBy":
                arguments = groups.arguments(self.type(collection).fields["groupBy"])
                nodes = (groups.named("nodes"), groups.named("edges").named("node"))
                stats = stats_queries((one.named("stats") for one in nodes), collection.shape)
                yield group_query(ctx, collection, key, arguments, stats)


def source_fields(selection: Selection, collection: Collection) -> tuple[str, ...]:
    """What the selected fields of records need of a document; of a link its key, of what is computed all that a
    function of an extension may read.

    Objects come whole: Elasticsearch leaves out an object of which no selected property is there, and then an empty
    object could not be told from null, nor a list's elements be counted.
    """
    wanted = {node.name.value for node in selection.fields()}
    names = dict.fromkeys(prop.name for field, prop in collection.shape.properties.items() if field in wanted)
    computed = [one for field, one in collection.computed.items() if field in wanted]
    for one in computed:
        names |= dict.fromkeys(one.names)
    envelope = (name for name in ENVELOPE if computed or name in wanted)
    return (*map(stored, names), *envelope)


def key_holder(collection: Collection, link: Path) -> Path:
    """The way to the property that holds the key of a link."""
    parents = link.steps[:-1]
    shape = parents[-1].shape if parents else collection.shape
    assert shape
    named = [p for p in shape.properties.values() if p.name == link.last.name and p.kind is not LINK]
    holder = next(p for p in named if p.members == link.last.members)
    return Path((*parents, holder))
