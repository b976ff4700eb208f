"""The table of field kinds: the GraphQL type, the filter, the mapping and the facets of a property follow from it.

A kind is added by adding a row here (and, if its scalar is new, the scalar in `schema.scalars`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.collections import dates
from models.collections.folding import bounded, order_key

Json = Any
Mapping = dict[str, Any]

VALUE, ORDER, COUNT, PRESENT = "@v", "@o", "@n", "@p"
"""The slots of a property: its value, its form for order, its length, its length without nulls."""
CALENDAR, TEXT_SLOT, EXISTS, RANGE = "@d", "@t", "@e", "@r"
"""Its date for calendar intervals, its words in one element of a list, whether it is there, its facet's ranges."""

EQUALITY = ("eq", "ne", "in")
RANGES = ("gt", "gte", "lt", "lte")
PATTERNS = ("startsWith", "contains")
TEXTUAL = ("match", "phrase")


@dataclass(frozen=True)
class Slot:
    """One index field of a property: how it is mapped and what of the value goes in (`None`: nothing)."""

    name: str
    mapping: Mapping
    value: Callable[[Json], Json]
    plain: type | None = None
    """`str`, `int` or `bool`: values of just this type go in as they are, unless they are too long or too large."""


@dataclass(frozen=True, eq=False)
class Kind:
    """What follows for a property from the kind of its values. There is one of each, which is equal to itself alone."""

    name: str
    scalar: str
    """The GraphQL type of one value."""
    operators: tuple[str, ...] = ()
    """Filter operators beside `exists`; the filter input is `<name>Filter`."""
    slots: tuple[Slot, ...] = ()
    facet_slots: tuple[Slot, ...] = ()
    """What a facet needs besides."""
    ordered: str | None = None
    """The slot to order by."""
    facets: frozenset[str] = frozenset()
    """What a facet of it can be: `terms`, `interval`, `ranges`, `calendarInterval`."""
    comparable: Callable[[Json], Json] = field(default=lambda value: value)
    """A stored value as it is compared: equal and ordered exactly as the API says. Raises `ValueError`."""
    display: Callable[[Json], str] = field(default=str)
    """A comparable value as the text of a facet's bucket."""

    @property
    def filter(self) -> str:
        return f"{self.name}Filter"

    @property
    def is_string(self) -> bool:
        return "startsWith" in self.operators

    @property
    def is_text(self) -> bool:
        """Whether its values are texts in the index: strings, and the values of enums."""
        return any(slot.mapping["type"] == "keyword" for slot in self.slots)


def _safe(convert: Callable[[Json], Json]) -> Callable[[Json], Json]:
    """`convert`, or nothing where the value has the wrong type or is out of range: stored, but not searched."""

    def converted(value: Json) -> Json:
        try:
            return convert(value)
        except (ValueError, TypeError, OverflowError, AttributeError):  # no value of this kind is no term
            return None

    return converted


def _term(value: Json) -> str | None:
    return bounded(value) if isinstance(value, str) else None


def _ordered_term(value: Json) -> str | None:
    return order_key(value) if isinstance(value, str) else None


def _integer(value: Json) -> int:
    whole = int(value)
    if isinstance(value, bool) or whole != value or not -(2**63) <= whole < 2**63:
        raise ValueError
    return whole


def _float(value: Json) -> float:
    number = float(value)
    if isinstance(value, bool | str) or not math.isfinite(number):
        raise ValueError
    return number + 0.0  # so that -0.0 is 0.0


def _boolean(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _point(value: Json) -> dict[str, float]:
    lat, lon = _float(value["lat"]), _float(value["lon"])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError
    return {"lat": lat, "lon": lon}


_KEYWORD: Mapping = {"type": "keyword"}
_SEARCHED_ONLY: Mapping = {"type": "keyword", "doc_values": False}
_ORDER_ONLY: Mapping = {"type": "keyword", "index": False}
_LONG: Mapping = {"type": "long"}
_DATE: Mapping = {"type": "date", "format": "epoch_millis", "index": False}

_STRING_SLOTS = (Slot(VALUE, _KEYWORD, _term, str),)
_ORDER_SLOT = Slot(ORDER, _ORDER_ONLY, _ordered_term)
COUNT_SLOT = Slot(COUNT, {"type": "integer"}, len)
PRESENT_SLOT = Slot(PRESENT, {"type": "integer", "index": False}, lambda values: sum(v is not None for v in values))
"""Equal texts of one list are one value in the index, so that how many there are is counted beforehand."""
_STRING_OPERATORS = EQUALITY + RANGES + PATTERNS
_NUMBER_FACETS = frozenset({"terms", "interval", "ranges"})


def _string(name: str, scalar: str | None = None) -> Kind:
    return Kind(
        name,
        scalar or name,
        _STRING_OPERATORS,
        _STRING_SLOTS,
        ordered=VALUE,
        facets=frozenset({"terms"}),
    )


def _moment(name: str, parse: Callable[[str], int], display: Callable[[int], str]) -> Kind:
    return Kind(
        name,
        name,
        EQUALITY + RANGES,
        (Slot(VALUE, _LONG, _safe(parse)), Slot(CALENDAR, _DATE, _safe(lambda v: parse(v) // 1000))),
        ordered=VALUE,
        facets=frozenset({"terms", "calendarInterval"}),
        comparable=parse,
        display=display,
    )


def _number(name: str, convert: Callable[[Json], Json], mapping: Mapping, plain: type | None = None) -> Kind:
    slots = (Slot(VALUE, mapping, _safe(convert), plain),)
    return Kind(
        name,
        name,
        EQUALITY + RANGES,
        slots,
        ordered=VALUE,
        facets=_NUMBER_FACETS,
        comparable=convert,
        display=lambda number: str(number).removesuffix(".0"),
    )


STRING = _string("String")
TEXT = Kind(
    "Text",
    "String",
    _STRING_OPERATORS + TEXTUAL,
    # Its order and its facet have slots of their own, so that the value itself is only searched.
    (Slot(VALUE, _SEARCHED_ONLY, _term, str), _ORDER_SLOT),
    facet_slots=(Slot(VALUE, {**_KEYWORD, "doc_values": True}, _term, str),),
    ordered=ORDER,
    facets=frozenset({"terms"}),
)
ENUM = Kind("Enum", "", EQUALITY, _STRING_SLOTS, ordered=VALUE, facets=frozenset({"terms"}))
URI, EMAIL, UUID = _string("URI"), _string("Email"), _string("UUID")
INT = _number("Int", _integer, _LONG, int)
LONG = _number("Long", _integer, _LONG, int)
FLOAT = _number("Float", _float, {"type": "double"})
BOOLEAN = Kind(
    "Boolean",
    "Boolean",
    ("eq",),
    (Slot(VALUE, {"type": "boolean"}, _safe(_boolean), bool),),
    ordered=VALUE,
    facets=frozenset({"terms"}),
    display=lambda v: "true" if v else "false",
)
DATE = _moment("Date", dates.date_micros, dates.date_text)
DATETIME = _moment("DateTime", dates.datetime_micros, dates.datetime_text)
GEO = Kind(
    "Geo",
    "GeoPoint",
    ("near", "box"),
    (
        Slot(VALUE, {"type": "geo_point"}, _safe(_point)),
        Slot(EXISTS, {"type": "boolean"}, _safe(lambda v: bool(_point(v)))),
    ),
    ordered=VALUE,
)
JSON = Kind("JSON", "JSON")
OBJECT = Kind("Object", "")
LINK = Kind("Link", "")

STRING_FORMATS = {"date": DATE, "date-time": DATETIME, "uri": URI, "email": EMAIL, "uuid": UUID}
MOMENTS = (DATE, DATETIME)
SCALARS = (STRING, TEXT, URI, EMAIL, UUID, INT, LONG, FLOAT, BOOLEAN, DATE, DATETIME)
"""The kinds whose filters are the same for every property; enums have their own type and so their own filter."""
