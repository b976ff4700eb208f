"""Which records meet a filter."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from tests.acceptance.oracle.moments import moment
from tests.acceptance.oracle.shapes import Json, Record, Shape
from tests.acceptance.oracle.words import tokens

Filter = Mapping[str, Any]


class BadFilterError(Exception):
    """The filter has no meaning."""


def matches(value: Record | None, given: Filter | None, shape: Shape) -> bool:
    """Whether a record, or an object inside one, meets a filter."""
    return all(_meets(value, name, part, shape) for name, part in (given or {}).items() if part is not None)


def _meets(value: Record | None, name: str, part: Json, shape: Shape) -> bool:
    match name:
        case "and":
            return all(matches(value, each, shape) for each in part)
        case "or":
            return any(matches(value, each, shape) for each in part)
        case "not":
            return not matches(value, part, shape)
        case "exists" if name not in shape.properties:
            return (value is not None) is part
    prop = shape.properties[name]
    return _property_meets(None if value is None else value.get(prop.name), part, prop.shape)


def _property_meets(value: Json, part: Filter, shape: Shape) -> bool:
    if shape.is_list:
        return all(_list_meets(value or [], name, operand, part, shape) for name, operand in part.items())
    if shape.is_object:
        return matches(value, part, shape)
    if shape.is_place:
        return place_matches(value, part)
    return scalar_matches(shape.comparable(value), comparable(part, shape))


def comparable(part: Filter, shape: Shape) -> Filter:
    """A scalar filter with its operands as the values of `shape` are compared."""
    if shape.schema.get("format") in ("date", "date-time"):
        return _moments(part, is_date=shape.schema["format"] == "date")
    return {
        name: [shape.comparable(each) for each in operand] if isinstance(operand, list) else shape.comparable(operand)
        for name, operand in part.items()
    }


def _moments(part: Filter, *, is_date: bool) -> Filter:
    zone = part.get("timeZone")

    def convert(name: str, operand: Json) -> Json:
        if isinstance(operand, list):
            return [convert(name, each) for each in operand]
        if not isinstance(operand, str):
            return operand
        if is_date:
            return moment(operand, None, up=name in ROUNDED_UP).date().isoformat()
        return moment(operand, zone, up=name in ROUNDED_UP)

    return {name: convert(name, operand) for name, operand in part.items() if name != "timeZone"}


ROUNDED_UP = ("gt", "lte")


def place_matches(value: Json, part: Filter) -> bool:
    """Whether a place, `{lat, lon}` or nothing, meets all of `near`, `box` and `exists`."""
    if "exists" in part and (value is not None) is not part["exists"]:
        return False
    if value is None:
        return not part.keys() & {"near", "box"}
    near, box = part.get("near"), part.get("box")
    if near and distance((near["lat"], near["lon"]), value) > near["withinMeters"]:
        return False
    return box is None or _in_box(value, box)


def _in_box(value: Mapping[str, float], box: Mapping[str, float]) -> bool:
    west, east = box["west"], box["east"]
    lon = west <= value["lon"] <= east if west <= east else value["lon"] >= west or value["lon"] <= east
    return box["south"] <= value["lat"] <= box["north"] and lon


def distance(origin: tuple[float, float], place: Mapping[str, float]) -> float:
    """Metres along a great circle, by the haversine formula."""
    (lat, lon), (other, far) = map(math.radians, origin), (math.radians(place["lat"]), math.radians(place["lon"]))
    half = math.sin((other - lat) / 2) ** 2 + math.cos(lat) * math.cos(other) * math.sin((far - lon) / 2) ** 2
    return 2 * 6_371_008.7714 * math.asin(math.sqrt(half))


def _list_meets(values: list[Json], name: str, operand: Json, part: Filter, shape: Shape) -> bool:
    if operand is None or name == "ignoreCase":
        return True
    if name == "exists":
        return bool(values) is operand
    if name == "count":
        return scalar_matches(len(values), operand)
    if shape.is_object:
        found = [matches(element, operand, shape.item) for element in values]
        return {"some": any(found), "none": not any(found), "every": all(found)}[name]
    if name in ("match", "phrase"):
        return any(has_words(value, operand) for value in values)
    fold, convert = _fold_of(part), shape.item.comparable
    have = {fold(convert(value)) for value in values if value is not None}
    wanted = {fold(convert(each)) for each in operand}
    return {"any": bool(have & wanted), "all": wanted <= have, "none": not have & wanted}[name]


OPERATORS: Mapping[str, Callable[[Json, Json], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "in": lambda value, operand: value in operand,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "startsWith": lambda value, operand: value.startswith(operand),
    "contains": lambda value, operand: operand in value,
    "match": lambda value, operand: has_words(value, operand),
}


def has_words(text: str, words: str) -> bool:
    """Whether a text of the analyzer `standard` has all the words."""
    have, wanted = tokens(text, "standard"), tokens(words, "standard")
    return bool(wanted) and set(wanted) <= set(have)


def scalar_matches(value: Json, given: Filter) -> bool:
    """Whether one value meets all the operators of a scalar filter (but for full text ones)."""
    return all(_operator(value, name, operand, given) for name, operand in given.items() if name != "ignoreCase")


def _operator(value: Json, name: str, operand: Json, given: Filter) -> bool:
    if operand is None:
        if name in ("eq", "ne"):
            raise BadFilterError(f"{name} takes no null: use exists")
        return True
    if name == "exists":
        return (value is not None) is operand
    if value is None:
        return name == "ne"
    fold = _fold_of(given)
    return OPERATORS[name](fold(value), fold(operand))


def _fold_of(given: Filter) -> Callable[[Json], Json]:
    return _folded_case if given.get("ignoreCase") else lambda value: value


def _folded_case(value: Json) -> Json:
    if isinstance(value, list):
        return [_folded_case(each) for each in value]
    return value.casefold() if isinstance(value, str) else value
