"""Conditions on records: what a filter or a rule says, as a value that is compiled to Elasticsearch or tried in Python.

Logic is two-valued: what is absent fails every comparison, and `Not` is the plain complement.
A path inside a list of objects is only met inside an `Element` of that list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from operator import ge, gt, le, lt
from typing import Any

from models.collections.properties import Path

Json = Any
EARTH_RADIUS = 6_371_008.7714
"""Metres: the mean radius that Elasticsearch uses."""


@dataclass(frozen=True)
class All:
    """Every part holds; of none it holds."""

    parts: "tuple[Condition, ...]" = ()


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds; of none it does not."""

    parts: "tuple[Condition, ...]" = ()


@dataclass(frozen=True)
class Not:
    part: "Condition"


@dataclass(frozen=True)
class Compare:
    """One value (or, of a list, any element) compares so: `eq in gt gte lt lte startsWith contains`.

    `ne` and `notIn` are the complements of `eq` and `in`: true of what is absent.
    """

    path: Path
    operator: str
    value: Json
    ignore_case: bool = False


@dataclass(frozen=True)
class Count:
    """The length of a list, absent is 0, compares so."""

    path: Path
    operator: str
    value: Json


@dataclass(frozen=True)
class Exists:
    """Neither null nor an empty list; with `wanted` false the complement."""

    path: Path
    wanted: bool = True


@dataclass(frozen=True)
class Element:
    """`some`, `none` or `every` element of the list of objects at `path` meets the condition."""

    path: Path
    condition: "Condition"
    quantifier: str = "some"


@dataclass(frozen=True)
class Match:
    """The words (or the phrase) of `text` are in a full text property."""

    path: Path
    text: str
    phrase: bool


@dataclass(frozen=True)
class Near:
    path: Path
    lat: float
    lon: float
    metres: float


@dataclass(frozen=True)
class Box:
    """Inside a box; with `east < west` it crosses the date line."""

    path: Path
    north: float
    south: float
    east: float
    west: float


Condition = All | AnyOf | Not | Compare | Count | Exists | Element | Match | Near | Box
ALWAYS = All()
NEVER = AnyOf()


def both(*conditions: Condition) -> Condition:
    """The conditions together, flattened, without those that always hold."""
    parts: list[Condition] = []
    for condition in conditions:
        parts.extend(condition.parts if isinstance(condition, All) else (condition,))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def either(*conditions: Condition) -> Condition:
    # One alternative alone is an alternative all the same: facets leave out what must hold, and no alternatives.
    return ALWAYS if ALWAYS in conditions else AnyOf(conditions)


COMPLEMENTS = {"ne": "eq", "notIn": "in"}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "in": lambda a, b: a in b,
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
    "startsWith": lambda a, b: a.startswith(b),
    "contains": lambda a, b: b in a,
}


def holds(condition: Condition, record: Json, depth: int = 0) -> bool:  # noqa: C901, PLR0911 - one line a kind of condition
    """Whether `record` (or the element of a list that `depth` steps lead to) meets `condition`; `Match` is refused."""
    match condition:
        case All(parts):
            return all(holds(part, record, depth) for part in parts)
        case AnyOf(parts):
            return any(holds(part, record, depth) for part in parts)
        case Not(part):
            return not holds(part, record, depth)
        case Compare(path, operator, value, ignore_case):
            compare = _COMPARISONS[COMPLEMENTS.get(operator, operator)]
            found = any(compare(one, value) for one in _comparables(path, record, depth, ignore_case))
            return found is not (operator in COMPLEMENTS)
        case Count(path, operator, value):
            found = _COMPARISONS[COMPLEMENTS.get(operator, operator)](len(_list_at(path, record, depth)), value)
            return found is not (operator in COMPLEMENTS)
        case Exists(path, wanted):
            return (_value_at(path, record, depth) not in (None, [])) is wanted
        case Element(path, inner, quantifier):
            met = [holds(inner, element, len(path.steps)) for element in _list_at(path, record, depth)]
            return all(met) if quantifier == "every" else any(met) is (quantifier == "some")
        case Near(path, lat, lon, metres):
            return any(distance(p["lat"], p["lon"], lat, lon) <= metres for p in _comparables(path, record, depth))
        case Box():
            return any(_in_box(p, condition) for p in _comparables(condition.path, record, depth))
        case Match():
            raise TypeError("full text is left to Elasticsearch")


def _value_at(path: Path, record: Json, depth: int) -> Json:
    for step in path.steps[depth:]:
        record = step.value_in(record)
    return record


def _list_at(path: Path, record: Json, depth: int) -> list[Json]:
    found = _value_at(path, record, depth)
    return found if isinstance(found, list) else []


def _values(path: Path, record: Json, depth: int) -> Iterator[Json]:
    found = _value_at(path, record, depth)
    for value in found if isinstance(found, list) else [found]:
        if value is not None:
            yield value


def _comparables(path: Path, record: Json, depth: int, ignore_case: bool = False) -> Iterator[Json]:
    for value in _values(path, record, depth):
        try:
            comparable = path.last.kind.comparable(value)
        except (ValueError, TypeError, OverflowError):  # no value of its kind compares to anything
            continue
        yield comparable.casefold() if ignore_case else comparable


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two points on the sphere (haversine)."""
    phi1, phi2 = radians(lat1), radians(lat2)
    chord = sin((phi2 - phi1) / 2) ** 2 + cos(phi1) * cos(phi2) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(chord)))


def _in_box(point: dict[str, float], box: Box) -> bool:
    if not box.south <= point["lat"] <= box.north:
        return False
    if box.west <= box.east:
        return box.west <= point["lon"] <= box.east
    return point["lon"] >= box.west or point["lon"] <= box.east
