"""From the filter of a request (or the `where` of a rule) to a condition."""

from collections.abc import Callable, Mapping
from typing import Any

from errors import BadUserInput
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
    Not,
    both,
    either,
)
from models.collections.dates import Clock, date_micros, datetime_micros, is_math, math_micros, zone_named
from models.collections.kinds import DATE, MOMENTS
from models.collections.properties import ROOT, Path, Property, Shape

Filter = Mapping[str, Any]
MAX_PART, MAX_FOLDED, MAX_FOLDED_PART = 500, 500, 100
"""Bytes of a text that values are to begin with, contain or be ordered by; characters of one compared without case,
as a whole and otherwise: what Elasticsearch can search by exactly."""


def condition_of(shape: Shape, given: Filter | None, clock: Clock, base: Path = ROOT) -> Condition:
    """The condition that a filter on `shape` means; absent parts, null and `{}` are no condition.

    Raises `BadUserInput` for what has no meaning, such as `eq: null`.
    """
    return both(*(_part(shape, name, value, clock, base) for name, value in (given or {}).items() if value is not None))


def _part(shape: Shape, name: str, value: Any, clock: Clock, base: Path) -> Condition:
    match name:
        case "and":
            return both(*(condition_of(shape, part, clock, base) for part in value))
        case "or":
            return either(*(condition_of(shape, part, clock, base) for part in value))
        case "not":
            return Not(condition_of(shape, value, clock, base))
    if name == "exists" and name not in shape.properties:
        return Exists(base, value)
    return _property(base / shape.properties[name], value, clock)


def _property(path: Path, given: Filter, clock: Clock) -> Condition:
    prop = path.last
    if path.is_too_deep:
        raise BadUserInput(f"{path.name} is deeper than the index goes.", "Filter on a level above.")
    if prop.shape and prop.many:
        return _elements(path, given, clock)
    if prop.shape:
        return condition_of(prop.shape, given, clock, path)
    if prop.many:
        return _list(path, given, clock)
    return _scalar(path, given, clock)


def _elements(path: Path, given: Filter, clock: Clock) -> Condition:
    assert path.last.shape
    parts: list[Condition] = []
    for quantifier, value in given.items():
        if value is None:
            continue
        if quantifier == "exists":
            parts.append(Exists(path, value))
        elif quantifier == "count":
            parts.append(_count(path, value))
        else:
            parts.append(Element(path, condition_of(path.last.shape, value, clock, path), quantifier))
    return both(*parts)


def _list(path: Path, given: Filter, clock: Clock) -> Condition:
    ignore_case = bool(given.get("ignoreCase"))
    parts: list[Condition] = []
    for operator, value in given.items():
        if value is None:
            continue
        match operator:
            case "any":
                parts.append(_compare(path, "in", value, ignore_case, clock))
            case "all":
                parts.append(All(tuple(_compare(path, "eq", one, ignore_case, clock) for one in value)))
            case "none":
                parts.append(_compare(path, "notIn", value, ignore_case, clock))
            case "count":
                parts.append(_count(path, value))
            case "exists":
                parts.append(Exists(path, value))
            case "match" | "phrase":
                parts.append(Match(path, value, phrase=operator == "phrase"))
    return both(*parts)


def _count(path: Path, given: Filter) -> Condition:
    parts: list[Condition] = []
    for operator, value in given.items():
        if operator == "exists":
            parts.append(ALWAYS if value in (True, None) else either())
            continue
        if value is None and operator in ("eq", "ne"):
            raise _null(path, operator)
        if value is None:
            continue
        parts.append(Count(path, operator, value))
    return both(*parts)


def _scalar(path: Path, given: Filter, clock: Clock) -> Condition:
    if given.get("timeZone") is not None:
        clock = clock.in_zone(zone_named(given["timeZone"]))
    ignore_case = bool(given.get("ignoreCase"))
    parts: list[Condition] = []
    for operator, value in given.items():
        if value is None and operator in ("eq", "ne"):
            raise _null(path, operator)
        if value is None or operator in ("ignoreCase", "timeZone"):
            continue
        parts.append(_operator(path, operator, value, ignore_case, clock))
    return both(*parts)


def _operator(path: Path, operator: str, value: Any, ignore_case: bool, clock: Clock) -> Condition:
    match operator:
        case "exists":
            return Exists(path, value)
        case "match" | "phrase":
            return Match(path, value, phrase=operator == "phrase")
        case "near":
            return _near(path, value)
        case "box":
            return _box(path, value)
    return _compare(path, operator, value, ignore_case, clock)


def _near(path: Path, given: Filter) -> Condition:
    check_point(path.name, given["lat"], given["lon"])
    if not given["withinMeters"] >= 0:
        raise BadUserInput(f"{path.name}: withinMeters must not be negative.")
    return Near(path, given["lat"], given["lon"], given["withinMeters"])


def _box(path: Path, given: Filter) -> Condition:
    north, south, east, west = given["north"], given["south"], given["east"], given["west"]
    check_point(path.name, north, east)
    check_point(path.name, south, west)
    if south > north:
        raise BadUserInput(f"{path.name}: south must not be north of north.")
    return Box(path, north, south, east, west)


def check_point(name: str, lat: float, lon: float) -> None:
    """Raises `BadUserInput` for what is no place on earth."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadUserInput(f"{name}: {lat:g}, {lon:g} is no place.", "Give a latitude of ±90 and a longitude of ±180.")


def _compare(path: Path, operator: str, value: Any, ignore_case: bool, clock: Clock) -> Condition:
    convert = _operand(path.last, operator, clock)
    fold: Callable[[Any], Any] = (lambda v: v.casefold()) if ignore_case else (lambda v: v)
    if operator in ("in", "notIn"):
        if any(one is None for one in value):
            raise _null(path, operator)
        operand: Any = tuple(fold(convert(one)) for one in value)
    else:
        operand = fold(convert(value))
    for one in operand if isinstance(operand, tuple) else (operand,):
        _check_length(path, operator, one, ignore_case=ignore_case)
    return Compare(path, operator, operand, ignore_case)


def _check_length(path: Path, operator: str, value: Any, *, ignore_case: bool) -> None:
    if not isinstance(value, str):
        return
    whole = operator in ("eq", "ne", "in", "notIn")
    if ignore_case:
        length, most, unit = len(value), MAX_FOLDED if whole else MAX_FOLDED_PART, "characters"
    elif whole:
        return
    else:
        length, most, unit = len(value.encode(errors="replace")), MAX_PART, "bytes"
    if length > most:
        case = " with ignoreCase" if ignore_case else ""
        message = f"{path.name}: {operator} takes at most {most} {unit}{case}, not {length:,}."
        raise BadUserInput(message, "Compare with a shorter text.")


def _operand(prop: Property, operator: str, clock: Clock) -> Callable[[Any], Any]:
    if prop.kind not in MOMENTS:
        return _number_or_text(prop)
    up = operator in ("gt", "lte")

    def convert(text: str) -> int:
        try:
            if is_math(text):
                return math_micros(text, clock, only_date=prop.kind is DATE, up=up)
            return date_micros(text) if prop.kind is DATE else datetime_micros(text, clock.zone)
        except ValueError as error:
            raise BadUserInput(f"{prop.field}: {error}.", "Give a date, or date math such as now-30d/d.") from None

    return convert


def _number_or_text(prop: Property) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, str) and prop.kind.name in ("Int", "Long", "Float", "Boolean"):
            raise BadUserInput(f"{prop.field}: {value!r} is not of the type {prop.kind.name}.")
        return value + 0.0 if isinstance(value, float) else value  # so that -0.0 is 0.0, as it is in the index

    return convert


def _null(path: Path, operator: str) -> BadUserInput:
    return BadUserInput(f"{path.name}: {operator} does not take null.", "Use exists: false to find what has no value.")
