"""What facets count."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.acceptance.oracle.filters import Filter, matches
from tests.acceptance.oracle.order import fold
from tests.acceptance.oracle.shapes import Json, Path, Record, Shape, values_at


@dataclass(frozen=True)
class Bucket:
    value: str
    count: int
    selected: bool


@dataclass(frozen=True)
class TermFacet:
    buckets: list[Bucket]
    other_count: int
    missing_count: int


@dataclass(frozen=True)
class Histogram:
    counts: dict[Any, int]
    """Counts by the lower ends of the buckets that are not empty."""
    min: Any
    max: Any
    missing_count: int


@dataclass(frozen=True)
class Facets:
    """The facets of the records that meet a filter; each ignores the conditions on its own property."""

    records: Sequence[Record]
    given: Filter
    shape: Shape

    def terms(
        self,
        path: Path,
        *,
        first: int = 10,
        by_value: bool = False,
        contains: str = "",
        include_own: bool = False,
        text: Callable[[Json], str] | None = None,
    ) -> TermFacet:
        text = text or text_of
        counts, missing = self._counts(path, include_own=include_own)
        selected = set(selected_values(self.given, path))
        folded = {value.casefold() for value in selected_values(self.given, path, ignore_case=True)}
        selected |= {value for value in counts if folded and value.casefold() in folded}
        found = sorted(value for value in counts if fold(contains) in fold(text(value)))
        if not by_value:
            found.sort(key=lambda value: counts[value], reverse=True)
        shown = sorted({*found[:first], *selected})
        if not by_value:
            shown.sort(key=lambda value: counts[value], reverse=True)
        return TermFacet(
            [Bucket(text(value), counts[value], value in selected) for value in shown],
            sum(counts[value] for value in set(found) - set(shown)),
            missing,
        )

    def histogram(self, path: Path, interval: float, *, include_own: bool = False) -> Histogram:
        values = [set(values_at(r, path, self.shape)) for r in self._found(path, include_own=include_own)]
        present = [value for each in values for value in each]
        floors = Counter(floor for each in values for floor in {math.floor(v / interval) * interval for v in each})
        missing = sum(not each for each in values)
        return Histogram(dict(floors), min(present, default=None), max(present, default=None), missing)

    def calendar(self, path: Path, unit: str, *, include_own: bool = False) -> Histogram:
        """Counts by the days on which the units of the calendar (`year`, `month`) begin."""
        days = [set(map(day_of, values_at(r, path, self.shape))) for r in self._found(path, include_own=include_own)]
        present = [day for each in days for day in each]
        starts = Counter(start for each in days for start in {start_of_unit(day, unit) for day in each})
        missing = sum(not each for each in days)
        return Histogram(dict(starts), min(present, default=None), max(present, default=None), missing)

    def ranges(self, path: Path, ranges: Iterable[Mapping[str, float]], *, include_own: bool = False) -> list[int]:
        """Counts of the ranges, `from` inclusive and `to` exclusive, in their order."""
        values = [values_at(record, path, self.shape) for record in self._found(path, include_own=include_own)]
        ends = [(r.get("from", -math.inf), r.get("to", math.inf)) for r in ranges]
        return [sum(any(low <= value < high for value in each) for each in values) for low, high in ends]

    def _counts(self, path: Path, *, include_own: bool) -> tuple[Counter[Json], int]:
        counts: Counter[Json] = Counter()
        comparable = self.shape.at(path).item.comparable
        missing = 0
        for record in self._found(path, include_own=include_own):
            values = {comparable(value) for value in values_at(record, path, self.shape)}
            counts.update(values)
            missing += not values
        return counts, missing

    def _found(self, path: Path, *, include_own: bool) -> Iterator[Record]:
        given = self.given if include_own else without_own(self.given, path)
        return (record for record in self.records if matches(record, given, self.shape))


def day_of(value: str) -> str:
    """The day of a date, or of a moment in UTC."""
    return value if len(value) == 10 else datetime.fromisoformat(value).astimezone(UTC).date().isoformat()


def start_of_unit(day: str, unit: str) -> str:
    return f"{day[:4]}-01-01" if unit == "year" else f"{day[:7]}-01"


def text_of(value: Json) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def without_own(given: Filter, path: Path) -> dict[str, Any]:
    """The filter without the conditions on `path` at its top, inside `and`, and in one element or every element."""
    kept: dict[str, Any] = {}
    for name, part in given.items():
        if name == "and":
            kept[name] = [without_own(each, path) for each in part]
        elif name != path[0]:
            kept[name] = part
        elif len(path) > 1 and (rest := _below(part, path[1:])):
            kept[name] = rest
    return kept


def _below(part: Filter, path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name in {"some", "every"} & part.keys():
        rest = without_own(part[name], path)
        # Of an element that only had own conditions not even that there is one is left.
        if rest == part[name] or not says_nothing(rest):
            kept[name] = rest
    return kept | without_own({name: inner for name, inner in part.items() if name not in ("some", "every")}, path)


def says_nothing(given: Filter) -> bool:
    """Whether everything meets a filter, since no condition stands in it."""
    return all(
        part is None
        or (name == "and" and all(map(says_nothing, part)))
        or (isinstance(part, dict) and name not in ("not", "some", "none", "every") and says_nothing(part))
        for name, part in given.items()
    )


def selected_values(given: Filter, path: Path, *, ignore_case: bool = False) -> Iterator[Json]:
    """The values that the conditions on `path`, with `ignoreCase` or without, name by `eq`, `in`, `any` and `all`."""
    for each in given.get("and", []):
        yield from selected_values(each, path, ignore_case=ignore_case)
    if not path:
        if bool(given.get("ignoreCase")) is not ignore_case:
            return
        yield from ([given["eq"]] if "eq" in given else [])
        yield from (*given.get("in", []), *given.get("any", []), *given.get("all", []))
        return
    for quantifier in ("some", "every"):
        if quantifier in given:
            yield from selected_values(given[quantifier], path, ignore_case=ignore_case)
    if path[0] in given:
        yield from selected_values(given[path[0]], path[1:], ignore_case=ignore_case)
