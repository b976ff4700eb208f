"""The Celery tasks that work on task rows: each a name, a queue and one call."""

from collections.abc import Awaitable, Callable

import structlog
from celery import Celery
from celery.signals import worker_shutting_down

from errors import CatalographError
from models.tasks import Kind, Order
from tasks.app import SWEEP, WORK, task_name
from tasks.desk import AlreadyRunning, TaskDesk
from tasks.exporting import run_export
from tasks.extensions import run_extension
from tasks.harvesting.harvest import run_harvest
from tasks.importing import run_import
from tasks.kinds import run_rebuild, run_verify
from tasks.loop import WorkerLoop
from tasks.nudging import Nudges
from tasks.runner import Runner, Work

BY_ITSELF = "system"
"""Who asked for a task that nobody asked for."""

log = structlog.get_logger()


def add_work(app: Celery, loop: WorkerLoop, desk: TaskDesk, nudges: Nudges) -> None:
    """Add the tasks to the application. When the worker is told to stop, it gives back what it works on."""
    runner = Runner(desk)

    def run(task_id: int, work: Work) -> None:
        loop.run(lambda _: _logged(lambda: runner.run(task_id, work), task=task_id))

    @app.task(name=task_name(Kind.IMPORT), queue=WORK)  # type: ignore[untyped-decorator]
    def import_records(task_id: int) -> None:
        run(task_id, lambda services, of: run_import(services, of, nudges))

    @app.task(name=task_name(Kind.EXPORT), queue=WORK)  # type: ignore[untyped-decorator]
    def export_records(task_id: int) -> None:
        run(task_id, run_export)

    @app.task(name=task_name(Kind.REBUILD), queue=WORK)  # type: ignore[untyped-decorator]
    def rebuild_index(task_id: int) -> None:
        run(task_id, run_rebuild)

    @app.task(name=task_name(Kind.VERIFY), queue=WORK)  # type: ignore[untyped-decorator]
    def verify_index(task_id: int) -> None:
        run(task_id, run_verify)

    @app.task(name=task_name(Kind.HARVEST), queue=WORK)  # type: ignore[untyped-decorator]
    def harvest_source(task_id: int) -> None:
        run(task_id, lambda services, of: run_harvest(services, of, nudges))

    @app.task(name=task_name(Kind.EXTENSION), queue=WORK)  # type: ignore[untyped-decorator]
    def do_what_an_extension_does(task_id: int) -> None:
        run(task_id, lambda services, of: run_extension(services, of, nudges))

    @app.task(name=SWEEP)  # type: ignore[untyped-decorator]
    def sweep() -> None:
        loop.run(lambda _: _logged(desk.sweep))

    worker_shutting_down.connect(lambda **_: loop.call(runner.stop), weak=False)


async def start_rebuild(desk: TaskDesk, collection: str) -> None:
    """Have an index rebuilt that needs it, unless that goes on already."""
    try:
        await desk.start(Order(Kind.REBUILD, collection, {}, BY_ITSELF))
    except AlreadyRunning as error:  # that one does it
        log.info("rebuild_goes_on", collection=collection, task=error.task.id)


async def _logged(work: Callable[[], Awaitable[None]], **about: object) -> None:
    """What fails here is not lost: the sweep finds it."""
    try:
        await work()
    except CatalographError as error:
        # The row stays as it is until the sweep.
        log.warning("tasks_postponed", code=error.code, reason=error.message, **about)
