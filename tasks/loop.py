"""The event loop of a worker process: tasks run the same asynchronous code as the server, all on this one loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import structlog

from config import Settings
from indexing.services import Services, open_services

T = TypeVar("T")

STOP_SECONDS = 3.0
"""How long stopping waits for services to be closed: one that does not answer closes with the process."""

CANCEL_SECONDS = 0.1
"""For what is closed after it, and for it to end."""

log = structlog.get_logger()


class WorkerLoop:
    """An event loop in a thread of its own, with the services of the process open on it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._begun: list[Future[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker-loop", daemon=True)

    def start(self) -> None:
        """Open the services. Raises what opening them raises."""
        self._thread.start()
        self.services: Services = self._run(self._stack.enter_async_context(open_services(self._settings)))

    def stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close the services, after what `close` closes."""
        self._stack.push_async_callback(close)
        for future in self._begun:
            future.cancel()
        closing = self._begin(self._stack.aclose())
        try:
            closing.result(STOP_SECONDS)
        except TimeoutError:  # a server that hangs is no reason to stay
            log.warning("services_not_closed", seconds=STOP_SECONDS, remedy="they close with the process")
            closing.cancel()
            self._begin(asyncio.sleep(CANCEL_SECONDS)).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """Run `work` on the loop and wait for it, from any of the worker's threads."""
        return self._run(work(self.services))

    def call(self, work: Callable[[], None]) -> None:
        """Have `work` called on the loop soon, without waiting for it."""
        self._loop.call_soon_threadsafe(work)

    def begin(self, work: Callable[[Services], Coroutine[Any, Any, None]]) -> None:
        """Run `work` on the loop without waiting for it; what is not done when the loop stops is cancelled."""
        begun = asyncio.run_coroutine_threadsafe(work(self.services), self._loop)
        begun.add_done_callback(_tell)
        self._begun.append(begun)

    def _run(self, work: Awaitable[T]) -> T:
        return self._begin(work).result()

    def _begin(self, work: Awaitable[T]) -> Future[T]:
        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop)


def _tell(begun: Future[None]) -> None:
    """Log what ended a work that nobody waits for."""
    if not begun.cancelled() and (error := begun.exception()):
        log.error("background_work_failed", exc_info=error)
