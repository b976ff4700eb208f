"""Waiting for a thread to leave what it has in its hands, before that is closed."""

import asyncio
from typing import TypeVar

from metrics import swallowed

T = TypeVar("T")


async def left(working: "asyncio.Future[T]", told: BaseException) -> None:
    """Wait for a thread after the error `told`, however often we are cancelled, since it can't be.

    An error of the thread's own comes too late to be told: it is counted.
    """
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    late = None if working.cancelled() else working.exception()
    if late is not None and late is not told:
        swallowed("a thread that was left", late)
    if cancelled:
        raise cancelled
