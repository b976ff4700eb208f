"""The scheduler that beat runs: what is sent every few seconds is configured, what is due by a cron line in PostgreSQL.

Any number of beats may run: a message of the first kind does no harm twice, and a schedule is fired by one of them.
"""

import asyncio
from typing import Any

import structlog
from celery.beat import Scheduler

from errors import CatalographError
from tasks.app import PUBLISH_SECONDS
from tasks.desk import TaskDesk
from tasks.loop import WorkerLoop

LOOK_SECONDS = 1.0

log = structlog.get_logger()


class PostgresScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Celery's scheduler without its file: after a restart everything is due at its next interval.

    Schedules are fired beside its ticks, which wait for the broker when that is away.
    """

    def __init__(self, *args: Any, loop: WorkerLoop, desk: TaskDesk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        loop.begin(lambda _: fire_when_due(desk))

    def send_task(self, *args: Any, producer: Any = None, **options: Any) -> Any:
        """Send a message over the pool's connections. The scheduler's own is not made anew when RabbitMQ was away."""
        del producer
        return super().send_task(*args, timeout=PUBLISH_SECONDS, confirm_timeout=PUBLISH_SECONDS, **options)


async def fire_when_due(desk: TaskDesk) -> None:
    """Fire schedules until cancelled, whatever becomes of PostgreSQL meanwhile."""
    away = False
    while True:
        try:
            await desk.fire()
            away = False
        except CatalographError as error:
            if not away:
                log.warning("schedules_not_read", code=error.code, reason=error.message, remedy="they are made up")
            away = True
        except Exception:
            # A defect of ours: the next look may be spared it.
            log.exception("schedules_not_fired")
        await asyncio.sleep(LOOK_SECONDS)
