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


def stats_aggregations(stats: tuple[StatsQuery, ...]) -> Aggregations:
    """The `aggs` of stats over records; they stand at the records, not inside a list of objects."""
    found: Aggregations = {}
    for query in stats:
        for part, (path, body) in _parts(query):
            found[f"{query.path.name}:{part}"] = inside(path, {"value": body})
    return found


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
    if "distinct" in wanted:
        yield "distinct", (home, {"cardinality": {"field": name, "precision_threshold": _ROUGH}})


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
        for part in ("numbers", "count", "min", "max", "distinct")
        if f"{path.name}:{part}" in answer
    }
    numbers = given.get("numbers", {})
    return StatsResult(
        count=numbers["count"] if numbers else int(given["count"]["value"]) if "count" in given else 0,
        low=_end_of(path, given["min"]) if "min" in given else numbers.get("min"),
        high=_end_of(path, given["max"]) if "max" in given else numbers.get("max"),
        mean=numbers.get("avg"),
        total=numbers.get("sum", 0.0),
        distinct=given["distinct"]["value"] if "distinct" in given else 0,
    )


def _end_of(path: Path, answer: Mapping[str, Any]) -> Any:
    hits = answer["end"]["hits"]["hits"]
    if not hits:
        return None
    (value,) = hits[0]["sort"]
    return term_text(value, folded=path.last.kind is TEXT) if path.last.kind.is_text else value
