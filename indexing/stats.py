"""Stats: what the values of a property come to, as aggregations of a search and from their answers.

Every value counts that the records have at the end of the path, also equal ones and several of one record.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from indexing.fields import field, flat, nested
from indexing.search_query import Stats, StatsQuery, StatsResult
from models.collections.folding import term_text
from models.collections.kinds import BOOLEAN, COUNT, ENUM, FLOAT, INT, LONG, ORDER, PRESENT, TEXT, VALUE
from models.collections.properties import Path

Aggregations = dict[str, Any]
_NUMBERS = (INT, LONG, FLOAT)
_ROUGH = 100
"""Distinct values up to which an estimate is nearly right; it only tells how to count them exactly."""
MOST = 40_000
"""Values that one request lists: Elasticsearch allows 65,536 buckets in an answer."""
LISTED, NUMBER = "listed", "number"


def stats_aggregations(stats: tuple[StatsQuery, ...], room: int) -> Aggregations:
    """The `aggs` of stats over records; they stand at the records, not inside a list of objects.

    Up to `room` distinct values are listed, to be counted exactly at once.
    """
    found: Aggregations = {}
    for query in stats:
        for part, (path, body) in _parts(query):
            found[f"{query.path.name}:{part}"] = inside(path, {"value": body})
        if "distinct" in query.parts:
            estimate = {"cardinality": {"field": values_field(query.path), "precision_threshold": _ROUGH}}
            aggs = listing(query.path, room) | {"value": estimate}
            found[f"{query.path.name}:distinct"] = inside(list_of(query.path), aggs)
    return found


def listing(path: Path, most: int, **options: Any) -> Aggregations:
    """The `aggs` that list up to so many of the values of a property, and tell their number."""
    terms = {"field": values_field(path), "size": most, "order": {"_key": "asc"}, **options}
    return {LISTED: {"terms": terms}, NUMBER: {"stats_bucket": {"buckets_path": f"{LISTED}>_count"}}}


def listed_number(answer: Mapping[str, Any]) -> int | None:
    """How many values there are; `None` where not all were listed."""
    number: int = answer[NUMBER]["count"]
    return None if answer[LISTED]["sum_other_doc_count"] else number


def inside(path: Path | None, aggregations: Aggregations) -> Aggregations:
    """`aggregations` over the elements of the list of objects at `path`, or over the records themselves."""
    about: Aggregations = {"filter": {"match_all": {}}} if path is None else {"nested": {"path": nested(path)}}
    return {**about, "aggs": aggregations}


def list_of(path: Path) -> Path | None:
    """The innermost list of objects in which a property stands."""
    return path.nested[-1] if path.nested else None


def values_field(path: Path) -> str:
    """The field in which all values of a property can be counted; inside a list of objects it is the element's."""
    ordered_only = path.last.kind is TEXT and not path.nested and not path.last.search.facet
    return field(path, ORDER if ordered_only else VALUE)


def _parts(query: StatsQuery) -> Iterator[tuple[str, tuple[Path | None, Aggregations]]]:
    path, kind, wanted = query.path, query.path.last.kind, query.parts
    home, name = list_of(path), values_field(path)
    summed = kind in _NUMBERS and wanted - {"distinct"}
    if summed:
        yield "numbers", (home, {"stats": {"field": name}})
    if "count" in wanted and not summed:
        yield "count", (home, _count(path, name))
    if kind not in (INT, FLOAT, BOOLEAN, ENUM):
        ends = (None, flat(path, ORDER)) if kind is TEXT else (home, name)
        for part, direction in (("min", "asc"), ("max", "desc")):
            if part in wanted:
                yield part, (ends[0], _end(ends[1], part, direction))


def _count(path: Path, name: str) -> Aggregations:
    """Equal texts of one list are one value in the index, so that the lengths of the lists are summed."""
    prop = path.last
    if prop.many and prop.kind.is_text:
        return {"sum": {"field": field(path, PRESENT if prop.items_nullable else COUNT)}}
    return {"value_count": {"field": name}}


def _end(name: str, mode: str, direction: str) -> Aggregations:
    """The least or the greatest value itself: as a number Elasticsearch would round it to 53 bits."""
    sort = [{name: {"order": direction, "mode": mode, "missing": "_last"}}]
    # What has no value would have a made up one to sort by.
    present: Aggregations = {"filter": {"exists": {"field": name}}}
    return {**present, "aggs": {"end": {"top_hits": {"size": 1, "_source": False, "sort": sort}}}}


def stats_of(stats: tuple[StatsQuery, ...], answer: Mapping[str, Any]) -> Stats:
    """What Elasticsearch's answer says of each property."""
    return {query.path.name: _result(query.path, answer) for query in stats}


def _result(path: Path, answer: Mapping[str, Any]) -> StatsResult:
    given = {
        part: answer[f"{path.name}:{part}"]["value"]
        for part in ("numbers", "count", "min", "max")
        if f"{path.name}:{part}" in answer
    }
    numbers = given.get("numbers", {})
    distinct = answer.get(f"{path.name}:distinct")
    exactly = listed_number(distinct) if distinct else 0
    return StatsResult(
        count=numbers["count"] if numbers else int(given["count"]["value"]) if "count" in given else 0,
        low=_end_of(path, given["min"]) if "min" in given else numbers.get("min"),
        high=_end_of(path, given["max"]) if "max" in given else numbers.get("max"),
        mean=numbers.get("avg"),
        total=numbers.get("sum", 0.0),
        distinct=distinct["value"]["value"] if distinct and exactly is None else exactly or 0,
        rough=exactly is None,
    )


def _end_of(path: Path, answer: Mapping[str, Any]) -> Any:
    hits = answer["end"]["hits"]["hits"]
    if not hits:
        return None
    (value,) = hits[0]["sort"]
    return term_text(value, folded=path.last.kind is TEXT) if path.last.kind.is_text else value
