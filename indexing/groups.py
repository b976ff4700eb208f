"""Groups: the records of a search by the values of properties, page by page, whatever their number.

A record is in a group if the filter that names the group's values finds it: values of one list of objects are those
of one element. It is in the group without values only where it has none.
"""

from collections.abc import Mapping
from typing import Any

from errors import BadUserInput
from indexing.conditions import negated
from indexing.fields import field, flat, nested
from indexing.search_query import Group, GroupField, GroupKey, GroupPage, GroupQuery
from indexing.stats import Aggregations, inside, list_of, stats_aggregations, stats_of
from models.collections.kinds import CALENDAR, ORDER, RANGE, TEXT, VALUE
from models.collections.properties import Path

Answer = Mapping[str, Any]
_NOTHING = "nothing"
_FOUND, _NONE, _ELEMENTS, _RECORDS = "found", "none", "elements", "records"


def groups_aggregation(query: GroupQuery, room: int) -> Aggregations:
    """The `aggs` that give one page of groups, and one more group to tell whether there is a next page.

    `room` is that of `stats_aggregations`.
    """
    home = home_of(query.fields)
    stats = stats_aggregations(query.stats, room)
    composite: dict[str, Any] = {
        "size": query.first + 1,
        "sources": [{f"g{i}": _source(one, home)} for i, one in enumerate(query.fields)],
    }
    if query.after is not None:
        composite["after"] = {f"g{i}": value for i, value in enumerate(query.after)}
    if home is None:
        return {_FOUND: {"composite": composite, "aggs": stats}}
    some = with_any(query.fields, home)
    records: Aggregations = {_RECORDS: {"reverse_nested": {}, "aggs": stats}}
    groups = {"filter": some, "aggs": {_FOUND: {"composite": composite, "aggs": records}}}
    without = negated({"nested": {"path": nested(home), "query": some, "score_mode": "none"}})
    return {
        _ELEMENTS: inside(home, {_FOUND: groups}),
        # A record of which no element has a value, or that has no element, is in no composite of elements.
        _NONE: {"filter": without, "aggs": stats},
    }


def home_of(fields: tuple[GroupField, ...]) -> Path | None:
    """The list of objects whose elements are grouped; `None` where records are, by what was gathered at their roots.

    Raises `BadUserInput` for properties that can't be told together.
    """
    homes = {list_of(one.path) for one in fields}
    if len(homes) == 1:
        return homes.pop()
    seen: dict[Path, Path] = {}
    for one in fields:
        if not one.path.nested:
            continue
        outermost = one.path.nested[0]
        if outermost in seen:
            raise BadUserInput(
                f"{seen[outermost].name} and {one.path.name} are of one element of {outermost.name}, and can't be "
                "grouped by together with what is outside of it.",
                "Group by them alone, or by one of them.",
            )
        seen[outermost] = one.path
        if not one.path.last.search.facet:
            raise BadUserInput(
                f"{one.path.name} is inside a list and no facet: it can only be grouped by alone, or with what is "
                "beside it.",
                "Make it a facet in the collection file.",
            )
    return None


def _source(one: GroupField, home: Path | None) -> dict[str, Any]:
    missing = {"missing_bucket": True, "missing_order": "last"}
    name = group_field(one, home)
    if one.calendar:
        body = {"field": name, "calendar_interval": one.calendar, "time_zone": one.zone}
        return {"date_histogram": body | missing}
    if one.interval:
        return {"histogram": {"field": name, "interval": one.interval, **missing}}
    return {"terms": {"field": name, **missing}}


def group_field(one: GroupField, home: Path | None) -> str:
    """The field that holds what is grouped by; of what counts as absent one that nothing has."""
    if one.absent:
        return _NOTHING
    slot = CALENDAR if one.calendar else RANGE if one.ranges else VALUE
    if home is not None:
        return field(one.path, slot)
    return flat(one.path, ORDER if _is_folded(one) else slot)


def _is_folded(one: GroupField) -> bool:
    """Whether the groups are of the form by which full text is ordered."""
    return one.path.last.kind is TEXT and not one.path.nested


def with_any(fields: tuple[GroupField, ...], home: Path) -> dict[str, Any]:
    """The query of the elements that have a value of any of the fields."""
    exists = [{"exists": {"field": group_field(one, home)}} for one in fields]
    return {"bool": {"should": exists, "minimum_should_match": 1}}


def groups_of(query: GroupQuery, answer: Answer) -> GroupPage:
    """The page of groups in Elasticsearch's answer."""
    if _FOUND in answer:
        found = [_group(query, bucket, bucket) for bucket in answer[_FOUND]["buckets"]]
    else:
        buckets = answer[_ELEMENTS][_FOUND][_FOUND]["buckets"]
        found = [_group(query, bucket, bucket[_RECORDS]) for bucket in buckets]
        nothing: GroupKey = (None,) * len(query.fields)
        # Values that are not there come last, so that after all the others there is room for this one.
        if len(found) <= query.first and query.after != nothing and answer[_NONE]["doc_count"]:
            found.append(Group(nothing, answer[_NONE]["doc_count"], stats_of(query.stats, answer[_NONE])))
    return GroupPage(tuple(found[: query.first]), more=len(found) > query.first)


def _group(query: GroupQuery, bucket: Answer, records: Answer) -> Group:
    key = tuple(bucket["key"][f"g{i}"] for i in range(len(query.fields)))
    return Group(key, records["doc_count"], stats_of(query.stats, records))
