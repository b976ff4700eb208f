"""The task kind EXTENSION: what an extension does on a worker, and when it does it by itself."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from errors import CatalographError, NotFound
from indexing.services import Services
from models.checkpoints import read_checkpoint, save_checkpoint
from models.collections.extras import ExtensionTask
from models.documents import encode_document
from models.schedules import keep_schedules, set_schedule
from models.task_errors import TaskError, add_task_errors
from models.tasks import ARGUMENTS, extension_order
from models.writes import WriteSession
from tasks.nudging import Nudges
from tasks.store import Store
from tasks.task_run import Finished, TaskRun

SCHEDULES = "extension:"
"""Begins the names of the schedules of extensions."""
_BY = "schedule"
_RETRY_SECONDS = 5.0

log = structlog.get_logger()


class WrongResult(CatalographError):
    """The task of an extension gave what can't be its result: correct its function."""


class Run:
    """One run of an extension's task: what was asked for, what it works with, and how far it is."""

    def __init__(self, services: Services, run: TaskRun, nudges: Nudges, noted: Mapping[str, Any] | None) -> None:
        self._database = services.database
        self._run = run
        self._errors: list[TaskError] = []
        self._saves = noted is not None
        self.arguments: Mapping[str, Any] = run.task.arguments.get(ARGUMENTS, {})
        """What `runTask` was given."""
        self.store = Store(services, nudges, run.task.by)
        self.place: Mapping[str, Any] | None = None
        """What an earlier run of this task has saved last, whose worker was lost."""
        if noted:
            self.place = noted["place"]
            run.goes_on_at(noted["done"])
            run.failed_items(noted["failed"])

    @property
    def by(self) -> str | None:
        """Who asked for the task."""
        return self._run.task.by

    @property
    def done(self) -> int:
        """How many items are dealt with, by earlier runs too."""
        return self._run.state().done

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how many items are dealt with, failed ones too, and of how many, if that is known."""
        self._run.progress(done, total)

    def fail(self, message: str, key: str | None = None, line: int | None = None) -> None:
        """Say that one item could not be done; the others go on, and the task ends as `PARTIAL`."""
        if self._saves:
            # What another run does again is told again: it counts when the place behind it is saved.
            self._errors.append(TaskError(message, key, line))
            self._run.failed_items(self._run.failed + 1)
        else:
            self._run.fail_item(message, key, line)

    async def save(self, place: Mapping[str, Any]) -> None:
        """Note a place, JSON, from which another run is to go on where this worker is lost. Raises `RunLost`."""
        async with self._run.writing:
            unwritten, state = self._run.errors(), self._run.state()
            noted = {"place": dict(place), "done": state.done, "failed": state.failed}

            async def work(session: WriteSession) -> None:
                await add_task_errors(session, self._run.task.id, [*unwritten, *self._errors])
                await save_checkpoint(session, self._run.task, noted)

            await self._database.write(work)
            self._run.written_down(len(unwritten))
            self._errors.clear()
            self._saves = True

    async def tell_rest(self) -> None:
        """Write down what failed since the last place was saved."""
        errors, self._errors = self._errors, []
        await self._database.write(lambda session: add_task_errors(session, self._run.task.id, errors))


async def run_extension(services: Services, run: TaskRun, nudges: Nudges) -> Finished:
    """Do what an extension calls so. Raises `NotFound` where none does, and what its function raises."""
    task = services.catalog.extras.tasks.get(str(run.task.name))
    if task is None:
        raise NotFound(f"No extension of this worker has a task {run.task.name}.", "Start it with the same extensions.")
    async with services.database.reading() as session:
        noted = await read_checkpoint(session, run.task)
    one = Run(services, run, nudges, noted)
    result = await _done(task, one)
    await one.tell_rest()
    if not isinstance(result, Mapping | None):
        raise WrongResult(f"{task.code} gave {type(result).__name__} as its result.", "Give a mapping, or nothing.")
    if result is not None and (problems := encode_document(dict(result))[1]):
        raise WrongResult(f"The result of {task.code} {problems[0].message}.", "Give what JSON can hold.")
    return Finished(result)


async def _done(task: ExtensionTask, run: Run) -> Any:
    """What the function of a task gives."""
    try:
        return await task.code.function(run)
    except Exception:
        await run.tell_rest()
        raise


async def schedule_extensions(services: Services) -> None:
    """Have the tasks of extensions started when they say so, and no others of extensions that were there before."""
    lines = {task.name: task.schedule for task in services.catalog.extras.tasks.values() if task.schedule}

    async def work(session: WriteSession) -> None:
        await keep_schedules(session, SCHEDULES, [f"{SCHEDULES}{name}" for name in lines])
        for name, line in lines.items():
            order = extension_order(name, services.catalog.extras.tasks[name].collection, {}, _BY)
            await set_schedule(session, f"{SCHEDULES}{name}", line, order)

    while True:
        try:
            return await services.database.write(work)
        except CatalographError as error:
            log.warning("extensions_not_scheduled", code=error.code, reason=error.message, remedy="it is tried again")
        await asyncio.sleep(_RETRY_SECONDS)
