"""The worker: its tasks, each a name, a queue and one call into the layers below."""

import asyncio
import socket
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready
from celery.worker.consumer import Consumer
from prometheus_client import start_http_server

from config import Settings
from errors import CatalographError
from indexing.drift import verify_next
from indexing.preparing import is_outdated
from indexing.rebuild import retire
from indexing.services import Services
from indexing.showing import show_changes
from indexing.sync import drain
from metrics import REGISTRY
from models.collections.properties import Collection
from tasks.app import DRAIN, QUEUES, VERIFY_NEXT, WORK, celery_app
from tasks.commits import tell_hooks
from tasks.desk import TaskDesk
from tasks.extensions import schedule_extensions
from tasks.loop import WorkerLoop
from tasks.nudging import Nudges
from tasks.schedule import PostgresScheduler
from tasks.work import add_work, start_rebuild

CONCURRENCY = 8
"""Threads that wait for tasks; the work itself runs on one event loop."""
DRAINS = 3
"""Batches that are indexed at once: while one waits for a store, another is built."""

COMPARE_AGAIN_SECONDS = 5
SHOW_SECONDS = 1.0
"""Seconds between two refreshes that make what was indexed visible to search."""

log = structlog.get_logger()


def run_worker(settings: Settings, name: str = "worker", queues: Sequence[str] = QUEUES) -> None:
    """Run a worker on `queues` until it is told to stop. Raises `CollectionErrors` for wrong collection files."""
    # It warns root of messages that bring code along; ours are JSON, and nothing else is accepted.
    warnings.simplefilter("ignore", SecurityWarning)
    if settings.metrics_port:
        _give_metrics(settings.metrics_port)
    app = celery_app(settings)
    loop = WorkerLoop(settings)
    loop.start()
    desk = TaskDesk.open(loop.services, app)
    nudges = Nudges(app, desk.changes)
    _add_tasks(app, loop, desk, nudges)
    if WORK in queues:
        worker_ready.connect(lambda **_: loop.begin(lambda services: rebuild_outdated(desk, services)), weak=False)
        worker_ready.connect(lambda **_: loop.begin(lambda services: tell_hooks(services, desk, nudges)), weak=False)
    try:
        app.Worker(
            consumer_cls=_Consumer,
            pool="threads",
            concurrency=CONCURRENCY,
            queues=",".join(queues),
            hostname=f"{name}@{socket.gethostname()}",
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        ).start()
    finally:
        loop.stop(desk.close)


def _give_metrics(port: int) -> None:
    try:
        start_http_server(port, registry=REGISTRY)
    except OSError as error:
        # Another worker on this machine has it: one without metrics is better than none.
        log.warning("metrics_not_served", port=port, error=str(error), remedy="give each worker a port of its own")


def run_beat(settings: Settings) -> None:
    """Run the schedules until told to stop: those in `tasks.app`, and those in PostgreSQL."""
    app = celery_app(settings)
    loop = WorkerLoop(settings)
    loop.start()
    desk = TaskDesk.open(loop.services, app)
    loop.begin(schedule_extensions)
    try:
        scheduler = partial(PostgresScheduler, loop=loop, desk=desk)
        app.Beat(loglevel="WARNING", quiet=True, scheduler_cls=scheduler).run()
    finally:
        loop.stop(desk.close)


class _Consumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's own, which makes no queues for messages that are to wait: in RabbitMQ 28, and ours never wait."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps = tuple(step for step in Consumer.Blueprint.default_steps if not step.endswith("DelayedDelivery"))


def _add_tasks(app: Celery, loop: WorkerLoop, desk: TaskDesk, nudges: Nudges) -> None:
    drains = Drains(lambda name: start_rebuild(desk, name))

    @app.task(name=DRAIN)  # type: ignore[untyped-decorator]
    def drain_outbox() -> None:
        loop.run(drains.run)

    @app.task(name=VERIFY_NEXT)  # type: ignore[untyped-decorator]
    def verify_the_next() -> None:
        loop.run(_verify_next)

    add_work(app, loop, desk, nudges)


async def _verify_next(services: Services) -> None:
    try:
        await verify_next(services)
    except CatalographError as error:
        # Where it stood is noted, and the schedule comes again in a minute.
        log.warning("verification_postponed", code=error.code, reason=error.message)


class Drains:
    """Keeps a few drains going while there is work; one asked for meanwhile makes those look again.

    Once nothing is left, searches are made to see it, at most once in `SHOW_SECONDS`.
    """

    def __init__(self, lost: Callable[[str], Awaitable[None]]) -> None:
        self._lost = lost
        self._running = 0
        self._again = False
        self._showing = False
        self._shown_at = 0.0

    async def run(self, services: Services) -> None:
        self._again = True
        if self._running >= DRAINS:
            return
        self._running += 1
        try:
            while self._again:
                self._again = False
                await self._drain(services)
        finally:
            self._running -= 1
        if not self._running:
            await self._show(services)

    async def _drain(self, services: Services) -> None:
        try:
            drained = await drain(services)
        except CatalographError as error:
            log.warning("drain_postponed", code=error.code, reason=error.message, remedy="the next sweep tries again")
            return
        if drained.buried:
            log.error("records_buried", count=drained.buried, remedy="see `deadLetters`")
        for name in drained.gone:
            log.error("index_gone", collection=name, remedy="it is made anew from PostgreSQL")
            await self._lost(name)

    async def _show(self, services: Services) -> None:
        if self._showing:
            return  # whoever is about to show sees this change too
        self._showing = True
        try:
            await asyncio.sleep(max(0.0, self._shown_at + SHOW_SECONDS - time.monotonic()))
        finally:
            self._showing = False
        self._shown_at = time.monotonic()
        try:
            await show_changes(services)
        except CatalographError as error:
            log.warning("changes_not_shown", code=error.code, reason=error.message, remedy="the next sweep tries again")


async def rebuild_outdated(desk: TaskDesk, services: Services) -> None:
    """Have each collection rebuilt whose file asks for another mapping than its index has, once that can be known."""
    waiting = list(services.catalog)
    while waiting := [one for one in waiting if not await _compared(desk, services, one)]:  # noqa: ASYNC110 - no event
        await asyncio.sleep(COMPARE_AGAIN_SECONDS)


async def _compared(desk: TaskDesk, services: Services, collection: Collection) -> bool:
    """Whether it could be known; if not, it is asked again, after the other collections."""
    try:
        await retire(services, collection)
        if await is_outdated(services, collection):
            await start_rebuild(desk, collection.name)
    except CatalographError as error:
        # A store is away, or does not take the index: that may heal.
        log.warning("index_not_compared", collection=collection.name, reason=str(error))
        return False
    except Exception:
        # A defect of ours. To end with it would keep all others from being compared.
        log.exception("index_not_compared", collection=collection.name)
        return False
    return True
