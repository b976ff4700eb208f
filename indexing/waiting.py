"""Waits until writes are visible to search: all that wait at a moment share one question and one refresh."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from errors import CatalographError, SearchUnavailable
from indexing.services import Services
from models.outbox import still_waiting

POLL_SECONDS = 0.01

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
            try:
                indexed = await self._indexed()
                await self._services.indexes.refresh_serving(wait.collection for wait in indexed)
            except Exception as error:  # whatever it is, the writes stand, and those who wait are told
                if not isinstance(error, CatalographError):
                    log.exception("visibility_unknown")
                self._give_up(error)
                return
            for wait in indexed:
                if not wait.done.done():
                    wait.done.set_result(None)
                if wait in self._waits:
                    self._waits.remove(wait)
            await asyncio.sleep(POLL_SECONDS)

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
