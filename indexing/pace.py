"""How much goes to Elasticsearch at once: half each time that it was too much, and little by little all of it again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from errors import SearchOverloaded

T = TypeVar("T")

LEAST_BYTES = 64_000
ATTEMPTS = 8
"""After so many refusals what is sent is the least, whatever it was."""
LONGEST_SECONDS = 5.0
_FIRST_SECONDS = 0.25
_GROWTH = 16
"""After each request that was taken the next may be larger by this part of it."""

log = structlog.get_logger()


class Pace:
    """That of one process, which all who index share. `most` bytes go in a request while nothing is refused."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._refused = 0
        self._rests_until = 0.0
        self.bytes = most
        """The bytes of a request now."""

    def was_too_much(self) -> None:
        """Elasticsearch has refused something because it had too much to do."""
        self.bytes = max(min(LEAST_BYTES, self._most), self.bytes // 2)
        seconds = min(_FIRST_SECONDS * 2.0**self._refused, LONGEST_SECONDS) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self._refused += 1
        self._rests_until = time.monotonic() + seconds
        log.warning("index_overloaded", bytes=self.bytes, seconds=seconds, remedy="less is sent, and later")

    def was_taken(self) -> None:
        """A whole request was taken."""
        self.bytes = min(self._most, self.bytes + self.bytes // _GROWTH)
        self._refused = 0

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, done again where it was too much. Raises `SearchOverloaded` if it is so all the time."""
        for attempt in range(ATTEMPTS):
            await self._rested()
            try:
                return await work()
            except SearchOverloaded:
                self.was_too_much()  # which counts it
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _rested(self) -> None:
        # Somebody else may have been refused meanwhile.
        while (seconds := self._rests_until - time.monotonic()) > 0:  # noqa: ASYNC110 - nobody could set an event
            await asyncio.sleep(seconds)
