"""How many distinct values there are, exactly: Elasticsearch only estimates it, so that the values are listed in parts.

Where the first request has no room for all of them, an estimate tells how many parts there must be and how many fit
into one request; a part that proves larger is taken apart further. However many values there are, one request lists no
more than `MOST`, and their number alone is sent.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from indexing.conditions import MATCH_ALL, Query
from indexing.group_keys import group_query
from indexing.search_query import DistinctQuery, Found, Group, GroupField, GroupKey, SearchQuery, Stats, StatsQuery
from indexing.stats import MOST, Aggregations, inside, list_of, listed_number, listing
from models.collections.properties import Path

AT_ONCE = 4
"""Requests that are sent together, and may be answered at once."""
FEWER = 4
"""Parts into which one that is too large is taken apart."""
Load = Callable[[list[SearchQuery]], Awaitable[Sequence[Found | BaseException]]]
Place = tuple[str, GroupKey, str]
"""Which number is counted: of which groups, in which group, of which property."""


@dataclass(frozen=True)
class Part:
    """Some of the values of one place."""

    place: Place
    query: DistinctQuery


def distinct_aggregation(query: DistinctQuery) -> Aggregations:
    """The `aggs` that list the values of one part."""
    part = {"partition": query.partition, "num_partitions": query.partitions}
    options = {"include": part} if query.partitions > 1 else {}
    values = inside(list_of(query.path), listing(query.path, query.most, **options))
    group = group_query(query.fields, query.key) if query.fields else MATCH_ALL
    return {"group": {"filter": group, "aggs": {"values": values}}}


def within_groups(found: Query, queries: tuple[DistinctQuery, ...]) -> Query:
    """The query `found` without what is in none of the groups whose values are listed."""
    if not all(query.fields for query in queries):
        return found
    groups = {(query.fields, query.key): group_query(query.fields, query.key) for query in queries}
    return {"bool": {"must": [found], "filter": [{"bool": {"should": list(groups.values())}}]}}


def distinct_of(answer: Mapping[str, Any]) -> int | None:
    """How many values the part has; `None` where they are more than it may have."""
    return listed_number(answer["group"]["values"])


async def with_distinct(load: Load, query: SearchQuery, found: Found) -> Found:
    """`found` with the exact numbers of distinct values in place of the estimates."""
    waiting = list(_parts(query, found))
    if not waiting:
        return found
    plain = SearchQuery(query.collection, query.text, query.condition, query.scope, readable=query.readable)
    counts = dict.fromkeys((part.place for part in waiting), 0)
    while waiting:
        sent, waiting = waiting, []
        for requests in _several(list(_packed(sent))):
            answers = await load([replace(plain, distinct=tuple(part.query for part in one)) for one in requests])
            for parts, answer in zip(requests, answers, strict=True):
                if isinstance(answer, BaseException):
                    raise answer
                for part, count in zip(parts, answer.distinct, strict=True):
                    if count is None:
                        waiting.extend(_apart(part))
                    else:
                        counts[part.place] += count
    return _filled(query, found, counts)


def _parts(query: SearchQuery, found: Found) -> Iterator[Part]:
    yield from _of_stats("", (), (), query.stats, found.stats)
    for groups in query.groups:
        for group in found.groups[groups.name].groups:
            yield from _of_stats(groups.name, groups.fields, group.key, groups.stats, group.stats)


def _of_stats(
    name: str, fields: tuple[GroupField, ...], key: GroupKey, asked: Iterable[StatsQuery], stats: Stats
) -> Iterator[Part]:
    for one in asked:
        known = stats.get(one.path.name)
        if known and known.rough:
            yield from _estimated((name, key, one.path.name), one.path, known.distinct, fields, key)


def _estimated(place: Place, path: Path, about: int, fields: tuple[GroupField, ...], key: GroupKey) -> Iterator[Part]:
    most = about + about // 4 + 50
    partitions = ceil(2 * most / MOST)
    for partition in range(partitions):
        yield Part(place, DistinctQuery(path, min(most, MOST), partition, partitions, fields, key))


def _apart(part: Part) -> Iterator[Part]:
    query = part.query
    for step in range(FEWER):
        partition = query.partition + step * query.partitions
        yield replace(part, query=replace(query, partition=partition, partitions=query.partitions * FEWER))


def _packed(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """The parts of each request."""
    together: list[Part] = []
    listed = 0
    for part in parts:
        if together and listed + part.query.most > MOST:
            yield together
            together, listed = [], 0
        together.append(part)
        listed += part.query.most
    if together:
        yield together


def _several(requests: list[list[Part]]) -> Iterator[list[list[Part]]]:
    for start in range(0, len(requests), AT_ONCE):
        yield requests[start : start + AT_ONCE]


def _filled(query: SearchQuery, found: Found, counts: Mapping[Place, int]) -> Found:
    def exact(name: str, key: GroupKey, stats: Stats) -> Stats:
        return {
            path: replace(one, distinct=counts[name, key, path], rough=False) if one.rough else one
            for path, one in stats.items()
        }

    def group(name: str, one: Group) -> Group:
        return replace(one, stats=exact(name, one.key, one.stats))

    groups = {
        name: replace(page, groups=tuple(group(name, one) for one in page.groups))
        for name, page in found.groups.items()
    }
    return found._replace(stats=exact("", (), found.stats), groups=groups)
