"""Sums and products in which variables of an operation may stand, written down once and reckoned for each request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import add, mul
from typing import Any

Variables = Mapping[str, Any]
Reader = Callable[[Variables], int]
"""Reads a number from the variables as they were sent; equal ones read the same."""
MAX_KEPT = 64
"""Sets of variables whose result is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A number that is known once the variables are; compared by identity."""

    place: int


Amount = int | Later


class Formula:
    """The steps by which amounts follow from variables. What does not depend on them is reckoned at once."""

    def __init__(self) -> None:
        self._readers: dict[Reader, Later] = {}
        self._steps: list[tuple[Later, Callable[[int, int], int], Amount, Amount]] = []
        self._count = 0

    def read(self, reader: Reader) -> Later:
        """What `reader` finds in the variables."""
        if reader not in self._readers:
            self._readers[reader] = self._later()
        return self._readers[reader]

    def plus(self, x: Amount, y: Amount) -> Amount:
        if x == 0 or y == 0:
            return y if x == 0 else x
        return self._step(add, x, y)

    def times(self, x: Amount, y: Amount) -> Amount:
        if x == 0 or y == 0:
            return 0
        if x == 1 or y == 1:
            return y if x == 1 else x
        return self._step(mul, x, y)

    def most(self, x: Amount, y: Amount) -> Amount:
        return x if x is y else self._step(max, x, y)

    def result(self, amount: Amount) -> "Result":
        """`amount` as a function of the variables; nothing is to be added to the formula any more."""
        return Result(amount, self._readers, self._steps)

    def _step(self, function: Callable[[int, int], int], x: Amount, y: Amount) -> Amount:
        if isinstance(x, int) and isinstance(y, int):
            return function(x, y)
        made = self._later()
        self._steps.append((made, function, x, y))
        return made

    def _later(self) -> Later:
        self._count += 1
        return Later(self._count - 1)


class Result:
    """An amount for any variables; those that were met before are not reckoned again."""

    __slots__ = ("_amount", "_known", "_places", "_readers", "_steps")

    def __init__(
        self,
        amount: Amount,
        readers: Mapping[Reader, Later],
        steps: list[tuple[Later, Callable[[int, int], int], Amount, Amount]],
    ) -> None:
        self._amount = amount
        self._readers = tuple(readers)
        self._places = tuple(later.place for later in readers.values())
        self._steps = steps
        self._known: dict[tuple[int, ...], int] = {}

    @property
    def fixed(self) -> int | None:
        """The number, where it is the same for all variables."""
        return self._amount if isinstance(self._amount, int) else None

    def of(self, variables: Variables | None) -> int:
        """The number that these variables make."""
        if isinstance(self._amount, int):
            return self._amount
        given, readers = variables or {}, self._readers
        key = (readers[0](given),) if len(readers) == 1 else tuple([read(given) for read in readers])
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            found = self._known[key] = self._reckoned(key)
        return found

    def _reckoned(self, read: tuple[int, ...]) -> int:
        values = dict(zip(self._places, read, strict=True))

        def of(amount: Amount) -> int:
            return amount if isinstance(amount, int) else values[amount.place]

        for made, function, x, y in self._steps:
            values[made.place] = function(of(x), of(y))
        return of(self._amount)
