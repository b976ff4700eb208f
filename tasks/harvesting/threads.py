"""Blocking work in a thread, so that the event loop goes on; who is cancelled waits until the thread has left."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from models.threads import left

T = TypeVar("T")


async def in_thread(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """What `work` returns. `stop` is called when we are cancelled, and has the work end soon."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError as error:
        stop()
        await left(working, error)
        raise
