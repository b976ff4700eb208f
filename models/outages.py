"""Notices that a store hangs long before a request has used up its time, and until it is back has none begin."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import structlog

from errors import CatalographError
from metrics import swallowed
from models.deadlines import Deadline
from models.ending import end

T = TypeVar("T")
PATIENCE_SECONDS = 0.5
"""How long a request may take before it is asked whether anybody is there."""
PROBE_SECONDS = 1.2
"""How long that question to Elasticsearch may take: together less than the 2 s within which its outage is told."""
PROBE_STEPS = 12
RETRY_SECONDS = 0.5

log = structlog.get_logger()


class Outages:
    """Knows whether `store` hangs; `ping` raises a `CatalographError` or takes long if it does. `away` makes the error
    that tells of it; `probe_seconds` is how long a ping may take.
    """

    def __init__(
        self,
        store: str,
        ping: Callable[[], Awaitable[object]],
        away: Callable[[], CatalographError],
        probe_seconds: float | None = None,
    ) -> None:
        self._store = store
        self._step_seconds = (PROBE_SECONDS if probe_seconds is None else probe_seconds) / PROBE_STEPS
        self._ping = ping
        self._away = away
        self._probing: asyncio.Task[bool] | None = None
        self._returning: asyncio.Task[None] | None = None

    @property
    def known(self) -> bool:
        """Whether it hangs, as far as anybody knows."""
        return self._returning is not None

    def refuse(self) -> None:
        """Raises the error that tells of an outage while one is known: for what must not be broken off once begun."""
        if self.known:
            raise self.told()

    def told(self) -> CatalographError:
        """The error that tells of an outage."""
        return self._away()

    def watch(self) -> "Watch":
        """A block that is broken off soon after the store hangs, and does not begin when that is known."""
        return Watch(self)

    async def guard(self, request: Callable[[], Awaitable[T]]) -> T:
        """The result of `request`, in such a block."""
        with self.watch():
            return await request()

    async def close(self) -> None:
        """Ask no more; what was asked has been given up when this returns."""
        await end(self._probing, self._returning)

    async def end_if_nobody_answers(self, limit: Deadline) -> None:
        """Have the block of `limit` end as soon as the store does not answer; goes on until it is cancelled."""
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
            log.warning("store_hangs", store=self._store, remedy="requests to it are refused until it answers again")
            self._returning = asyncio.create_task(self._return())
        return False

    async def _probe(self) -> bool:
        asking = asyncio.ensure_future(self._ping())
        try:
            for _ in range(PROBE_STEPS):
                # While this process works on something large it hears no answer: a step that took long counts once.
                await asyncio.wait([asking], timeout=self._step_seconds)
                if asking.done():
                    await asking
                    return True
        except CatalographError as error:
            swallowed("the question whether a store answers", error)  # no is an answer, and told by the block
        except Exception:
            # A defect of ours. If asking ended with it, requests would be refused for ever.
            log.exception("store_not_asked", store=self._store)
        finally:
            asking.cancel()
        return False

    async def _return(self) -> None:
        while not await self._probe():  # noqa: ASYNC110 - nobody here could set an event
            await asyncio.sleep(RETRY_SECONDS)
        log.info("store_is_back", store=self._store)
        self._returning = None


class Watch:
    """One block of one task; raises the outages' error where it was broken off."""

    __slots__ = ("_later", "_limit", "_looking", "_outages")

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._looking: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._outages.refuse()
        self._limit = Deadline()
        self._limit.__enter__()
        self._later = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._later.cancel()
        if self._looking:
            self._looking.cancel()
        try:
            self._limit.__exit__(kind, error, trace)
        except TimeoutError:
            raise self._outages.told() from None

    def _look(self) -> None:
        self._looking = asyncio.create_task(self._outages.end_if_nobody_answers(self._limit))
