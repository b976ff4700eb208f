"""Look-ups of all who ask at the same time, whichever request they belong to, as one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

from models.ending import end

K = TypeVar("K")
V = TypeVar("V")
MOST = 1_000
"""Keys of one statement that several share: a larger look-up does not have the smaller ones wait for it."""


class Gathering(Generic[K, V]):
    """Asks `find` once for all keys of one tick.

    A statement costs the driver about as much as the reading of twenty rows, so that a server with many requests under
    way answers several of them by one. Each sees what is committed when it asks, since the statement is sent later.
    """

    def __init__(self, find: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._find = find
        self._open: _Batch[K, V] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, keys: Collection[K]) -> Mapping[K, V]:
        """What is found of `keys`, and maybe of others."""
        batch = self._open
        if batch is None or len(batch.keys) + len(keys) > MOST:
            batch = self._open = _Batch()
            asyncio.get_running_loop().call_soon(self._send, batch)
        batch.keys.update(dict.fromkeys(keys))
        answer: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
        batch.waiting.append(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            batch.leave()
            raise

    async def close(self) -> None:
        """Break off what is under way; whoever waits for it is cancelled."""
        await end(*self._running)

    def _send(self, batch: "_Batch[K, V]") -> None:
        if self._open is batch:
            self._open = None
        if batch.is_wanted:
            batch.task = asyncio.create_task(self._answer(batch))
            self._running.add(batch.task)
            batch.task.add_done_callback(self._running.discard)

    async def _answer(self, batch: "_Batch[K, V]") -> None:
        try:
            found = await self._find(list(batch.keys))
        except asyncio.CancelledError:
            for one in batch.waiting:
                one.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            for one in batch.waiting:
                if not one.done():
                    one.set_exception(_twin(error))
        else:
            for one in batch.waiting:
                if not one.done():
                    one.set_result(found)
        finally:
            batch.waiting = []


def _twin(error: Exception) -> Exception:
    """The same error for one of several who wait: it gathers the frames of the tasks that it goes through."""
    kind = type(error)
    twin = kind.__new__(kind, *error.args)
    twin.__dict__.update(error.__dict__)
    twin.__cause__ = error.__cause__
    return twin


class _Batch(Generic[K, V]):
    """Keys that are asked for together, in their order, and who waits for them."""

    __slots__ = ("keys", "task", "waiting")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.waiting: list[asyncio.Future[Mapping[K, V]]] = []
        self.task: asyncio.Task[None] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return not all(one.done() for one in self.waiting)

    def leave(self) -> None:
        """Break off what nobody waits for any more, so that it keeps no connection."""
        if self.task and not self.is_wanted:
            self.task.cancel()
