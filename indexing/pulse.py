"""Knows that Elasticsearch is there, for who would not have asked it: answers that are kept are given only while it is.

A search fails when Elasticsearch is away, whether somebody else has asked for the same before or not.
"""

import asyncio
from collections.abc import Awaitable, Callable

from errors import CatalographError
from indexing.joining import Joined
from metrics import swallowed

WINDOW_SECONDS = 0.02
QUESTIONS = 4
"""So many are asked in one window at most; then its last sign of life is taken for those that follow."""


class Pulse:
    """Signs of life, asked for by `ask`, which raises a `CatalographError` if there is none."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._joined = Joined(self._felt)
        self._window = 0.0
        self._asked = 0
        self._felt_at = float("-inf")

    async def beats(self) -> bool:
        """Whether it is there now; of a busy process whether it was a moment ago."""
        now = asyncio.get_running_loop().time()
        if now - self._window >= WINDOW_SECONDS:
            self._window, self._asked = now, 0
        self._asked += 1
        if self._asked > QUESTIONS and now - self._felt_at < WINDOW_SECONDS:
            return True
        return await self._joined.answer()

    async def close(self) -> None:
        await self._joined.close()

    async def _felt(self) -> bool:
        began = asyncio.get_running_loop().time()
        try:
            await self._ask()
        except CatalographError as error:
            swallowed("the sign of life of Elasticsearch", error)  # the search that is made instead tells it
            self._felt_at = float("-inf")
            return False
        self._felt_at = began
        return True
