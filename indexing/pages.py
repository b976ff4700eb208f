"""The page of a search: what of the hits belongs to it, and whether there is more on either side.

Source: Relay's GraphQL Cursor Connections Specification, "Pagination algorithm" and "PageInfo".
"""

from dataclasses import replace
from typing import Any

from indexing.ordering import Clause, sort_clauses
from indexing.search_query import Hit, SearchQuery, SortValues


def page_of(query: SearchQuery, hits: list[Hit]) -> tuple[tuple[Hit, ...], bool]:
    """The hits of the page, in the order of the list, and whether more lie between it and the other cursor.

    `hits` are one more than the page may have; they begin behind the one cursor and may go past the other.
    """
    size = query.size or 0
    bound = query.after if query.backward else query.before
    if bound is not None:
        clauses = sort_clauses(query.order, backward=query.backward)
        hits = [hit for hit in hits if not beyond(hit.sort, bound, clauses)]
    page = hits[:size]
    return tuple(reversed(page) if query.backward else page), len(hits) > size


def before_the_page(query: SearchQuery) -> SearchQuery | None:
    """The search that has more if there are records where the paging began: at its cursor, or on the far side of it.

    `None` where it began at an end of the list.
    """
    start = query.start
    if start is None:
        return None
    # The last value of a place is the record's own number, so that its neighbour has the record itself found too.
    *place, sequence = start
    neighbour = (*place, sequence - 1 if query.backward else sequence + 1)
    return replace(
        SearchQuery(query.collection, query.text, query.condition, query.scope, query.order, readable=query.readable),
        size=0,
        backward=not query.backward,
        after=neighbour if query.backward else None,
        before=None if query.backward else neighbour,
        alike=query.alike,
    )


def beyond(place: SortValues, bound: SortValues, clauses: list[Clause]) -> bool:
    """Whether `place` is at or past `bound` in the order of `clauses`."""
    for value, limit, clause in zip(place, bound, clauses, strict=True):
        (body,) = clause.values()
        compared = _compare(value, limit, first=body.get("missing") == "_first", descending=body["order"] == "desc")
        if compared:
            return compared > 0
    return True


def _compare(value: Any, limit: Any, *, first: bool, descending: bool) -> int:
    if isinstance(value, str) is not isinstance(limit, str) and None not in (value, limit):
        value, limit = float(value), float(limit)  # Elasticsearch writes an infinite number as text
    if value == limit:
        return 0
    if value is None or limit is None:
        return -1 if (value is None) is first else 1
    return 1 if (value > limit) is not descending else -1
