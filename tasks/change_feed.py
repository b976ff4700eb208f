"""Live changes of records: every follower has a position of its own, and reads on from there at its own pace.

PostgreSQL has all changes in their order; Redis only says that there are new ones. Who follows the newest shares one
reading and a short stretch kept in memory; who is behind, replaying or slow, reads PostgreSQL by its position until it
has caught up. So nobody misses a change, and nobody makes the memory grow.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from collections.abc import Collection as Several
from contextlib import asynccontextmanager, suppress

import structlog

from errors import CatalographError
from metrics import SUBSCRIPTIONS
from models.changes import Change, Position, Present, Stretch, changes_after, present
from models.database import Database
from models.ending import end
from tasks.channel import Channel

LOOK_SECONDS = 1.0
"""How long a change that nobody spoke of may stay unseen."""
_UNSETTLED_SECONDS = 0.05
_RETRY_SECONDS = 1.0
AT_ONCE = 200
BYTES_AT_ONCE = 4_000_000
KEPT = 400
_NEWS = b"1"

log = structlog.get_logger()


class ChangeFeed:
    """The changes as one process follows them: one connection to Redis and one reading while anybody follows."""

    def __init__(self, database: Database, redis_url: str, channel: str) -> None:
        self._database = database
        self._channel = Channel(redis_url, channel, self._hear, self._look, LOOK_SECONDS)
        self._news = asyncio.Event()
        self._followers: set[Follower] = set()
        self._kept: list[Change] = []
        self._from = self._until = Position(0)
        self._reading: asyncio.Task[None] | None = None
        self._pause: float | None = 0.0

    async def close(self) -> None:
        reading = self._leave()
        await self._channel.close()
        await end(reading)

    async def publish(self) -> None:
        """Say that there are new changes. Without Redis they are seen a little later."""
        await self._channel.publish(_NEWS)

    @asynccontextmanager
    async def follow(
        self, after: Position | None = None, collections: Several[str] | None = None
    ) -> AsyncIterator["Follower"]:
        """The changes behind `after`, or those that are made from now on, for as long as the block runs."""
        begin = None
        if after is None:
            async with self._database.reading() as session:
                begin = await present(session)
            after = begin.position
        follower = Follower(self, after, begin, collections)
        if not self._followers:
            self._kept, self._from, self._until, self._pause = [], after, after, 0.0
        self._followers.add(follower)
        self._channel.listen()
        SUBSCRIPTIONS.labels("changes").inc()
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                # Who comes while this ends finds nothing of it, and begins anew.
                reading = self._leave()
                await self._channel.stop()
                await end(reading)

    async def replay(self, after: Position, collections: Several[str] | None) -> Stretch:
        """The next changes behind a position, with their records as they stand now."""
        while (stretch := await self._read(after, collections)) is None:
            pass
        return stretch

    async def next(self, after: Position, collections: Several[str] | None) -> tuple[Sequence[Change], Position]:
        """The next changes behind a position, maybe none, and the position up to which they reach."""
        if after < self._from:
            stretch = await self.replay(after, collections)
            return stretch.changes, stretch.until
        if after >= self._until:
            await self._advance()
        if after < self._from:
            return [], after
        begin = bisect_right(self._kept, after, key=lambda change: change.position)
        found = [one for one in self._kept[begin:] if collections is None or one.collection in collections]
        return found, max(after, self._until)

    async def _advance(self) -> None:
        """Wait until those who follow the newest have read on, together."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_on())
        await asyncio.shield(self._reading)

    async def _read_on(self) -> None:
        if self._pause:
            with suppress(TimeoutError):  # then it is time to look
                async with asyncio.timeout(self._pause):
                    await self._news.wait()
        self._news.clear()
        stretch = await self._read(self._until, None)
        if stretch is None or self._reading is not asyncio.current_task():
            return  # nothing was read, or nobody wants it any more
        self._pause = 0.0 if stretch.more else _UNSETTLED_SECONDS if stretch.unsettled else LOOK_SECONDS
        self._kept += stretch.changes
        self._until = stretch.until
        if len(self._kept) > KEPT:
            self._from = self._kept[-KEPT - 1].position
            del self._kept[:-KEPT]

    async def _read(self, after: Position, collections: Several[str] | None) -> Stretch | None:
        try:
            async with self._database.reading() as session:
                return await changes_after(session, after, AT_ONCE, BYTES_AT_ONCE, collections)
        except CatalographError as error:
            log.warning("changes_not_read", code=error.code, reason=error.message, remedy="they are read again")
            await asyncio.sleep(_RETRY_SECONDS)
            return None

    def _leave(self) -> asyncio.Task[None] | None:
        """Forget what was read, and the reading that goes on."""
        reading, self._reading = self._reading, None
        self._kept = []
        return reading

    def _hear(self, _message: bytes) -> None:
        self._news.set()

    async def _look(self) -> None:
        self._news.set()


class Follower:
    """One who follows: knows how far it has come, and nothing else, however slow it is."""

    def __init__(
        self, feed: ChangeFeed, after: Position, begin: Present | None, collections: Several[str] | None
    ) -> None:
        self._feed = feed
        self._position = after
        self._begin = begin
        self._collections = collections
        self._replays = begin is None

    async def next(self) -> list[Change]:
        """The next changes, in their order; waits for them."""
        while True:
            found = await self._found()
            if new := [change for change in found if not (self._begin and self._begin.includes(change))]:
                return new

    async def _found(self) -> Sequence[Change]:
        if not self._replays:
            found, self._position = await self._feed.next(self._position, self._collections)
            return found
        stretch = await self._feed.replay(self._position, self._collections)
        self._position, self._replays = stretch.until, stretch.more
        return stretch.changes
