"""Pages of what PostgreSQL lists by number: the cursor is the number, and nothing is kept between two pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from errors import BadUserInput

T = TypeVar("T")

_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class PageEdge(Generic[T]):
    node: T
    cursor: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page, as a connection shows it."""

    edges: tuple[PageEdge[T], ...]
    pageInfo: Mapping[str, Any]  # noqa: N815 - the API's word, read by plain attribute access

    @property
    def nodes(self) -> list[T]:
        return [edge.node for edge in self.edges]


def page_of(found: Sequence[T], size: int, number: Callable[[T], object], *, after: str | None) -> Page[T]:
    """A page of `size` from what was found, which is one more if there is a next page."""
    edges = tuple(PageEdge(one, str(number(one))) for one in found[:size])
    info = {
        "hasNextPage": len(found) > size,
        "hasPreviousPage": after is not None,
        "startCursor": edges[0].cursor if edges else None,
        "endCursor": edges[-1].cursor if edges else None,
    }
    return Page(edges, info)


def read_number(cursor: str | None) -> int | None:
    """The number of a cursor. Raises `BadUserInput` for what is none of ours."""
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > _MAX_DIGITS:
        raise BadUserInput("This is no cursor of ours.", "Give one from pageInfo or from an edge.")
    return int(cursor)
