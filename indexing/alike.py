"""Pages in the middle of many records that are alike: that have the same values of the order's first keys.

Elasticsearch passes over what lies before a cursor by the first key alone; all that have the cursor's value of it are
compared by the next keys, one by one. Among those that are alike the next key is the first. So where many are known to
be alike a page is looked for among them, and only if they are not enough for it among all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import takewhile
from typing import Any

from indexing.search_query import Alike, Found, Hit, OrderKey, SearchQuery, SortValues
from models.collections.conditions import Compare, Condition, Exists, both, either
from models.collections.folding import SHORT, term_text
from models.collections.kinds import BOOLEAN, ORDER

MANY = 200
"""A page at the end of so many takes two searches, one page in ten if it has 20; to compare fewer takes no time."""
_LEAST, _MOST = -(2**63), 2**63 - 1
"""What comes last of whole numbers, descending and ascending, stands for none in places; it may be a number too."""
_NOTHING_BESIDE: Mapping[str, Any] = {
    "total": False,
    "corrections": False,
    "facets": (),
    "stats": (),
    "groups": (),
    "distinct": (),
}


class Neighbours:
    """The records of a page, which know how many of them are alike."""

    def __init__(self, query: SearchQuery, hits: Sequence[Hit]) -> None:
        self._query = query
        self._hits = hits
        self._plain = sum(1 for _ in takewhile(_is_plain, query.order))

    def alike(self, place: SortValues) -> Alike:
        """How many are known to be like the record at `place`, those before the page too, as far as there are any."""
        if not self._plain:
            return ()
        counts = (self._counts[place[:size]] + self._before(place, size) for size in range(1, self._plain + 1))
        return tuple(takewhile(lambda count: count > 1, counts))

    @cached_property
    def _counts(self) -> Counter[SortValues]:
        return Counter(hit.sort[:size] for hit in self._hits for size in range(1, self._plain + 1))

    def _before(self, place: SortValues, size: int) -> int:
        start, known = self._query.start, self._query.alike
        return known[size - 1] if start and size <= len(known) and start[:size] == place[:size] else 0


def among_alike(query: SearchQuery) -> SearchQuery | None:
    """The search for the same page among those that are like the record of its cursor; `None` where it is not worth it.

    Its places lack the values that all of them have.
    """
    start, bound = query.start, query.after if query.backward else query.before
    if not is_among_many(query) or start is None or bound is not None or query.size is None or query.explain:
        return None
    conditions = tuple(_shared(query, start))
    if not conditions:
        return None
    rest = start[len(conditions) :]
    return replace(
        query,
        order=query.order[len(conditions) :],
        scope=both(query.scope, *conditions),
        after=None if query.backward else rest,
        before=rest if query.backward else None,
        alike=(),
        **_NOTHING_BESIDE,
    )


def beside_the_page(query: SearchQuery) -> SearchQuery | None:
    """The search for what is asked beside the hits, which tells of all records; `None` where that is nothing."""
    asked = any(getattr(query, name) for name in _NOTHING_BESIDE)
    return replace(query, size=None) if asked else None


def is_among_many(query: SearchQuery) -> bool:
    """Whether the paging begins where many are alike."""
    return bool(query.alike) and query.alike[0] >= MANY


def placed(query: SearchQuery, page: Found, others: Found) -> Found:
    """The page that `among_alike(query)` found, with whole places, and what was found beside it."""
    start = query.start or ()
    hits = tuple(hit._replace(sort=start[: len(start) - len(hit.sort)] + hit.sort) for hit in page.hits)
    return others._replace(hits=hits, more=page.more)


def _is_plain(key: OrderKey) -> bool:
    """Whether what has a value of this key can be found by that value."""
    return key.path is not None and not key.origin and not key.path.nested


def _shared(query: SearchQuery, start: Sequence[Any]) -> Iterator[Condition]:
    """For each of the first keys that many are alike in, that a record is."""
    many = takewhile(lambda known: known[0] >= MANY, zip(query.alike, query.order, start, strict=False))
    for _, key, value in many:
        condition = _equal(key, value)
        if condition is None:
            return
        yield condition


def _equal(key: OrderKey, value: Any) -> Condition | None:
    """That a record has this value in its place, as Elasticsearch tells places; `None` if that can't be said."""
    path = key.path
    assert path
    kind, absent = path.last.kind, Exists(path, wanted=False)
    if kind.ordered == ORDER and value is not None:
        return Compare(path, "eq", term_text(value, folded=True)) if len(value) <= SHORT else None
    if value is None or (isinstance(value, str) and not kind.is_text):
        return absent  # as text only infinite numbers come, of which there are none
    if kind is BOOLEAN:
        return Compare(path, "eq", bool(value)) if value in (0, 1) else absent
    equal = Compare(path, "eq", value)
    is_last = isinstance(value, int) and value == (_LEAST if key.descending else _MOST)
    return either(equal, absent) if is_last else equal
