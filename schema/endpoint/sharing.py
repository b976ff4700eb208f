"""Events that many see alike: what one operation makes of one event, for one viewer, is made once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from strawberry.types import ExecutionResult

KEPT_SECONDS = 1.0
"""Who is slower than that gets an event made anew, with what holds by then."""
MOST = 1_000

EventKey = Callable[[object], Hashable | None]
"""What tells events apart; `None` for one that is made for each who sees it."""
Make = Callable[[], Awaitable[ExecutionResult]]


def not_shared(_event: object) -> None:
    """Every event is made for each who sees it."""


@dataclass(slots=True)
class _Made:
    event: object
    at: float
    there: asyncio.Event = field(default_factory=asyncio.Event)
    result: ExecutionResult | None = None
    """None for others if it could not be made."""


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
            made = self._made[key] = _Made(event, now)
            try:
                made.result = await make()
            finally:
                made.there.set()
            return made.result
        if not made.there.is_set():
            await made.there.wait()
        # Whatever went wrong, it may have been of the one who made it, who may also have left.
        return await make() if made.result is None or made.result.errors else made.result
