"""Facets: the aggregations of a search, and what their answers say."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from errors import CostExceeded
from indexing.calendar import end_of_unit
from indexing.conditions import query_of
from indexing.fields import flat
from indexing.intervals import bounds_of
from indexing.search_query import Bucket, FacetQuery, FacetResult
from models.collections.conditions import (
    ALWAYS,
    All,
    Box,
    Compare,
    Condition,
    Count,
    Element,
    Exists,
    Match,
    Near,
    both,
)
from models.collections.folding import bounded, fold, term_text
from models.collections.kinds import CALENDAR
from models.collections.patterns import comparing_without_case, containing_folded, literally
from models.collections.properties import Path

Aggregations = dict[str, Any]
_PART = "@"
"""Stands between a facet and its part, where no filter of its own holds them together."""
MAX_LISTED = 50_000
"""Values that are no texts are looked through here: Elasticsearch finds no parts of numbers and dates."""
MAX_SPELLINGS = 1_000
"""Of the values that a filter asks for whatever their case is."""
MAX_FILLED_BUCKETS = 50_000
"""A histogram over values that lie very far apart is given without its empty buckets."""


def without(condition: Condition, path: Path) -> Condition:
    """`condition` without what it says of `path` at its top or inside `and`."""
    match condition:
        case All(parts):
            return both(*(without(part, path) for part in parts))
        case Compare() | Exists() | Count() | Match() | Near() | Box():
            return ALWAYS if condition.path.steps == path.steps else condition
        case Element(list_path, inner, quantifier):
            if path.steps[: len(list_path.steps)] != list_path.steps:
                return condition
            left = without(inner, path)
            if left == inner or quantifier == "none":
                return condition
            return ALWAYS if left == ALWAYS else replace(condition, condition=left, quantifier=quantifier)
    return condition


def split(condition: Condition, facets: tuple[FacetQuery, ...]) -> tuple[Condition, Condition]:
    """What of a filter every facet counts by, and what some facet leaves out (which filters the hits afterwards)."""
    own = [facet.path for facet in facets if not facet.include_own_filter]
    parts = condition.parts if isinstance(condition, All) else (condition,)
    shared = [part for part in parts if all(without(part, path) == part for path in own)]
    return both(*shared), both(*(part for part in parts if part not in shared))


def aggregations(facets: tuple[FacetQuery, ...], condition: Condition, afterwards: Condition) -> Aggregations:
    """The `aggs` of a search; `afterwards` is the part of its filter (`condition`) that is not in its query."""
    if condition == ALWAYS:
        return dict(_unfiltered(facets))
    found: Aggregations = {}
    for facet in facets:
        kept = afterwards if facet.include_own_filter else without(afterwards, facet.path)
        parts = dict(_parts(facet, selected(condition, facet.path)))
        if kept == ALWAYS:
            found |= {f"{facet.name}{_PART}{part}": body for part, body in parts.items()}
        else:
            found[facet.name] = {"filter": query_of(kept), "aggs": parts}
    return found


@lru_cache(maxsize=200)
def _unfiltered(facets: tuple[FacetQuery, ...]) -> Aggregations:
    return {f"{facet.name}{_PART}{part}": body for facet in facets for part, body in _parts(facet, [])}


def answer_to(facet: FacetQuery, aggregated: Mapping[str, Any]) -> Mapping[str, Any]:
    """What Elasticsearch has aggregated for one facet, by its parts."""
    if facet.name in aggregated:
        found: Mapping[str, Any] = aggregated[facet.name]
        return found
    start = f"{facet.name}{_PART}"
    return {name.removeprefix(start): value for name, value in aggregated.items() if name.startswith(start)}


def _parts(facet: FacetQuery, chosen: list[Compare]) -> Iterator[tuple[str, Aggregations]]:
    prop = facet.path.last
    name = flat(facet.path)
    if facet.missing:
        yield "missing", {"missing": {"field": name}}
    how = prop.search.facet
    if facet.bounds:
        # Elasticsearch gives both as floats, which hold milliseconds, but not the microseconds of far years.
        bounded_by = flat(facet.path, CALENDAR) if _is_calendar(facet) else name
        yield "low", {"min": {"field": bounded_by}}
        yield "high", {"max": {"field": bounded_by}}
    if not how or not (facet.buckets or facet.others):
        return
    match how.how:
        case "terms":
            yield from _terms(facet, chosen)
        case "interval":
            yield "buckets", {"histogram": {"field": name, "interval": how.interval, "min_doc_count": 1}}
        case "calendarInterval":
            # The empty ones are filled in here: Elasticsearch refuses to when values lie very far apart.
            body = {"field": flat(facet.path, CALENDAR), "calendar_interval": how.calendar, "min_doc_count": 1}
            yield "buckets", {"date_histogram": body}
        case "ranges":
            ranges = [{k: v for k, v in (("from", low), ("to", high)) if v is not None} for low, high in how.ranges]
            for position, one in enumerate(ranges):
                yield f"range{position}", {"range": {"field": name, "ranges": [one]}}


def _terms(facet: FacetQuery, chosen: list[Compare]) -> Iterator[tuple[str, Aggregations]]:
    order: Any = [{"_key": "asc"}] if facet.by_value else [{"_count": "desc"}, {"_key": "asc"}]
    body: dict[str, Any] = {"field": flat(facet.path), "size": max(facet.first, 1), "order": order}
    if facet.contains and facet.path.last.kind.is_text:
        body["include"] = containing_folded(facet.contains)
    elif facet.contains:
        body["size"] = MAX_LISTED
    yield "buckets", {"terms": body}
    exact, folded = _chosen(chosen)
    if folded:
        patterns = [*(comparing_without_case("eq", one) for one in folded), *map(literally, exact)]
        include: Any = "|".join(f"({one})" for one in patterns)
        yield "selected", {"terms": {"field": flat(facet.path), "size": MAX_SPELLINGS, "include": include}}
    elif exact:
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in exact)
        include = [one for one in exact if abs(one) < 2**63] if numbers else list(map(_term, exact))
        yield "selected", {"terms": {"field": flat(facet.path), "size": len(exact), "include": include}}


def _term(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _chosen(chosen: list[Compare]) -> tuple[list[Any], list[str]]:
    """The values that a filter asks for as they are, and those that it asks for whatever their case is."""
    exact = [_indexed(value) for one in chosen if not one.ignore_case for value in _values(one)]
    folded = [value for one in chosen if one.ignore_case for value in _values(one)]
    return list(dict.fromkeys(exact)), list(dict.fromkeys(folded))


def _indexed(value: Any) -> Any:
    """A value as the index has it."""
    return bounded(value) if isinstance(value, str) else value


def selected(condition: Condition, path: Path) -> list[Compare]:
    """The comparisons with `path` that a filter makes at its top or inside `and`."""
    match condition:
        case All(parts):
            return [one for part in parts for one in selected(part, path)]
        case Compare() if condition.path.steps == path.steps:
            return [condition]
        case Element(list_path, inner, "some" | "every") if path.steps[: len(list_path.steps)] == list_path.steps:
            return selected(inner, path)
    return []


def _values(compare: Compare) -> list[Any]:
    if compare.operator not in ("eq", "in"):
        return []
    return list(compare.value) if compare.operator == "in" else [compare.value]


def result_of(facet: FacetQuery, answer: Mapping[str, Any], condition: Condition) -> FacetResult:
    """What Elasticsearch's answer to one facet says."""
    how = facet.path.last.search.facet
    chosen = selected(condition, facet.path)
    buckets: list[Bucket] = []
    others = 0
    if how and how.how == "terms" and "buckets" in answer:
        buckets, others = _term_buckets(facet, answer, chosen)
    elif how and how.how == "ranges":
        inside = _inside(chosen)
        buckets = [_range_bucket(answer, position, inside) for position in range(len(how.ranges)) if facet.buckets]
    elif how and "buckets" in answer:
        buckets = _histogram(facet, answer["buckets"]["buckets"], chosen)
    return FacetResult(
        tuple(buckets),
        others,
        answer["missing"]["doc_count"] if facet.missing else 0,
        _bound(facet, answer["low"]["value"]) if facet.bounds else None,
        _bound(facet, answer["high"]["value"]) if facet.bounds else None,
    )


def _is_calendar(facet: FacetQuery) -> bool:
    how = facet.path.last.search.facet
    return how is not None and how.how == "calendarInterval"


def _bound(facet: FacetQuery, value: float | None) -> float | None:
    """The least or the greatest, of moments in microseconds."""
    return int(value) * 1_000 if value is not None and _is_calendar(facet) else value


def _term_buckets(facet: FacetQuery, answer: Mapping[str, Any], chosen: list[Compare]) -> tuple[list[Bucket], int]:
    exact, folded = _chosen(chosen)
    given = answer["buckets"]
    counts: dict[Any, int] = {}
    for bucket in _containing(facet, given):
        counts[_key(facet, bucket)] = bucket["doc_count"]
    shown = dict(list(counts.items())[: facet.first])
    extra = {_key(facet, bucket): bucket["doc_count"] for bucket in answer.get("selected", {}).get("buckets", [])}
    more = {value: extra.get(value, 0) for value in (*exact, *extra) if value not in shown}
    others = (
        (given["sum_other_doc_count"] if not _is_listed(facet) else 0)
        + sum(counts.values())
        - sum(shown.values())
        - sum(count for value, count in more.items() if _contains(facet, value))
    )
    asked, asked_folded = set(exact), set(folded)
    everything = list({**shown, **more}.items())
    if more:
        everything.sort(key=(lambda one: one[0]) if facet.by_value else (lambda one: (-one[1], one[0])))
    buckets = [
        Bucket(_text(value), count, value in asked or (isinstance(value, str) and value.casefold() in asked_folded))
        for value, count in everything
    ]
    return buckets, max(others, 0)


def _text(value: Any) -> Any:
    """A value of the index to show: of a text that is too long for a term there is its beginning."""
    return term_text(value) if isinstance(value, str) else value


def _is_listed(facet: FacetQuery) -> bool:
    """Whether all values were asked for, to be looked through here."""
    return bool(facet.contains) and not facet.path.last.kind.is_text


def _containing(facet: FacetQuery, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buckets of values that contain what is looked for."""
    buckets: list[Mapping[str, Any]] = given["buckets"]
    if not facet.contains or not _is_listed(facet):
        return buckets
    if given["sum_other_doc_count"]:
        message = f"{facet.path.name} has more than {MAX_LISTED:,} values, in which contains can't look."
        raise CostExceeded(message, "Filter by it, or find less.")
    return [one for one in buckets if _contains(facet, _key(facet, one))]


def _contains(facet: FacetQuery, value: Any) -> bool:
    return not facet.contains or fold(facet.contains) in fold(facet.path.last.kind.display(value))


def _key(facet: FacetQuery, bucket: Mapping[str, Any]) -> Any:
    if "key_as_string" in bucket and facet.path.last.kind.name == "Boolean":
        return bucket["key_as_string"] == "true"
    return bucket["key"]


def _range_bucket(answer: Mapping[str, Any], position: int, inside: Callable[[Any, Any], bool]) -> Bucket:
    (bucket,) = answer[f"range{position}"]["buckets"]
    low, high = bucket.get("from"), bucket.get("to")
    return Bucket(low, bucket["doc_count"], inside(low, high), high)


def _histogram(facet: FacetQuery, given: list[Mapping[str, Any]], chosen: list[Compare]) -> list[Bucket]:
    how = facet.path.last.search.facet
    assert how
    counts = [bucket["doc_count"] for bucket in given]
    ranges: list[tuple[Any, int, Any]]
    if how.how == "calendarInterval":
        ranges = _filled_calendar([bucket["key"] * 1_000 for bucket in given], counts, how.calendar)
    else:
        numbers = _filled([float(bucket["key"]) for bucket in given], counts, how.interval)
        ranges = [(low, count, high) for start, count in numbers for low, high in (bounds_of(start, how.interval),)]
    inside = _inside(chosen)
    return [Bucket(low, count, inside(low, high), high) for low, count, high in ranges]


def _filled(starts: list[float], counts: list[int], interval: float) -> list[tuple[float, int]]:
    """The buckets with the empty ones between them: start, count."""
    if not starts or not (starts[-1] - starts[0]) / interval <= MAX_FILLED_BUCKETS:
        return list(zip(starts, counts, strict=True))
    by_step = {round(start / interval): count for start, count in zip(starts, counts, strict=True)}
    steps = range(round(starts[0] / interval), round(starts[-1] / interval) + 1)
    return [(step * interval, by_step.get(step, 0)) for step in steps]


def _filled_calendar(starts: list[int], counts: list[int], calendar: str) -> list[tuple[Any, int, Any]]:
    """The buckets of a calendar with the empty ones between them: start, count, end."""
    given = [(low, count, end_of_unit(low, calendar)) for low, count in zip(starts, counts, strict=True)]
    found: list[tuple[Any, int, Any]] = []
    for bucket in given:
        while found and (gap := found[-1][2]) is not None and gap < bucket[0]:
            found.append((gap, 0, end_of_unit(gap, calendar)))
            if len(found) > MAX_FILLED_BUCKETS:
                return given
        found.append(bucket)
    return found


def _inside(chosen: list[Compare]) -> Callable[[Any, Any], bool]:
    """Tells whether a filter picks out a range: an equal value lies in it, or it lies wholly within the bounds."""
    values = sorted(value for one in chosen for value in _values(one))
    bounds = [one for one in chosen if one.operator in ("gt", "gte", "lt", "lte")]
    if not values and not bounds:
        return lambda _low, _high: False

    def inside(low: Any, high: Any) -> bool:
        least = 0 if low is None else bisect_left(values, low)
        if least < len(values) and (high is None or values[least] < high):
            return True
        return bool(bounds) and all(
            (low is not None and low >= one.value)
            if one.operator in ("gt", "gte")
            else (high is not None and high <= one.value)
            for one in bounds
        )

    return inside
