"""The kinds of values that random collections are made of: their schemas, some values, and how they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Any
RANGES = ("gt", "gte", "lt", "lte")
PATTERNS = ("startsWith", "contains")
POINTS = [(51.5, -0.12), (48.85, 2.35), (-33.87, 151.2), (35.7, 139.7), (-17.5, -179.6), (-16.2, 179.9)]


@dataclass(frozen=True)
class Kind:
    """`operators` beside `eq ne in exists`; `facets` are choices of `x-search: {facet: …}`."""

    schema: Mapping[str, Json]
    values: Sequence[Json]
    operators: tuple[str, ...] = ()
    facets: tuple[Json, ...] = ()
    ordered: bool = True
    math: tuple[str, ...] = ()
    """Of dates: operands beside the values."""

    @property
    def is_string(self) -> bool:
        return "startsWith" in self.operators


def _string(values: Sequence[str], **schema: Json) -> Kind:
    return Kind({"type": "string", **schema}, values, (*RANGES, *PATTERNS), (True,))


RANGE_FACET = {"ranges": [{"to": 0}, {"from": 0, "to": 2}, {"from": 1}]}
CALENDARS = ({"calendarInterval": "year"}, {"calendarInterval": "month"})
KINDS: dict[str, Kind] = {
    "string": _string(["", "a", "A", "ab", "Ab", "b*", "é", "É", "z?", "\\", "a b", "𝒳", "\uffee"]),
    "text": _string(
        ["", "red", "Red ball", "red  BALL", "Éclair", "eclair", "blue sea", "sea of red", "ß", "SS", "ball"],
        **{"x-search": {"text": "standard"}},
    ),
    "uri": _string(["https://a.example/", "https://b.example/x?y=1", "urn:isbn:1"], format="uri"),
    "email": _string(["a@example.org", "B@example.org"], format="email"),
    "enum": Kind({"enum": ["draft", "in-use", "old news"]}, ["draft", "in-use", "old news"], facets=(True,)),
    "integer": Kind(
        {"type": "integer"}, [-1, 0, 1, 2, 7, 2**31 - 1, -(2**31)], RANGES, (True, RANGE_FACET), ordered=True
    ),
    "small": Kind({"type": "integer"}, [-3, 0, 1, 2, 7, 19], RANGES, ({"interval": 5},)),
    "long": Kind(
        {"type": "integer", "format": "int64"}, [0, 1, 2**53, 2**53 + 1, -(2**62), 2**63 - 2], RANGES, (True,)
    ),
    "number": Kind(
        {"type": "number"}, [-0.5, -0.0, 0.0, 0.5, 1, 1.0, 3.5, 1e3], RANGES, (True, {"interval": 0.5}, RANGE_FACET)
    ),
    "boolean": Kind({"type": "boolean"}, [True, False], facets=(True,)),
    "date": Kind(
        {"type": "string", "format": "date"},
        ["1999-12-31", "2000-01-01", "2020-02-29", "0001-01-01"],
        RANGES,
        (True, CALENDARS[0]),  # by months there would be 24,000 buckets from the first of all days on
        math=("2020-02-29||-1d", "2000-01-01||-1d/M", "2020-02-29||/y", "1998-01-31||+1M+1y"),
    ),
    "date-time": Kind(
        {"type": "string", "format": "date-time"},
        [
            "2020-02-29T12:00:00Z",
            "2020-02-29T13:00:00+01:00",
            "1999-12-31T23:59:59.999999Z",
            "2021-01-01T00:00:00-05:00",
        ],
        RANGES,
        CALENDARS,
        math=("2020-02-29T12:00:00Z||/M", "2019-02-28||+1y/d", "2021-01-01||", "2020-02-29T13:00:00", "2021-01-01||/y"),
    ),
    "place": Kind(
        {
            "type": "object",
            "format": "geo-point",
            "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
        },
        [{"lat": lat, "lon": lon} for lat, lon in POINTS],
    ),
    "anything": Kind({}, [1, "x", [1, [2]], {"a": 1}], ordered=False),
}


def kind_of(schema: Mapping[str, Json]) -> str:
    """The name of the kind that a schema describes."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "enum" in schema:
        return "enum"
    if schema.get("format") == "geo-point":
        return "place"
    if "string" in types:
        return "text" if (schema.get("x-search") or {}).get("text") else schema.get("format", "string")
    if "integer" in types:
        facet = (schema.get("x-search") or {}).get("facet")
        return (
            "long" if "format" in schema else "small" if isinstance(facet, dict) and "interval" in facet else "integer"
        )
    return next((name for name in ("number", "boolean") if name in types), "anything")
