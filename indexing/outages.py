"""Notices that Elasticsearch hangs long before a search has used up its time, and until it is back has none begin."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from errors import CatalographError, SearchUnavailable
from metrics import swallowed
from models.deadlines import Deadline

T = TypeVar("T")
PATIENCE_SECONDS = 0.5
"""How long a search may take before it is asked whether anybody is there."""
PROBE_SECONDS = 1.2
"""How long that question may take: together less than the 2 s within which an outage is told."""
PROBE_STEPS = 12
RETRY_SECONDS = 0.5

log = structlog.get_logger()


class Outages:
    """Knows whether Elasticsearch hangs; `ping` raises a `CatalographError` or takes long if it does."""

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self._probing: asyncio.Task[bool] | None = None
        self._returning: asyncio.Task[None] | None = None

    @property
    def known(self) -> bool:
        """Whether it hangs, as far as anybody knows."""
        return self._returning is not None

    async def guard(self, request: Callable[[], Awaitable[T]]) -> T:
        """The result of `request`. Raises `SearchUnavailable` within 2 s when it hangs, at once when that is known."""
        if self.known:
            raise _unavailable()
        looking: asyncio.Task[None] | None = None
        limit = Deadline()

        def look() -> None:
            nonlocal looking
            looking = asyncio.create_task(self._end_if_nobody_answers(limit))

        try:
            with limit:
                later = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, look)
                try:
                    return await request()
                finally:
                    later.cancel()
                    if looking:
                        looking.cancel()
        except TimeoutError:
            if limit.expired():
                raise _unavailable() from None
            raise

    async def close(self) -> None:
        for task in (self._probing, self._returning):
            if task:
                task.cancel()

    async def _end_if_nobody_answers(self, limit: Deadline) -> None:
        while await self._answers():  # noqa: ASYNC110 - nobody here could set an event
            await asyncio.sleep(PATIENCE_SECONDS)
        limit.expire()

    async def _answers(self) -> bool:
        """Whether it answers. All that wait ask together."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe())
        probing = self._probing  # another one may have begun when this one has ended
        await asyncio.wait([probing])
        if probing.result():
            return True
        if not self.known:
            log.warning("search_hangs", remedy="searches are refused until Elasticsearch answers again")
            self._returning = asyncio.create_task(self._return())
        return False

    async def _probe(self) -> bool:
        asking = asyncio.ensure_future(self._ping())
        try:
            for _ in range(PROBE_STEPS):
                # While this process works on something large it hears no answer: a step that took long counts once.
                await asyncio.wait([asking], timeout=PROBE_SECONDS / PROBE_STEPS)
                if asking.done():
                    await asking
                    return True
        except CatalographError as error:
            swallowed("the question whether Elasticsearch answers", error)  # no is an answer, and told by `guard`
        except Exception:
            # A defect of ours. If asking ended with it, searches would be refused for ever.
            log.exception("search_not_asked")
        finally:
            asking.cancel()
        return False

    async def _return(self) -> None:
        while not await self._probe():  # noqa: ASYNC110 - nobody here could set an event
            await asyncio.sleep(RETRY_SECONDS)
        log.info("search_is_back")
        self._returning = None


def _unavailable() -> SearchUnavailable:
    return SearchUnavailable("Elasticsearch does not answer.", "Searches come back by themselves when it does.")
