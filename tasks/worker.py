"""The worker: its tasks, each a name, a queue and one call into the layers below."""

import asyncio
import gc
import warnings

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready
from kombu.exceptions import KombuError

from config import Settings
from errors import CatalographError, Conflict
from indexing.preparing import is_outdated
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.sync import drain
from tasks.app import DRAIN, QUEUES, REBUILD, WORK, celery_app
from tasks.loop import WorkerLoop

CONCURRENCY = 4
"""Threads that wait for tasks; the work itself runs on one event loop."""
DRAINS = 3
"""Batches that are indexed at once: while one waits for a store, another is built."""

COMPARE_AGAIN_SECONDS = 5

log = structlog.get_logger()


def run_worker(settings: Settings, name: str = "worker") -> None:
    """Run a worker until it is told to stop. Raises `CollectionErrors` for wrong collection files."""
    # It warns root of messages that bring code along; ours are JSON, and nothing else is accepted.
    warnings.simplefilter("ignore", SecurityWarning)
    gc.set_threshold(50_000, 20, 50)  # documents are many and short-lived: looking for cycles in them costs a third
    app = celery_app(settings)
    loop = WorkerLoop(settings)
    loop.start()
    _add_tasks(app, loop)
    worker_ready.connect(lambda **_: loop.begin(lambda services: _rebuild_outdated(app, services)), weak=False)
    try:
        app.Worker(
            pool="threads",
            concurrency=CONCURRENCY,
            queues=",".join(QUEUES),
            hostname=f"{name}@%h",
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        ).start()
    finally:
        loop.stop()


def run_beat(settings: Settings) -> None:
    """Run the schedule until told to stop; what it sends is in `tasks.app`."""
    app = celery_app(settings)
    app.Beat(loglevel="WARNING", quiet=True, scheduler_cls="tasks.schedule:MemoryScheduler").run()


def _add_tasks(app: Celery, loop: WorkerLoop) -> None:
    drains = Drains()

    @app.task(name=DRAIN)  # type: ignore[untyped-decorator]
    def drain_outbox() -> None:
        loop.run(drains.run)

    @app.task(name=REBUILD, queue=WORK)  # type: ignore[untyped-decorator]
    def rebuild_index(collection: str) -> None:
        loop.run(lambda services: _rebuild(services, collection))


class Drains:
    """Keeps a few drains going while there is work; one asked for meanwhile makes those look again."""

    def __init__(self) -> None:
        self._running = 0
        self._again = False

    async def run(self, services: Services) -> None:
        self._again = True
        if self._running >= DRAINS:
            return
        self._running += 1
        try:
            while self._again:
                self._again = False
                await _drain(services)
        finally:
            self._running -= 1


async def _drain(services: Services) -> None:
    try:
        drained = await drain(services)
    except CatalographError as error:
        log.warning("drain_postponed", code=error.code, reason=error.message, remedy="the next sweep tries again")
        return
    if drained.buried:
        log.error("records_buried", count=drained.buried, remedy="see `deadLetters`")


async def _rebuild(services: Services, name: str) -> None:
    try:
        built = await rebuild(services, services.catalog[name])
    except Conflict as error:
        log.info("rebuild_refused", collection=name, reason=error.message)
        return
    log.info("rebuilt", collection=name, index=built.index, records=built.indexed, refused=len(built.refused))


async def _rebuild_outdated(app: Celery, services: Services) -> None:
    """Have each collection rebuilt whose file asks for another mapping than its index has, once that can be known."""
    for collection in services.catalog:
        while True:
            try:
                if await is_outdated(services, collection):
                    await asyncio.to_thread(app.send_task, REBUILD, [collection.name], queue=WORK)
                break
            except (CatalographError, KombuError, OSError) as error:
                log.warning("index_not_compared", collection=collection.name, reason=str(error))
                await asyncio.sleep(COMPARE_AGAIN_SECONDS)
