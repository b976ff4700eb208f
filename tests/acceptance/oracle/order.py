"""In which order records come."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from tests.acceptance.oracle.filters import distance
from tests.acceptance.oracle.shapes import Json, Path, Record, Shape, key_of, values_at

Origin = tuple[float, float]
Order = Mapping[str, Any]
"""One entry of `orderBy`, such as `{"dateRange": {"endYear": "ASC"}}`."""


def ordered(records: Iterable[Record], order_by: Sequence[Order], shape: Shape) -> list[Record]:
    """The records in a total order: nulls last in both directions, ties by key ascending."""
    result = sorted(records, key=lambda record: key_of(record, shape))
    for order in reversed(order_by):
        path, descending, origin = path_of(order)
        pick = max if descending else min
        keyed = [(pick(sort_keys(record, path, shape, origin), default=None), record) for record in result]
        present = sorted(((k, r) for k, r in keyed if k is not None), key=lambda pair: pair[0], reverse=descending)
        result = [record for _, record in present] + [record for key, record in keyed if key is None]
    return result


def path_of(order: Order) -> tuple[Path, bool, Origin | None]:
    """The property of an entry, whether its direction is descending, and the place to be near to."""
    ((name, inner),) = order.items()
    if isinstance(inner, str):
        return (name,), inner == "DESC", None
    if "lat" in inner:
        return (name,), inner.get("direction") == "DESC", (inner["lat"], inner["lon"])
    path, descending, origin = path_of(inner)
    return (name, *path), descending, origin


def sort_keys(record: Record, path: Path, shape: Shape, origin: Origin | None = None) -> list[Json]:
    end = shape.at(path)
    values = values_at(record, path, shape)
    if origin:
        return [distance(origin, place) for place in values]
    return [sort_key(value if "enum" in end.schema else end.comparable(value), is_text=end.is_text) for value in values]


def sort_key(value: Json, *, is_text: bool) -> Json:
    """What values are compared by: full text by its folded form first, other strings by code point."""
    return (fold(value), value) if is_text else value


@cache
def fold(text: str) -> str:
    """NFKD, marks dropped, case folded."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
