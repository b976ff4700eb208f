"""Ending tasks of asyncio that go on for as long as anybody wants them to."""

import asyncio
from typing import Any

from metrics import swallowed

_AGAIN_SECONDS = 1.0


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks, and return when they have ended, however they did.

    More than once where that is needed: on Python 3.11 `wait_for`, which drivers use, may swallow it.
    """
    while running := [task for task in tasks if task and not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_AGAIN_SECONDS)
    for ended in tasks:
        if ended and not ended.cancelled() and (error := ended.exception()):
            swallowed("a task that was ended", error)  # nobody wants what it was for any more
