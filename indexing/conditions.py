"""Conditions in Elasticsearch's terms: a pure function from a condition to a query in filter context."""

from collections.abc import Iterator
from typing import Any

from errors import CostExceeded
from indexing.fields import element_text, field, nested, text
from models.collections.conditions import (
    COMPLEMENTS,
    All,
    AnyOf,
    Box,
    Compare,
    Condition,
    Count,
    Element,
    Exists,
    Match,
    Near,
    Not,
    either,
)
from models.collections.folding import bounded
from models.collections.kinds import COUNT, EXISTS, INT, LONG, VALUE
from models.collections.patterns import MAX_PATTERN, comparing_without_case
from models.collections.properties import Path

Query = dict[str, Any]
MATCH_ALL: Query = {"match_all": {}}
MATCH_NONE: Query = {"match_none": {}}
_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1


def query_of(condition: Condition) -> Query:  # noqa: C901, PLR0911 - one line a kind of condition
    """The query that finds exactly the records that meet `condition`."""
    match condition:
        case All(parts):
            return {"bool": {"filter": [query_of(part) for part in parts]}} if parts else MATCH_ALL
        case AnyOf(parts):
            should = [query_of(part) for part in parts]
            return {"bool": {"should": should, "minimum_should_match": 1}} if parts else MATCH_NONE
        case Not(part):
            return negated(query_of(part))
        case Compare(operator=operator) if operator in COMPLEMENTS:
            positive = Compare(condition.path, COMPLEMENTS[operator], condition.value, condition.ignore_case)
            return negated(_compare(positive))
        case Compare():
            return _compare(condition)
        case Count():
            return _count(condition)
        case Exists(path, wanted):
            return _exists(path) if wanted else negated(_exists(path))
        case Element():
            return _element(condition)
        case Match(path, words, phrase):
            return _match(path, words, phrase)
        case Near(path, lat, lon, metres):
            # Elasticsearch takes no distance of 0; a millimetre is less than it tells apart.
            return {"geo_distance": {"distance": f"{max(metres, 0.001)}m", field(path): {"lat": lat, "lon": lon}}}
        case Box(path, north, south, east, west):
            return {"geo_bounding_box": {field(path): {"top": north, "left": west, "bottom": south, "right": east}}}


def check_patterns(condition: Condition) -> None:
    """Raises `CostExceeded` where what is compared without case is too much to be looked for together."""
    size = 0
    for one in _without_case(condition):
        operator = COMPLEMENTS.get(one.operator, one.operator)
        several = operator == "in"
        for folded in one.value if several else (one.value,):
            size += len(comparing_without_case("eq" if several else operator, folded)) + 3 if folded else 0
            if size > MAX_PATTERN:
                message = f"{one.path.name}: the filter compares with too much text with ignoreCase."
                raise CostExceeded(message, "Compare with fewer or shorter texts.")


def _without_case(condition: Condition) -> Iterator[Compare]:
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _without_case(part)
        case Not(part) | Element(condition=part):
            yield from _without_case(part)
        case Compare(ignore_case=True):
            yield condition


def negated(query: Query) -> Query:
    return {"bool": {"must_not": [query]}}


def _compare(condition: Compare) -> Query:
    path, operator = condition.path, condition.operator
    if condition.ignore_case:
        return _ignoring_case(condition)
    name = field(path, VALUE)
    if path.last.kind in (INT, LONG):
        return _whole_number(name, operator, condition.value)
    return _string(name, operator, _terms(condition.value))


def _ignoring_case(condition: Compare) -> Query:
    """The value is filtered by a pattern of what folds to it."""
    name = field(condition.path, VALUE)
    if condition.operator == "in" and not condition.value:
        return MATCH_NONE
    if condition.operator == "in":
        return {"bool": {"should": [_pattern(name, "eq", one) for one in condition.value], "minimum_should_match": 1}}
    return _pattern(name, condition.operator, condition.value)


def _pattern(name: str, operator: str, folded: str) -> Query:
    if not folded:
        return (
            {"term": {name: ""}}
            if operator in ("eq", "lte")
            else MATCH_NONE
            if operator == "lt"
            else _all(name, operator)
        )
    return {"regexp": {name: {"value": comparing_without_case(operator, folded), "flags": "EMPTY"}}}


def _all(name: str, operator: str) -> Query:
    """What compares so with the empty text: everything, or for `gt` everything but itself."""
    exists: Query = {"exists": {"field": name}}
    return {"bool": {"filter": [exists], "must_not": [{"term": {name: ""}}]}} if operator == "gt" else exists


def _string(name: str, operator: str, value: Any) -> Query:
    match operator:
        case "eq":
            return {"term": {name: {"value": value}}}
        case "in":
            return {"terms": {name: value}} if value else MATCH_NONE
        case "startsWith":
            return {"prefix": {name: {"value": value}}}
        case "contains":
            return {"wildcard": {name: {"value": f"*{_plain(value)}*"}}}
        case _:
            return {"range": {name: {operator: value}}}


def _terms(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_terms(one) for one in value]
    return bounded(value) if isinstance(value, str) else value


def _plain(value: str) -> str:
    """`value` with the characters that mean something to a wildcard query made plain."""
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _whole_number(name: str, operator: str, value: Any) -> Query:
    """A comparison with a whole number, which may lie outside of what Elasticsearch's `long` holds."""
    if operator == "in":
        inside = [one for one in value if _LONG_MIN <= one <= _LONG_MAX]
        return {"terms": {name: inside}} if inside else MATCH_NONE
    if _LONG_MIN <= value <= _LONG_MAX:
        return {"term": {name: {"value": value}}} if operator == "eq" else {"range": {name: {operator: value}}}
    below_all = value < 0
    if operator != "eq" and below_all is (operator in ("gt", "gte")):
        return {"exists": {"field": name}}
    return MATCH_NONE


def _count(condition: Count) -> Query:
    """An empty list has no count in the index, so that a comparison that holds for 0 holds for none."""
    name, operator, value = field(condition.path, COUNT), condition.operator, condition.value
    if operator in COMPLEMENTS:
        return negated(_count(Count(condition.path, COMPLEMENTS[operator], value)))
    if operator == "in":
        return query_of(either(*(Count(condition.path, "eq", one) for one in value)))
    query: Query = {"term": {name: value}} if operator == "eq" else {"range": {name: {operator: value}}}
    zero = {"eq": value == 0, "gt": value < 0, "gte": value <= 0, "lt": value > 0, "lte": value >= 0}[operator]
    if not zero:
        return query
    return {"bool": {"should": [query, negated({"exists": {"field": name}})], "minimum_should_match": 1}}


def _exists(path: Path) -> Query:
    prop = path.last
    slot = COUNT if prop.many else EXISTS if prop.shape else VALUE
    return {"exists": {"field": field(path, slot)}}


def _element(condition: Element) -> Query:
    path, inner = nested(condition.path), query_of(condition.condition)
    if condition.quantifier == "every":
        return negated({"nested": {"path": path, "query": negated(inner), "score_mode": "none"}})
    found: Query = {"nested": {"path": path, "query": inner, "score_mode": "none"}}
    return found if condition.quantifier == "some" else negated(found)


def _match(path: Path, words: str, phrase: bool) -> Query:
    name = element_text(path) if path.nested else text(path)
    if phrase:
        return {"match_phrase": {name: {"query": words}}}
    return {"match": {name: {"query": words, "operator": "and"}}}
