"""Which groups records are in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from tests.acceptance.oracle.facets import text_of
from tests.acceptance.oracle.order import sort_key
from tests.acceptance.oracle.shapes import Json, Path, Record, Shape, values_at

Key = tuple[Json, ...]
Bucket = Callable[[Json], Json]
"""Gives the start of the interval in which a value lies, or what stands for its range, or ranges; nothing for
a value in none."""
Ways = Mapping[int, Path]
"""The rest of the way to each property, by its place in the key."""


def groups(
    records: Iterable[Record], by: Sequence[Path], shape: Shape, buckets: Mapping[Path, Bucket] | None = None
) -> dict[Key, list[Record]]:
    """The records of each group, in the order of the keys: values ascending, what has none last."""
    found: dict[Key, list[Record]] = {}
    for record in records:
        for key in _once(keys_of(record, dict(enumerate(by)), shape, by, buckets or {}), len(by)):
            found.setdefault(key, []).append(record)
    texts = [shape.at(path).item.is_text and not _in_list(path, shape) for path in by]

    def order(key: Key) -> Json:
        parts = zip(key, texts, strict=True)
        return [(value is None, None if value is None else sort_key(value, is_text=text)) for value, text in parts]

    return {key: found[key] for key in sorted(found, key=order)}


def _once(keys: Iterable[Mapping[int, Json]], length: int) -> list[Key]:
    return list({tuple(key[place] for place in range(length)): None for key in keys})


def keys_of(
    value: Record | None, ways: Ways, shape: Shape, by: Sequence[Path], buckets: Mapping[Path, Bucket]
) -> list[dict[int, Json]]:
    """The combinations of an object's values; of a list of objects those of one element belong together."""
    parts: list[list[dict[int, Json]]] = []
    for name in dict.fromkeys(way[0] for way in ways.values()):
        prop = shape.properties[name]
        inner = None if value is None else value.get(prop.name)
        below = {place: way[1:] for place, way in ways.items() if way[0] == name}
        if not prop.shape.is_object:
            parts.extend(_values(inner, place, by[place], prop.shape, buckets) for place in below)
        elif prop.shape.is_list:
            found = [k for element in inner or [] for k in keys_of(element, below, prop.shape.item, by, buckets)]
            parts.append([key for key in found if any(v is not None for v in key.values())] or [_nothing(below)])
        else:
            parts.append(keys_of(inner, below, prop.shape, by, buckets))
    return [{k: v for one in chosen for k, v in one.items()} for chosen in product(*parts)]


def _values(value: Json, place: int, path: Path, shape: Shape, buckets: Mapping[Path, Bucket]) -> list[dict[int, Json]]:
    bucket = buckets.get(path, lambda one: one)
    given = [bucket(one) for one in values_at(value, (), shape)]
    found = {one for each in given for one in (each if isinstance(each, frozenset) else {each})} - {None}
    return [{place: one} for one in found] or [{place: None}]


def _nothing(ways: Ways) -> dict[int, Json]:
    return dict.fromkeys(ways)


def _in_list(path: Path, shape: Shape) -> bool:
    above = [shape.at(path[:length]) for length in range(1, len(path))]
    return any(one.is_list for one in above)


def key_text(key: Key) -> list[str | None]:
    return [None if value is None else text_of(value) for value in key]
