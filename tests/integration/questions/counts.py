"""Groups and stats of what a question finds: random ones, as GraphQL, and as plain Python has them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.acceptance.oracle.facets import day_of, start_of_unit, text_of
from tests.acceptance.oracle.groups import Bucket, groups
from tests.acceptance.oracle.shapes import Path, Record, Shape, enum_name, values_at
from tests.acceptance.oracle.stats import Stats
from tests.integration.questions.kinds import Json, kind_of

NUMBERS = ("integer", "small", "number")
DEEPEST = 4


@dataclass(frozen=True)
class Counts:
    """The properties to group by, and one to count the values of; either may be absent."""

    by: list[Path] = field(default_factory=list)
    stats: Path | None = None


@st.composite
def counts(draw: Any, shape: Shape) -> Counts:
    paths = list(counted_paths(shape))
    chosen = st.sampled_from(paths)
    by = draw(st.lists(chosen, max_size=2, unique=True)) if paths and draw(st.booleans()) else []
    return Counts(
        by if _go_together(by, shape) else by[:1], draw(chosen) if paths and draw(st.integers(0, 2)) == 0 else None
    )


def counted_paths(shape: Shape, above: int = 0) -> Iterator[Path]:
    """The ways to scalars, and to lists of them."""
    for name, prop in shape.properties.items():
        if prop.shape.item.is_object:
            if above < DEEPEST - 1:
                yield from ((name, *rest) for rest in counted_paths(prop.shape.item, above + 1))
        elif prop.holder is None and kind_of(prop.shape.item.schema) not in ("anything", "place"):
            yield (name,)


def _lists(path: Path, shape: Shape) -> list[Path]:
    """The lists of objects on the way."""
    ways = [path[:length] for length in range(1, len(path))]
    return [way for way in ways if shape.at(way).is_list]


def _go_together(by: Sequence[Path], shape: Shape) -> bool:
    lists = [_lists(path, shape) for path in by]
    if len({tuple(one[-1:]) for one in lists}) <= 1:
        return True
    outermost = [one[0] for one in lists if one]
    facets = all(shape.at(path).item.annotation.get("facet") for path, one in zip(by, lists, strict=True) if one)
    return len(set(outermost)) == len(outermost) and facets


def selection(asked: Counts, shape: Shape) -> str:
    found = ""
    if asked.by:
        names = ", ".join("_".join(path) for path in asked.by)
        found += f" groupBy(by: [{names}], first: 200) {{ nodes {{ key count }} }}"
    if asked.stats:
        path = asked.stats
        found += f" stats {{ {' { '.join(path)} {{ {' '.join(_parts(path, shape))} }} {'} ' * len(path)}"
    return found


def _parts(path: Path, shape: Shape) -> list[str]:
    kind = kind_of(shape.at(path).item.schema)
    ends = [] if kind in ("enum", "boolean") else ["min", "max"]
    return ["count", "distinct", *ends, *(["sum", "avg"] if kind in NUMBERS else [])]


def expected(asked: Counts, found: Sequence[Record], shape: Shape) -> dict[str, Any]:
    """What the selection answers for these records."""
    answer: dict[str, Any] = {}
    if asked.by:
        buckets = {path: _bucket(shape.at(path).item) for path in asked.by}
        grouped = groups(found, asked.by, shape, buckets)
        answer["groupBy"] = {
            "nodes": [
                {"key": [_text(v, shape.at(p).item) for v, p in zip(key, asked.by, strict=True)], "count": len(several)}
                for key, several in grouped.items()
            ]
        }
    if asked.stats:
        answer["stats"] = _stats(asked.stats, found, shape)
    return answer


def _bucket(item: Shape) -> Bucket:
    facet = item.annotation.get("facet")
    if not isinstance(facet, Mapping):
        return lambda value: value if "enum" in item.schema else item.comparable(value)
    if "interval" in facet:
        return lambda value: float(math.floor(value / facet["interval"]) * facet["interval"])
    if "calendarInterval" in facet:
        return lambda value: start_of_unit(day_of(value), facet["calendarInterval"])
    ends = [(one.get("from", -math.inf), one.get("to", math.inf)) for one in facet["ranges"]]
    return lambda value: frozenset(place for place, (low, high) in enumerate(ends) if low <= value < high)


def _text(value: Json, item: Shape) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if "enum" in item.schema:
        return enum_name(value)
    facet = item.annotation.get("facet")
    if isinstance(facet, Mapping) and "ranges" in facet:
        spec = facet["ranges"][value]
        return f"{spec.get('from', '')}..{spec.get('to', '')}"
    return text_of(value)


def _stats(path: Path, found: Sequence[Record], shape: Shape) -> Json:
    item = shape.at(path).item
    values = [item.comparable(value) for record in found for value in values_at(record, path, shape)]
    stats = Stats(values, item.is_text)
    answer: Json = {part: _shown(getattr(stats, part), item) for part in _parts(path, shape)}
    for part in {"sum", "avg"} & answer.keys():
        answer[part] = None if answer[part] is None else pytest.approx(answer[part])
    for name in reversed(path):
        answer = {name: answer}
    return answer


def _shown(value: Json, item: Shape) -> Json:
    if isinstance(value, datetime):
        return _text(value, item)
    return str(value) if kind_of(item.schema) == "long" and value is not None and abs(value) > 2**53 else value
