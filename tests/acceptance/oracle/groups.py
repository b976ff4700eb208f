"""Which groups records are in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tests.acceptance.oracle.facets import text_of
from tests.acceptance.oracle.order import sort_key
from tests.acceptance.oracle.shapes import Json, Path, Property, Record, Shape, values_at

Key = tuple[Json, ...]
Bucket = Callable[[Json], Json]
"""Gives the start of the interval in which a value lies, or what stands for its range, or ranges; nothing for
a value in none."""


@dataclass(frozen=True)
class Ways:
    """The ways from an object to the properties that are grouped by, by their places in the key."""

    values: list[tuple[int, Property, Bucket]]
    """Where a way ends here."""
    below: "list[tuple[Property, Ways]]"
    """Where it goes on."""
    nothing: dict[int, Json]

    @classmethod
    def of(cls, ways: Mapping[int, Path], shape: Shape, buckets: Sequence[Bucket]) -> "Ways":
        """`ways` is what is left of each."""
        values: list[tuple[int, Property, Bucket]] = []
        below: list[tuple[Property, Ways]] = []
        for name in dict.fromkeys(way[0] for way in ways.values()):
            prop = shape.properties[name]
            left = {place: way[1:] for place, way in ways.items() if way[0] == name}
            if prop.shape.is_object:
                below.append((prop, cls.of(left, prop.shape.item, buckets)))
            else:
                values += ((place, prop, buckets[place]) for place in left)
        return cls(values, below, dict.fromkeys(ways))


def groups(
    records: Iterable[Record], by: Sequence[Path], shape: Shape, buckets: Mapping[Path, Bucket] | None = None
) -> dict[Key, list[Record]]:
    """The records of each group, in the order of the keys: values ascending, what has none last."""
    found: dict[Key, list[Record]] = {}
    given = buckets or {}
    ways = Ways.of(dict(enumerate(by)), shape, [given.get(path, _as_it_is) for path in by])
    for record in records:
        for key in _once(keys_of(record, ways), len(by)):
            found.setdefault(key, []).append(record)
    texts = [shape.at(path).item.is_text and not _in_list(path, shape) for path in by]

    def order(key: Key) -> Json:
        parts = zip(key, texts, strict=True)
        return [(value is None, None if value is None else sort_key(value, is_text=text)) for value, text in parts]

    return {key: found[key] for key in sorted(found, key=order)}


def _as_it_is(value: Json) -> Json:
    return value


def _once(keys: Iterable[Mapping[int, Json]], length: int) -> list[Key]:
    return list({tuple(key[place] for place in range(length)): None for key in keys})


def keys_of(value: Record | None, ways: Ways) -> list[dict[int, Json]]:
    """The combinations of an object's values; of a list of objects those of one element belong together."""
    if value is None:
        return [ways.nothing]
    parts = [_values(value.get(prop.name), place, prop.shape, bucket) for place, prop, bucket in ways.values]
    for prop, below in ways.below:
        inner = value.get(prop.name)
        if prop.shape.is_list:
            found = [key for element in inner or [] for key in keys_of(element, below)]
            parts.append([key for key in found if any(v is not None for v in key.values())] or [below.nothing])
        else:
            parts.append(keys_of(inner, below))
    return (
        parts[0]
        if len(parts) == 1
        else [{k: v for one in chosen for k, v in one.items()} for chosen in product(*parts)]
    )


def _values(value: Json, place: int, shape: Shape, bucket: Bucket) -> list[dict[int, Json]]:
    given = [bucket(one) for one in values_at(value, (), shape)]
    found = {one for each in given for one in (each if isinstance(each, frozenset) else {each})} - {None}
    return [{place: one} for one in found] or [{place: None}]


def _in_list(path: Path, shape: Shape) -> bool:
    above = [shape.at(path[:length]) for length in range(1, len(path))]
    return any(one.is_list for one in above)


def key_text(key: Key) -> list[str | None]:
    return [None if value is None else text_of(value) for value in key]
