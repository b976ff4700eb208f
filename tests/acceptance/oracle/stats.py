"""What the values of a property come to."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tests.acceptance.oracle.order import sort_key
from tests.acceptance.oracle.shapes import Json, Path, Record, Shape, values_at


@dataclass(frozen=True)
class Stats:
    """Of every value that the records have: equal ones count each, and so do several of one record."""

    values: list[Json]
    is_text: bool

    @classmethod
    def of(cls, records: Iterable[Record], path: Path, shape: Shape) -> "Stats":
        values = [value for record in records for value in values_at(record, path, shape)]
        return cls(values, shape.at(path).is_text)

    @property
    def count(self) -> int:
        return len(self.values)

    @property
    def distinct(self) -> int:
        return len(set(self.values))

    @property
    def min(self) -> Json:
        return min(self.values, key=self._order, default=None)

    @property
    def max(self) -> Json:
        return max(self.values, key=self._order, default=None)

    @property
    def sum(self) -> float:
        return math.fsum(self.values)

    @property
    def avg(self) -> float | None:
        return self.sum / self.count if self.values else None

    def _order(self, value: Json) -> Json:
        return sort_key(value, is_text=self.is_text)
