"""Waits until writes are visible to search: all that wait at a moment share one question and one refresh."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from errors import CatalographError, SearchUnavailable
from indexing.services import Services
from indexing.showing import show_changes
from models.deadletters import refused_records
from models.outbox import still_waiting

POLL_SECONDS = 0.01
EACH_SECONDS = 0.02
"""After a refresh the next one is so much later for each that it was for: those that come meanwhile share it."""
CROWDED_SECONDS = 0.5
"""But not later than that, however many they were."""

log = structlog.get_logger()


@dataclass(eq=False)
class _Wait:
    collection: str
    ids: frozenset[int]
    done: asyncio.Future[None]


class Visibility:
    """The waits of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waits: list[_Wait] = []
        self._watching: asyncio.Task[None] | None = None
        self._rests_until = 0.0

    async def searchable(self, collection: str, record_ids: Iterable[int]) -> None:
        """Return when searches see what was last written to the records.

        Raises `SearchUnavailable` when that takes longer than the setting `searchable_timeout`; the writes stand.
        """
        wait = _Wait(collection, frozenset(record_ids), asyncio.get_running_loop().create_future())
        if not wait.ids:
            return
        self._waits.append(wait)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        limit = self._services.settings.searchable_timeout
        try:
            await asyncio.wait_for(wait.done, limit)
        except TimeoutError:
            raise SearchUnavailable(
                f"The write is stored, but was not visible to search within {limit:g} s.", "It will be; search again."
            ) from None
        finally:
            if wait in self._waits:
                self._waits.remove(wait)

    async def _watch(self) -> None:
        while self._waits:
            await asyncio.sleep(max(0.0, self._rests_until - time.monotonic()))
            if not self._waits:
                return  # they have given up meanwhile
            try:
                indexed = await self._indexed()
                refused = await self._show(indexed)
            except Exception as error:  # whatever it is, the writes stand, and those who wait are told
                if not isinstance(error, CatalographError):
                    log.exception("visibility_unknown")
                self._give_up(error)
                return
            for wait in indexed:
                self._settle(wait, next((refused[one] for one in wait.ids if one in refused), None))
            if len(indexed) > 1:
                most = min(CROWDED_SECONDS, self._services.settings.searchable_timeout / 4)
                self._rests_until = time.monotonic() + min(EACH_SECONDS * len(indexed), most)
            await asyncio.sleep(POLL_SECONDS)

    async def _show(self, waits: Sequence[_Wait]) -> dict[int, str]:
        """Have searches see what is waited for; which of the records the index has refused, and why."""
        if not waits:
            return {}
        collections = {wait.collection for wait in waits}
        await show_changes(self._services, collections)
        async with self._services.database.reading() as session:
            return await refused_records(session, collections, set().union(*(wait.ids for wait in waits)))

    def _settle(self, wait: _Wait, refused: str | None) -> None:
        if wait in self._waits:
            self._waits.remove(wait)
        if wait.done.done():
            return
        if refused is None:
            wait.done.set_result(None)
        else:
            wait.done.set_exception(
                SearchUnavailable(f"The write is stored, but the index refused it: {refused}", "See `deadLetters`.")
            )

    def _give_up(self, error: Exception) -> None:
        for wait in self._waits:
            if not wait.done.done():
                unknown = SearchUnavailable("The write is stored, but it can't be told when searches see it.")
                unknown.__cause__ = error
                wait.done.set_exception(unknown)
        self._waits.clear()

    async def _indexed(self) -> list[_Wait]:
        """The waits whose records have left the outbox."""
        waits = list(self._waits)
        ids = set().union(*(wait.ids for wait in waits))
        async with self._services.database.reading() as session:
            waiting = await still_waiting(session, ids)
        return [wait for wait in waits if waiting.isdisjoint(wait.ids)]
