"""Events that many see alike: what one operation makes of one event, for one viewer, is made once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from strawberry.types import ExecutionResult

from metrics import swallowed

KEPT_SECONDS = 1.0
"""Who is slower than that gets an event made anew, with what holds by then."""
MOST = 1_000

EventKey = Callable[[object], Hashable | None]
"""What tells events apart; `None` for one that is made for each who sees it."""
Make = Callable[[], Awaitable[ExecutionResult]]


def not_shared(_event: object) -> None:
    """Every event is made for each who sees it."""


@dataclass(frozen=True, slots=True)
class _Made:
    event: object
    at: float
    result: "asyncio.Task[ExecutionResult]"


class SharedResults:
    """The results of the newest events."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, _Made] = OrderedDict()

    async def result(self, key: Hashable, event: object, make: Make) -> ExecutionResult:
        """What `make` gives, made once for all who ask with this key at about the same time; errors are for each."""
        now = asyncio.get_running_loop().time()
        while self._made and (len(self._made) > MOST or now - next(iter(self._made.values())).at > KEPT_SECONDS):
            self._made.popitem(last=False)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _Made(event, now, asyncio.ensure_future(_awaited(make)))
        try:
            result = made.result.result() if made.result.done() else await asyncio.shield(made.result)
        except Exception as error:  # noqa: BLE001 - whatever it was, it may have been of that one
            swallowed("an event that was made for many", error)
            return await make()
        return await make() if result.errors else result


async def _awaited(make: Make) -> ExecutionResult:
    return await make()
