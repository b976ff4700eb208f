"""A line of those who wait until something is given back: first come, first served."""

import asyncio
from collections import deque


class Turns:
    """`pass_on` after each thing that is given back; whoever has waited looks for it, and may have to wait again."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Return when it is our turn."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.pass_on()  # it was our turn: now it is another's
            raise

    def pass_on(self) -> None:
        """Let the first in the line have its turn."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
