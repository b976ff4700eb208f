"""Tells the workers that there is work, and who follows records that there are changes.

A nudge may be lost: the outbox row and the revision are not, and are found.
"""

import asyncio

import structlog
from celery import Celery
from kombu.exceptions import KombuError

from tasks.app import DRAIN, INDEX, send
from tasks.change_feed import ChangeFeed

PAUSE_SECONDS = 0.03
"""Between two nudges: to send one costs as much as several writes, and one tells of all writes before it."""

log = structlog.get_logger()


class Nudges:
    """Sends nudges from a process's event loop without making anybody wait; many at once become one."""

    def __init__(self, app: Celery, changes: ChangeFeed) -> None:
        self._app = app
        self._changes = changes
        self._waiting = False
        self._sending: asyncio.Task[None] | None = None
        self.lost = 0

    async def index(self) -> None:
        """Have the outbox drained, and the changes heard, soon."""
        self._waiting = True
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Send what is waiting to be sent."""
        if self._sending:
            await self._sending

    async def _send(self) -> None:
        while self._waiting:
            self._waiting = False
            await self._changes.publish()
            try:
                await asyncio.to_thread(send, self._app, DRAIN, queue=INDEX)
            except (OSError, KombuError) as error:
                self.lost += 1
                log.warning("nudge_lost", reason=str(error), remedy="the sweep indexes it when the broker is back")
            await asyncio.sleep(PAUSE_SECONDS)
