"""Keeps the answers of searches: in this process and in Redis, given again while nothing that they tell has changed.

An answer is kept with the moment before it was made. It is given as long as the moment is the same, which is asked
anew for each request: see `models.stamps`. While a write is on its way to the index nothing is kept and nothing given.
So nobody sees less than anybody has seen before, on whatever server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from collections.abc import Collection as Several
from typing import TypeVar

from config import Settings
from indexing.moments import Moments
from indexing.result_memory import Kept, ResultMemory
from indexing.server import SearchServer
from indexing.slots import Slots
from metrics import RESULT_SHARED_BYTES, RESULTS
from models.stamps import StampReader

T = TypeVar("T")
VOLATILE = b""
"""In the place of a body: what was made depends on more than the moment, or is too large, and so will be the next."""

Make = Callable[[], Awaitable[tuple[T, bytes | None]]]
"""Makes an answer, and the bytes of it that may be kept; `None` if it went wrong."""


class ResultCache:
    """The cache of one process. `key` is 16 bytes that tell apart all that may have different answers."""

    def __init__(self, settings: Settings, search: SearchServer) -> None:
        self._search = search
        self._moments = Moments(StampReader(settings.database_url))
        self._memory = ResultMemory(settings.result_cache)
        self._most = settings.result_cache_entry
        self._slots = _slots(settings)
        self._making: dict[bytes, asyncio.Future[bytes | None]] = {}

    async def close(self) -> None:
        await self._moments.close()
        if self._slots:
            await self._slots.close()

    async def result(self, key: bytes, collections: Several[str], make: Make[T]) -> T | bytes:
        """The bytes that are kept for `key` of these collections, or what `make` gives."""
        moment = await self._moments.now(collections)
        if moment is None:
            return await _made(make, "unsettled")
        kept = self._memory.get(key, moment)
        if kept is None:
            return await self._joined(key, moment, make)
        if kept.body == VOLATILE:
            return await _made(make, "volatile")
        if not await self._search.is_there():
            return await _made(make, "away")
        self._share(key, kept)
        RESULTS.count("memory")
        return kept.body

    async def _joined(self, key: bytes, moment: bytes, make: Make[T]) -> T | bytes:
        """What somebody else makes at this moment; of several who come at once one makes it."""
        while under_way := self._making.get(key + moment):
            await asyncio.wait([under_way])
            if under_way.cancelled():
                continue  # who made it has left
            if body := under_way.result():
                RESULTS.count("joined")
                return body
            return await _made(make, "failed" if body is None else "volatile")
        making = self._making[key + moment] = asyncio.get_running_loop().create_future()
        try:
            found, body = await self._found_or_made(key, moment, make)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                making.cancel()
            else:
                making.set_result(None)
            raise
        finally:
            del self._making[key + moment]
        making.set_result(body)
        return found

    async def _found_or_made(self, key: bytes, moment: bytes, make: Make[T]) -> tuple[T | bytes, bytes | None]:
        shared = await self._slots.get(key, moment) if self._slots else None
        if shared is not None and await self._search.is_there():
            RESULTS.count("redis")
            self._memory.put(key, Kept(moment, shared, is_shared=True))
            return shared, shared
        RESULTS.count("made")
        found, body = await make()
        if body is not None:
            self._memory.put(key, Kept(moment, body if len(body) <= self._most else VOLATILE))
        return found, body

    def _share(self, key: bytes, kept: Kept) -> None:
        """Share what is asked for a second time: what is asked for once is not worth the way."""
        if self._slots and not kept.is_shared:
            kept.is_shared = self._slots.put(key, kept.body, kept.stamp)


async def _made(make: Make[T], why: str) -> T:
    RESULTS.count(why)
    found, _ = await make()
    return found


def _slots(settings: Settings) -> Slots | None:
    places = settings.result_cache_redis // settings.result_cache_entry
    if not places:
        return None
    return Slots(
        settings.redis_url,
        f"{settings.index_prefix}:results",
        places,
        settings.result_cache_entry,
        settings.result_cache_seconds,
        RESULT_SHARED_BYTES,
    )
