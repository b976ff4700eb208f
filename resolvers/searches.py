"""Searches of one collection: from the arguments of a connection to a page of records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import BadUserInput, Forbidden
from indexing.ordering import Cursors
from indexing.search_query import RELEVANCE, FacetQuery, FacetResult, Hit, OrderKey, SearchQuery
from models.collections.conditions import ALWAYS, All, AnyOf, Condition, Element, Not, both
from models.collections.filters import check_point, condition_of
from models.collections.properties import ROOT, Collection, Path, Shape
from resolvers.context import Context
from resolvers.nodes import Node, node_of_hit

DEFAULT_FIRST = 20


@dataclass(frozen=True)
class Selected:
    """What of a connection was selected, so that nothing else is asked for."""

    fields: tuple[str, ...] = ()
    nodes: bool = False
    page: bool = False
    total: bool = False
    scores: bool = False
    highlights: bool = False
    facets: tuple[FacetQuery, ...] = ()


@dataclass(frozen=True)
class Edge:
    node: Node
    place: tuple[Any, ...]
    score: float | None
    highlights: Mapping[str, list[str]]


@dataclass(frozen=True)
class Connection:
    """A page of records, with what else was selected."""

    collection: Collection
    edges: tuple[Edge, ...]
    cursor: Callable[[tuple[Any, ...]], str]
    has_next: bool
    has_previous: bool
    total: int | None
    facets: Mapping[str, FacetResult]

    @property
    def nodes(self) -> list[Node]:
        return [edge.node for edge in self.edges]


async def search(
    ctx: Context, collection: Collection, arguments: Mapping[str, Any], selected: Selected, scope: Condition = ALWAYS
) -> Connection:
    """The page that `arguments` (`search filter orderBy first after last before`) ask for, of what `scope` leaves.

    Raises `BadUserInput` for arguments that mean nothing, `SearchUnavailable` where Elasticsearch is away.
    """
    first, last = page_size(arguments, ctx.services.settings.max_first)
    text = arguments.get("search")
    order = _order(ctx, collection, arguments.get("orderBy"), searched=bool(text and text.strip()))
    cursors = Cursors(ctx.services.settings.secret, collection.name, order)
    after, before = (
        cursors.read(c) if (c := arguments.get(name)) is not None else None for name in ("after", "before")
    )
    condition = condition_of(collection.shape, arguments.get("filter"), ctx.clock)
    refuse_hidden(ctx, condition, (key.path for key in order), (facet.path for facet in selected.facets))
    query = SearchQuery(
        collection=collection,
        text=text,
        condition=condition,
        scope=both(ctx.readable.condition(collection), scope),
        order=order,
        size=(last if last is not None else first) if selected.nodes or selected.page else None,
        backward=last is not None,
        after=after,
        before=before,
        fields=selected.fields,
        total=selected.total,
        scores=selected.scores,
        highlights=selected.highlights,
        facets=selected.facets,
        readable=_readable_texts(ctx, collection),
    )
    found = await ctx.searches.load(query)
    if isinstance(found, BaseException):
        raise found
    return Connection(
        collection=collection,
        edges=tuple(_edge(collection, hit) for hit in found.hits),
        cursor=cursors.write,
        has_next=before is not None if query.backward else found.more,
        has_previous=found.more if query.backward else after is not None,
        total=found.total,
        facets=found.facets,
    )


def page_size(arguments: Mapping[str, Any], most: int) -> tuple[int, int | None]:
    """`first` and `last` of a connection. Raises `BadUserInput` where they are out of bounds or both given."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadUserInput("first and last can't be given together.", "Page forward with first, backward with last.")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 0 <= value <= most:
            raise BadUserInput(f"{name} must be 0 to {most:,}, not {value:,}.", "Page with after or before.")
    return (DEFAULT_FIRST if first is None else first), last


def _edge(collection: Collection, hit: Hit) -> Edge:
    return Edge(node_of_hit(collection, hit), hit.sort, hit.score, hit.highlights)


def _order(ctx: Context, collection: Collection, given: Any, *, searched: bool) -> tuple[OrderKey, ...]:
    keys = tuple(order_key(collection.shape, one, ROOT) for one in given or ())
    if not keys and searched:
        return (RELEVANCE,)
    if not keys:
        visible = (spec for spec in collection.default_order if all(map(ctx.may_see, spec.path.steps)))
        return tuple(OrderKey(spec.path, spec.descending) for spec in visible)
    return keys


def order_key(shape: Shape, given: Mapping[str, Any], base: Path) -> OrderKey:
    """The key that one order input (with one field set, at every level) means."""
    ((name, value),) = given.items()
    if name == "relevance" and not base.steps:
        return OrderKey(None, value == "DESC")
    path = base / shape.properties[name]
    if isinstance(value, str):
        return OrderKey(path, value == "DESC")
    if path.last.shape:
        return order_key(path.last.shape, value, path)
    check_point(path.name, value["lat"], value["lon"])
    return OrderKey(path, value.get("direction") == "DESC", (value["lat"], value["lon"]))


def _readable_texts(ctx: Context, collection: Collection) -> frozenset[str] | None:
    """The full text that the viewer's search may look into; `None` for all of it."""
    hidden = [p for p in collection.text_paths if not visible(ctx, p)]
    return frozenset(p.name for p in collection.text_paths if p not in hidden) if hidden else None


def visible(ctx: Context, path: Path) -> bool:
    """Whether the viewer may read everything on the way to a property, the collection behind a link too."""
    for step in path.steps:
        if not ctx.may_see(step):
            return False
        if step.link and ctx.readable.condition(ctx.services.catalog[step.link.collection]) != ALWAYS:
            return False
    return True


def refuse_hidden(ctx: Context, condition: Condition, *others: Any) -> None:
    """Raises `Forbidden` where a filter, an order or a facet uses a property that the viewer may not read."""
    for path in (*paths_of(condition), *(path for several in others for path in several if path is not None)):
        for step in path.steps:
            if not ctx.may_see(step):
                raise Forbidden(f"{path.name} may not be read, and so not be searched by.", "Ask for a role that may.")


def paths_of(condition: Condition) -> list[Path]:
    """Every path that a condition speaks of."""
    match condition:
        case All(parts) | AnyOf(parts):
            return [path for part in parts for path in paths_of(part)]
        case Not(part):
            return paths_of(part)
        case Element(path, inner):
            return [path, *paths_of(inner)]
        case _:
            return [condition.path]
