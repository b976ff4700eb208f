"""The edges and the page information that all connections of searches have."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Protocol

from graphql import GraphQLField, GraphQLFloat, GraphQLObjectType, GraphQLString

from execution.reads import SOURCE, Derive
from resolvers.searches import Edge
from schema.endpoint.costs import NOTHING
from schema.outputs import listed, required
from schema.registry import Registry
from schema.scalars import JSON


class Page(Protocol):
    """What a page of any search has."""

    @property
    def edges(self) -> Sequence[Edge]: ...
    @property
    def places(self) -> Sequence[tuple[Any, ...]]: ...
    @property
    def cursor(self) -> Callable[[tuple[Any, ...]], str]: ...
    @property
    def has_next(self) -> bool: ...
    @property
    def has_previous(self) -> bool: ...


class EdgeSource:
    """An edge with the page that knows how to write its cursor."""

    __slots__ = ("edge", "page")

    def __init__(self, page: Page, edge: Edge) -> None:
        self.page = page
        self.edge = edge


def page_fields(registry: Registry, name: str, node: Any) -> dict[str, GraphQLField]:
    """The fields of a connection that give its records; its edges are of the type `name`."""
    return {
        "edges": GraphQLField(
            required(listed(_edge_type(registry, name, node))),
            resolve=Derive(lambda page: [EdgeSource(page, edge) for edge in page.edges]),
            description="The records with their places.",
        ),
        "nodes": GraphQLField(required(listed(node)), resolve=Derive(attrgetter("nodes")), description="The records."),
        "pageInfo": GraphQLField(
            required(registry.page_info), resolve=Derive(_page_info), description="Where the page stands."
        ),
    }


def _edge_type(registry: Registry, name: str, node: Any) -> GraphQLObjectType:
    fields = {
        "node": GraphQLField(required(node), resolve=_of_edge("node"), description="The record."),
        "cursor": GraphQLField(
            required(GraphQLString),
            resolve=Derive(lambda s: s.page.cursor(s.edge.place)),
            description="Its place, for after and before.",
        ),
        "score": GraphQLField(GraphQLFloat, resolve=_of_edge("score"), description="How well it meets the search."),
        "highlights": GraphQLField(
            required(listed(registry.highlight)),
            resolve=Derive(lambda s: [{"path": p, "fragments": f} for p, f in s.edge.highlights.items()]),
            description="Where the search matched.",
        ),
        "explanation": GraphQLField(
            JSON,
            resolve=_of_edge("explanation"),
            description="How Elasticsearch made the score, `{value description details}`; null for who is not `admin`.",
        ),
    }
    title = "A record and its place in the order."
    return registry.once(
        name, lambda: GraphQLObjectType(name, fields, description=title, extensions={SOURCE: EdgeSource, **NOTHING})
    )


def _of_edge(name: str) -> Derive:
    return Derive(attrgetter(f"edge.{name}"))


def _page_info(page: Page) -> dict[str, Any]:
    places = page.places
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursor(places[0]) if places else None,
        "endCursor": page.cursor(places[-1]) if places else None,
    }
