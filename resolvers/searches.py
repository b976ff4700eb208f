"""Searches of one collection: from the arguments of a connection to a page of records."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from errors import BadUserInput
from indexing.alike import Neighbours, among_alike, beside_the_page, is_among_many, placed
from indexing.conditions import check_patterns
from indexing.distinct import with_distinct
from indexing.group_keys import group_cursors
from indexing.ordering import Cursors
from indexing.pages import before_the_page
from indexing.search_query import (
    RELEVANCE,
    FacetQuery,
    FacetResult,
    Found,
    GroupPage,
    GroupQuery,
    Hit,
    OrderKey,
    SearchQuery,
    Stats,
    StatsQuery,
)
from models.collections.conditions import ALWAYS, Condition, both
from models.collections.filters import check_point, condition_of
from models.collections.orders import RELEVANCE_FIELD, ordered_by
from models.collections.properties import ROOT, Collection, Path, Shape
from resolvers.context import Context
from resolvers.hiding import may_follow, paths_of, readable_texts, refuse_hidden, with_absent
from resolvers.nodes import Node, node_of_hit

DEFAULT_FIRST = 20


@dataclass(frozen=True)
class Selected:
    """What of a connection was selected, so that nothing else is asked for."""

    fields: tuple[str, ...] = ()
    nodes: bool = False
    page: frozenset[str] = frozenset()
    """The fields of `pageInfo`."""
    total: bool = False
    scores: bool = False
    highlights: bool = False
    explanations: bool = False
    correction: bool = False
    facets: tuple[FacetQuery, ...] = ()
    stats: tuple[StatsQuery, ...] = ()
    groups: tuple[GroupQuery, ...] = ()


class Edge(NamedTuple):
    node: Node
    place: tuple[Any, ...]
    score: float | None
    highlights: Mapping[str, list[str]]
    explanation: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Groups:
    """A page of groups, and what was asked for."""

    query: GroupQuery
    page: GroupPage
    cursors: Cursors


class Connection(NamedTuple):
    """A page of records, with what else was selected."""

    collection: Collection
    hits: Sequence[Hit]
    cursor: Callable[[tuple[Any, ...]], str]
    has_next: bool
    has_previous: bool
    total: int | None
    facets: Mapping[str, FacetResult]
    stats: Stats
    groups: Mapping[str, Groups]
    did_you_mean: str | None = None

    @property
    def edges(self) -> list[Edge]:
        return [edge_of(self.collection, hit) for hit in self.hits]

    @property
    def nodes(self) -> list[Node]:
        return [node_of_hit(self.collection, hit) for hit in self.hits]

    @property
    def places(self) -> list[tuple[Any, ...]]:
        return [hit.sort for hit in self.hits]


async def search(
    ctx: Context, collection: Collection, arguments: Mapping[str, Any], selected: Selected, scope: Condition = ALWAYS
) -> Connection:
    """The page that `arguments` (`search filter orderBy first after last before`) ask for, of what `scope` leaves.

    Raises `BadUserInput` for arguments that mean nothing, `CostExceeded` for a filter that compares with too much,
    `SearchUnavailable` where Elasticsearch is away.
    """
    prepared = _prepared(ctx, collection, arguments, selected)
    return await _answered(ctx, prepared, _scoped(prepared.query, scope))


async def search_each(
    ctx: Context, collection: Collection, arguments: Mapping[str, Any], selected: Selected, scopes: Sequence[Condition]
) -> list[Connection | BaseException]:
    """The same page of what each of the scopes leaves, or why there is none; raises what holds for all of them."""
    prepared = _prepared(ctx, collection, arguments, selected)
    query = prepared.query
    if prepared.needs_more:
        answers = (_answered(ctx, prepared, _scoped(query, scope)) for scope in scopes)
        return await asyncio.gather(*answers, return_exceptions=True)
    each = await ctx.searches.find_each(query, scopes)
    return [one if isinstance(one, BaseException) else _connection(ctx, prepared, query, one) for one in each]


def _scoped(query: SearchQuery, scope: Condition) -> SearchQuery:
    return query if scope == ALWAYS else replace(query, scope=both(query.scope, scope))


async def _answered(ctx: Context, prepared: "Prepared", query: SearchQuery) -> Connection:
    if not prepared.needs_more:
        return _connection(ctx, prepared, query, await ctx.searches.find(query))
    behind = before_the_page(query) if prepared.looks_behind else None
    if behind is None:
        found = await _page(ctx, query)
    else:
        found, other = await asyncio.gather(_page(ctx, query), _page(ctx, behind))
    connection = _connection(ctx, prepared, query, found, behind=behind is not None and other.more)
    if not found.corrections:
        return connection
    return connection._replace(did_you_mean=await _did_you_mean(ctx, query, found))


def _connection(
    ctx: Context, prepared: "Prepared", query: SearchQuery, found: Found, *, behind: bool = False
) -> Connection:
    neighbours = Neighbours(query, found.hits)
    absent = {facet.name: FacetResult(missing=found.total or 0) for facet in prepared.absent}
    return Connection(
        collection=query.collection,
        hits=found.hits,
        cursor=lambda place: prepared.cursors.write(place, neighbours.alike(place)),
        has_next=behind if query.backward else found.more,
        has_previous=found.more if query.backward else behind,
        total=found.total,
        facets={**found.facets, **absent} if absent else found.facets,
        stats=found.stats,
        groups={one.name: _groups(ctx, query.collection, one, found.groups[one.name]) for one in query.groups},
    )


class Prepared(NamedTuple):
    """What follows from the arguments, whatever the scope: the query, its cursors, and facets that are absent."""

    query: SearchQuery
    cursors: Cursors
    absent: list[FacetQuery]
    made_of: tuple[Mapping[str, Any], Selected]
    """What is kept as long as this is, so that it stays known by its identity."""
    looks_behind: bool
    """Whether it is asked if there are records where the paging began, at its cursor or behind it."""

    @property
    def needs_more(self) -> bool:
        """Whether the page may take more than one search."""
        query = self.query
        return self.looks_behind or query.corrections or bool(query.stats or query.groups) or is_among_many(query)


def _prepared(ctx: Context, collection: Collection, arguments: Mapping[str, Any], selected: Selected) -> Prepared:
    """The same for all of the parents that a request has for one field."""
    key = (collection.name, id(selected), *((name, _identity(value)) for name, value in arguments.items()))
    if (known := ctx.prepared.get(key)) is not None:
        found: Prepared = known
        return found
    made = ctx.prepared[key] = _prepare(ctx, collection, arguments, selected)
    return made


def _identity(value: Any) -> Any:
    """What tells an argument from others: itself, or which one it is of those that are changed by nobody."""
    return id(value) if isinstance(value, dict | list) else value


def _prepare(ctx: Context, collection: Collection, arguments: Mapping[str, Any], selected: Selected) -> Prepared:
    first, last = page_size(arguments, ctx.services.settings.max_first)
    text = arguments.get("search")
    order = _order(ctx, collection, arguments.get("orderBy"), searched=bool(text and text.strip()))
    cursors = Cursors(ctx.services.settings.secret, collection.name, order)
    (after, alike_after), (before, alike_before) = (
        cursors.read_alike(c) if (c := arguments.get(name)) is not None else (None, ()) for name in ("after", "before")
    )
    condition = condition_of(collection.shape, arguments.get("filter"), ctx.clock)
    check_patterns(condition)
    refuse_hidden(ctx, (*paths_of(condition), *(facet.path for facet in selected.facets), *_counted(selected)))
    absent = [facet for facet in selected.facets if not may_follow(ctx, facet.path)]
    query = SearchQuery(
        collection=collection,
        text=text,
        condition=with_absent(condition, lambda path: not may_follow(ctx, path)),
        scope=ctx.readable.condition(collection),
        order=order,
        size=(last if last is not None else first) if selected.nodes or selected.page else None,
        backward=last is not None,
        after=after,
        before=before,
        alike=alike_after if last is None else alike_before,
        fields=selected.fields,
        total=selected.total or selected.correction or any(facet.missing for facet in absent),
        scores=selected.scores,
        highlights=selected.highlights,
        explain=selected.explanations and ctx.viewer.is_admin,
        corrections=selected.correction,
        facets=tuple(facet for facet in selected.facets if facet not in absent),
        stats=_followed(ctx, selected.stats),
        groups=tuple(replace(one, stats=_followed(ctx, one.stats)) for one in selected.groups),
        readable=readable_texts(ctx, collection),
    )
    begun = (before if query.backward else after) is not None
    behind = begun and ("hasNextPage" if query.backward else "hasPreviousPage") in selected.page
    return Prepared(query, cursors, absent, (arguments, selected), behind)


async def _page(ctx: Context, query: SearchQuery) -> Found:
    """What is found; where many are alike, the page of it among these if they are enough."""
    among, beside = among_alike(query), beside_the_page(query)
    if among is None:
        return await _found(ctx, query)
    if beside is None:
        page = await ctx.searches.find(among)
        return placed(query, page, page) if page.more else await _found(ctx, query)
    page, others = await asyncio.gather(ctx.searches.find(among), _found(ctx, beside))
    return placed(query, page, others) if page.more else await _found(ctx, query)


async def _found(ctx: Context, query: SearchQuery) -> Found:
    found = await ctx.searches.load(query)
    if isinstance(found, BaseException):
        raise found
    return await with_distinct(ctx.searches.load_many, query, found)


def _counted(selected: Selected) -> list[Path]:
    """The properties of which stats are asked for."""
    return [one.path for asked in (selected.stats, *(group.stats for group in selected.groups)) for one in asked]


def _followed(ctx: Context, stats: tuple[StatsQuery, ...]) -> tuple[StatsQuery, ...]:
    """Without those over links that the viewer may not follow, which count as absent."""
    return tuple(one for one in stats if may_follow(ctx, one.path))


def _groups(ctx: Context, collection: Collection, query: GroupQuery, page: GroupPage) -> Groups:
    return Groups(query, page, group_cursors(ctx.services.settings.secret, collection.name, query.fields))


async def _did_you_mean(ctx: Context, query: SearchQuery, found: Found) -> str | None:
    """The likeliest text by which the same search finds more."""
    asked = [
        SearchQuery(query.collection, text, query.condition, query.scope, total=True, readable=query.readable)
        for text in found.corrections
    ]
    totals = await asyncio.gather(*map(ctx.searches.find, asked))
    more = (one.text for one, other in zip(asked, totals, strict=True) if (other.total or 0) > (found.total or 0))
    return next(more, None)


def page_size(arguments: Mapping[str, Any], most: int) -> tuple[int, int | None]:
    """`first` and `last` of a connection. Raises `BadUserInput` where they are out of bounds or both given."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadUserInput("first and last can't be given together.", "Page forward with first, backward with last.")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 0 <= value <= most:
            raise BadUserInput(f"{name} must be 0 to {most:,}, not {value:,}.", "Page with after or before.")
    return (DEFAULT_FIRST if first is None else first), last


def edge_of(collection: Collection, hit: Hit) -> Edge:
    """A record and its place, of a hit."""
    return Edge(node_of_hit(collection, hit), hit.sort, hit.score, hit.highlights, hit.explanation)


def _order(ctx: Context, collection: Collection, given: Any, *, searched: bool) -> tuple[OrderKey, ...]:
    keys = [order_key(collection.shape, one, ROOT) for one in given or ()]
    refuse_hidden(ctx, (key.path for key in keys if key.path))
    if not keys and searched:
        return (RELEVANCE,)
    if not keys:
        specs = (spec for spec in collection.default_order if all(map(ctx.may_see, spec.path.steps)))
        keys = [OrderKey(spec.path, spec.descending) for spec in specs]
    return tuple(key for key in keys if key.path is None or may_follow(ctx, key.path))


def order_key(shape: Shape, given: Mapping[str, Any], base: Path) -> OrderKey:
    """The key that one order input (with one field set, at every level) means."""
    ((name, value),) = given.items()
    if name == RELEVANCE_FIELD and not base.steps:
        return OrderKey(None, value == "DESC")
    path = base / ordered_by(shape, name, root=not base.steps)
    if path.is_too_deep:
        raise BadUserInput(f"{path.name} is deeper than the index goes.", "Order by a level above.")
    if isinstance(value, str):
        return OrderKey(path, value == "DESC")
    if path.last.shape:
        return order_key(path.last.shape, value, path)
    check_point(path.name, value["lat"], value["lon"])
    return OrderKey(path, value.get("direction") == "DESC", (value["lat"], value["lon"]))
