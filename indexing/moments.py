"""Tells moments apart: asks PostgreSQL for the stamps of the collections, once for all who ask at a time."""

import asyncio
from collections.abc import Collection as Several
from hashlib import blake2b

import structlog

from errors import CatalographError
from indexing.joining import Joined
from models.ending import end
from models.stamps import StampReader, Stamps

PATIENCE_SECONDS = 0.1
"""How long PostgreSQL's answer is waited for."""
AWAY_SECONDS = 1.0
"""How long PostgreSQL is let alone once it did not answer."""
QUICK_SECONDS = 0.005
REST = 10
"""After a reading that took longer than that, and found something on its way, so many times as long passes without one:
a long outbox takes long to look through."""

log = structlog.get_logger()


class Moments:
    """The moments of one process; connects when it is first asked."""

    def __init__(self, reader: StampReader) -> None:
        self._reader = reader
        self._joined = Joined(self._read)
        self._opening: asyncio.Task[None] | None = None
        self._rests_until = float("-inf")

    async def now(self, collections: Several[str]) -> bytes | None:
        """What tells this moment of these collections from others; `None` where something of theirs is on its way, or
        where nobody can tell.
        """
        stamps = await self._joined.answer()
        found = {name: stamps.get(name) for name in sorted(collections)}
        return None if None in found.values() else blake2b(repr(found).encode(), digest_size=16).digest()

    async def close(self) -> None:
        await self._joined.close()
        await end(self._opening)
        self._reader.drop()
        await asyncio.sleep(0)  # the loop closes its socket in its next round

    async def _read(self) -> Stamps:
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            return {}
        if not self._reader.is_open:
            self._open()
            return {}
        began = loop.time()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                stamps = await self._reader.read()
        except (CatalographError, TimeoutError) as error:
            self._leave_alone(error)
            return {}
        took = loop.time() - began
        if took > QUICK_SECONDS and None in stamps.values():
            self._rests_until = loop.time() + REST * took
        return stamps

    def _open(self) -> None:
        """Connect, without having anybody wait for it."""
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._opened())

    async def _opened(self) -> None:
        try:
            await self._reader.open()
        except CatalographError as error:
            self._leave_alone(error)

    def _leave_alone(self, error: Exception) -> None:
        log.warning("moments_unknown", reason=str(error) or type(error).__name__)
        self._reader.drop()
        self._rests_until = asyncio.get_running_loop().time() + AWAY_SECONDS
