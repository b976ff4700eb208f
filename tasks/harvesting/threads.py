"""Blocking work in a thread, so that the event loop goes on; who is cancelled waits until the thread has left."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """What `work` returns. `stop` is called when we are cancelled, and has the work end soon."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stop()
        await _until_done(working)
        raise


async def _until_done(working: "asyncio.Future[T]") -> None:
    """Wait for the thread, however often we are cancelled: it has in its hands what is closed next."""
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError:
            continue
    if not working.cancelled():
        working.exception()  # of no interest any more
