"""Has those who ask the same at a time ask together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from models.ending import end

T = TypeVar("T")


class Joined(Generic[T]):
    """One question at a time. Who comes while one is under way shares the next: no answer is older than who gets it."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._next: asyncio.Future[T] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def answer(self) -> T:
        """The answer to a question that is asked from now on; raises what it raises."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
        return await asyncio.shield(self._next)

    async def close(self) -> None:
        """Ask no more; whoever waits is cancelled."""
        await end(self._asking)
        if self._next:
            self._next.cancel()

    async def _run(self) -> None:
        while self._next is not None:
            asked, self._next = self._next, None
            try:
                found = await self._ask()
            except asyncio.CancelledError:
                asked.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told to all who asked
                asked.set_exception(error)
            else:
                asked.set_result(found)
