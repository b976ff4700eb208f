"""The keys of groups: as text, and as the query that finds the records of a group."""

from typing import Any

from indexing.calendar import OF_A_DAY, end_of_unit, local_text
from indexing.conditions import Query, negated
from indexing.fields import field, flat, nested
from indexing.groups import group_field, home_of, with_any
from indexing.intervals import bounds_of
from indexing.ordering import Cursors
from indexing.search_query import GroupField, GroupKey
from models.collections.dates import zone_named
from models.collections.folding import term_text
from models.collections.kinds import ENUM, TEXT, VALUE
from models.collections.properties import Path


def key_text_of(one: GroupField, value: Any) -> str | None:
    """One value of a group's key, as facets give values.

    Of an interval its start, as a date where it is of days and more; of a range both ends.
    """
    if value is None:
        return None
    prop = one.path.last
    if one.calendar:
        start = local_text(int(value) * 1_000, zone_named(one.zone))
        return start if one.calendar in OF_A_DAY else start.partition("T")[0]
    if one.interval:
        low, _ = bounds_of(value, one.interval)
        return "-Infinity" if low is None else number_text(low)
    if one.ranges:
        return "..".join("" if end is None else number_text(end) for end in one.ranges[value])
    if prop.kind.is_text:
        value = term_text(value, folded=prop.kind is TEXT and not one.path.nested)
    if prop.kind is ENUM and prop.enum:
        return str(prop.enum.by_value.get(value, value))
    text: str = prop.kind.display(value)
    return text


def number_text(value: float) -> str:
    """The start of an interval: as floats are, three tenths are 0.30000000000000004."""
    return str(float(f"{value:.12g}")).removesuffix(".0") if abs(value) < 1e12 else str(value).removesuffix(".0")


def group_query(fields: tuple[GroupField, ...], key: GroupKey) -> Query:
    """The query that finds the records of the group with this key."""
    home = home_of(fields)
    if home is not None and all(value is None for value in key):
        return negated(_in_element(home, with_any(fields, home)))
    parts = [_part(one, value, home) for one, value in zip(fields, key, strict=True)]
    together: Query = {"bool": {"filter": parts}}
    return together if home is None else _in_element(home, together)


def _in_element(home: Path, query: Query) -> Query:
    return {"nested": {"path": nested(home), "query": query, "score_mode": "none"}}


def _part(one: GroupField, value: Any, home: Path | None) -> Query:
    name = group_field(one, home)
    if value is None:
        return negated({"exists": {"field": name}})
    if not one.calendar and not one.interval:
        return {"term": {name: {"value": value}}}
    low, high = _bounds(one, value)
    number = field(one.path, VALUE) if home is not None else flat(one.path, VALUE)
    return {"range": {number: {name: end for name, end in (("gte", low), ("lt", high)) if end is not None}}}


def _bounds(one: GroupField, value: Any) -> tuple[Any, Any]:
    if one.interval:
        return bounds_of(value, one.interval)
    start = int(value) * 1_000
    return start, end_of_unit(start, one.calendar, zone_named(one.zone))


def group_cursors(secret: str, collection: str, fields: tuple[GroupField, ...]) -> Cursors:
    """The cursors of groups by these fields."""
    by = "|".join(f"{one.path.name}~{one.interval!r}~{one.calendar}~{one.zone}~{one.ranges}" for one in fields)
    return Cursors(secret, f"{collection} by {by}", ())
