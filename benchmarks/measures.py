"""What was measured: numbers with their units, and the targets that they are held to."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One number; with a target it is to be at most, or at least, that."""

    part: str
    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; nothing without one."""
        if self.at_most is None and self.at_least is None:
            return None
        return self.value <= (math.inf if self.at_most is None else self.at_most) and self.value >= (self.at_least or 0)

    def as_json(self) -> dict[str, Any]:
        """The fields, and whether the target is met."""
        return {**asdict(self), "met": self.is_met}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that is not below `share` (0 to 1) of them."""
    return values[max(math.ceil(share * len(values)) - 1, 0)]
