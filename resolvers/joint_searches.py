"""A search across collections: from its arguments to a page of records of any of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexing.joint_search import ORDER, JointFound, JointPart, JointQuery, before_the_joint_page
from indexing.ordering import Cursors
from indexing.search_query import Hit
from models.collections.conditions import NEVER
from models.collections.properties import Collection
from resolvers.context import Context
from resolvers.hiding import readable_texts
from resolvers.nodes import Node, node_of_hit
from resolvers.searches import Edge, edge_of, page_size

EVERY = "*"
"""Stands in cursors for the collection: an order across collections is the same whichever are searched."""


@dataclass(frozen=True)
class JointSelected:
    """What of the connection was selected; `fields` are JSON names by collection."""

    fields: Mapping[str, tuple[str, ...]]
    nodes: bool = False
    page: frozenset[str] = frozenset()
    """The fields of `pageInfo`."""
    total: bool = False
    counts: bool = False
    highlights: bool = False
    explanations: bool = False


@dataclass(frozen=True)
class JointConnection:
    """A page of records of several collections, with what else was selected."""

    hits: Sequence[tuple[Collection, Hit]]
    cursor: Callable[[tuple[Any, ...]], str]
    has_next: bool
    has_previous: bool
    total: int | None
    counts: Mapping[str, int]

    @property
    def edges(self) -> list[Edge]:
        return [edge_of(collection, hit) for collection, hit in self.hits]

    @property
    def nodes(self) -> list[Node]:
        return [node_of_hit(collection, hit) for collection, hit in self.hits]

    @property
    def places(self) -> list[tuple[Any, ...]]:
        return [hit.sort for _, hit in self.hits]


async def search_jointly(ctx: Context, arguments: Mapping[str, Any], selected: JointSelected) -> JointConnection:
    """The page that `arguments` (`search collections first after`) ask for.

    A collection of which the viewer may read nothing is as if it were not there. Raises as a search of one does.
    """
    first, _ = page_size(arguments, ctx.services.settings.max_first)
    cursors = Cursors(ctx.services.settings.secret, EVERY, ORDER)
    cursor = arguments.get("after")
    query = JointQuery(
        text=arguments["search"],
        parts=tuple(_part(ctx, one, selected) for one in _collections(ctx, arguments.get("collections"))),
        prefix=ctx.services.settings.index_prefix,
        size=first if selected.nodes or selected.page else None,
        after=cursors.read(cursor) if cursor is not None else None,
        total=selected.total,
        counts=selected.counts,
        highlights=selected.highlights,
        explain=selected.explanations and ctx.viewer.is_admin,
    )
    found, behind = await asyncio.gather(_found(ctx, query), _behind(ctx, query, selected))
    return JointConnection(
        hits=found.hits,
        cursor=cursors.write,
        has_next=found.more,
        has_previous=behind,
        total=found.total,
        counts=found.counts,
    )


async def _found(ctx: Context, query: JointQuery) -> JointFound:
    return await ctx.searches.find_jointly(query) if query.parts else JointFound((), more=False, total=0)


async def _behind(ctx: Context, query: JointQuery, selected: JointSelected) -> bool:
    """Whether there are records at the cursor where the paging began, or before it."""
    behind = before_the_joint_page(query) if "hasPreviousPage" in selected.page else None
    return behind is not None and (await _found(ctx, behind)).more


def _collections(ctx: Context, names: list[str] | None) -> list[Collection]:
    """Those named, or all, of which the viewer may read anything; in the catalog's order."""
    named = (one for one in ctx.services.catalog if names is None or one.name in names)
    return [one for one in named if ctx.readable.condition(one) != NEVER]


def _part(ctx: Context, collection: Collection, selected: JointSelected) -> JointPart:
    readable = readable_texts(ctx, collection)
    texts = (path for path in collection.text_paths if readable is None or path.name in readable)
    fields = selected.fields.get(collection.name, ())
    return JointPart(collection, ctx.readable.condition(collection), tuple(texts), fields)
