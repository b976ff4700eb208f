"""The aggregations of a search beside its facets: stats, groups, and the lists by which distinct values are counted."""

from collections.abc import Mapping
from typing import Any

from indexing.conditions import query_of
from indexing.distinct import distinct_aggregation, distinct_of
from indexing.groups import groups_aggregation, groups_of
from indexing.search_query import GroupPage, SearchQuery, Stats, StatsQuery
from indexing.stats import MOST, Aggregations, stats_aggregations, stats_of
from models.collections.conditions import Condition

_STATS, _GROUPS, _DISTINCT = "stats", "groups:", "distinct:"


def aggregates(query: SearchQuery, afterwards: Condition) -> Aggregations:
    """Their `aggs`; `afterwards` is the part of the filter that is not in the query, since facets leave it out."""
    found: Aggregations = {}
    room = MOST // max(_listings(query), 4) or 1
    if query.stats:
        found[_STATS] = stats_aggregations(query.stats, room)
    for groups in query.groups:
        found[f"{_GROUPS}{groups.name}"] = groups_aggregation(groups, room)
    for number, distinct in enumerate(query.distinct):
        found[f"{_DISTINCT}{number}"] = distinct_aggregation(distinct)
    within = query_of(afterwards)
    return {name: {"filter": within, "aggs": aggs} for name, aggs in found.items()}


def _listings(query: SearchQuery) -> int:
    """How often distinct values are listed."""
    grouped = sum((groups.first + 2) * _distinct_in(groups.stats) for groups in query.groups)
    return _distinct_in(query.stats) + grouped


def _distinct_in(stats: tuple[StatsQuery, ...]) -> int:
    return sum("distinct" in one.parts for one in stats)


def lists_values(query: SearchQuery) -> bool:
    """Whether values are listed, of which only their number is to be sent."""
    return bool(query.distinct or _listings(query))


def stats_found(query: SearchQuery, answer: Mapping[str, Any]) -> Stats:
    """The stats in Elasticsearch's answer."""
    return stats_of(query.stats, answer[_STATS]) if query.stats else {}


def groups_found(query: SearchQuery, answer: Mapping[str, Any]) -> dict[str, GroupPage]:
    """The groups in Elasticsearch's answer, by their names."""
    return {groups.name: groups_of(groups, answer[f"{_GROUPS}{groups.name}"]) for groups in query.groups}


def distinct_found(query: SearchQuery, answer: Mapping[str, Any]) -> tuple[int | None, ...]:
    """How many values each part has."""
    return tuple(distinct_of(answer[f"{_DISTINCT}{number}"]) for number in range(len(query.distinct)))
