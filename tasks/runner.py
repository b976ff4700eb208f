"""Runs tasks on a worker: claims the row, writes down progress and signs of life, and settles how the run ended."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from errors import CatalographError, DatabaseUnavailable, SearchUnavailable
from indexing.services import Services
from models.task_errors import add_task_errors
from models.task_runs import Ending, claim_task, end_task, release_task, report_alive, report_progress
from models.tasks import State, Task
from models.writes import WriteSession
from tasks.desk import TaskDesk
from tasks.task_run import Finished, TaskRun

AT_ONCE = 4
"""Tasks that one worker runs at once; others wait."""
REPORT_SECONDS = 0.2
ALIVE_SECONDS = 1.0
PAUSE = timedelta(seconds=5)
"""How long a task waits at least that was cut off by a store which is away."""

T = TypeVar("T")
Work = Callable[[Services, TaskRun], Awaitable[Finished]]

log = structlog.get_logger()


class Runner:
    """The tasks of one worker process."""

    def __init__(self, desk: TaskDesk) -> None:
        self._desk = desk
        self._running: dict[TaskRun, asyncio.Task[Finished]] = {}
        self._claiming = 0
        self._stopping = False

    async def run(self, task_id: int, work: Work) -> None:
        """Run the task, unless somebody else does, or this worker has no place for it: then it waits for the next."""
        if self._stopping or self._claiming >= AT_ONCE:
            return
        self._claiming += 1
        try:
            task = await self._write(lambda session: claim_task(session, task_id))
            if task is None:
                return
            await self._desk.feed.publish(task)
            await self._run(TaskRun(task), work)
        finally:
            self._claiming -= 1
        if not self._stopping:
            await self._desk.hand_over_waiting(timedelta(0))

    def stop(self) -> None:
        """Interrupt all runs and give their tasks back."""
        self._stopping = True
        for run, working in self._running.items():
            _interrupt(run, working)

    async def _run(self, run: TaskRun, work: Work) -> None:
        working = asyncio.ensure_future(_awaited(work(self._desk.services, run)))
        self._running[run] = working
        try:
            await self._report(run, working)
        finally:
            working.cancel()
            del self._running[run]
        await self._settle(run, working)

    async def _report(self, run: TaskRun, working: asyncio.Task[Finished]) -> None:
        """Write down what is new until the work is over; interrupt it if it is to be cancelled, or was taken away."""
        quiet, interrupted = 0.0, False
        while not (await asyncio.wait([working], timeout=REPORT_SECONDS))[0]:
            if interrupted or self._stopping:
                _interrupt(run, working)  # again: on Python 3.11 `wait_for` may swallow it, where drivers use that
            quiet += REPORT_SECONDS
            changes = run.changes()
            if not changes and quiet < ALIVE_SECONDS:
                continue
            quiet = 0.0
            try:
                task = await self._written_down(run, changes=changes)
            except DatabaseUnavailable as error:
                # What is new is written down with the next report, or the run is given up and taken up again.
                log.warning("task_not_reported", task=run.task.id, reason=error.message)
                continue
            if task and task.state is State.CANCELLING and not run.cancelled():
                run.stop()
                interrupted = not run.stops_by_itself
            interrupted = interrupted or task is None
            if interrupted:
                _interrupt(run, working)

    async def _written_down(self, run: TaskRun, *, changes: bool) -> Task | None:
        if not changes:
            return await self._write(lambda session: report_alive(session, run.task))
        async with run.writing:
            errors, progress = run.errors(), run.state()

            async def work(session: WriteSession) -> Task | None:
                await add_task_errors(session, run.task.id, errors)
                return await report_progress(session, run.task, progress)

            task = await self._write(work)
            run.written_down(len(errors))
        if task:
            await self._desk.feed.publish(task)
        return task

    async def _settle(self, run: TaskRun, working: asyncio.Task[Finished]) -> None:
        try:
            task = await self._ended(run, working)
        except DatabaseUnavailable as error:
            log.warning(
                "task_left_behind", task=run.task.id, reason=error.message, remedy="the sweep takes it up again"
            )
            return
        if task is None:
            log.warning("task_taken_away", task=run.task.id, kind=run.task.kind)
            return
        log.info("task_left", task=task.id, kind=task.kind, collection=task.collection, state=task.state)
        await self._desk.feed.publish(task)

    async def _ended(self, run: TaskRun, working: asyncio.Task[Finished]) -> Task | None:
        # What a stopped thread makes of it may arrive before that the work was interrupted.
        interrupted = working.cancelled() or (self._stopping and working.exception())
        if interrupted and not run.cancelled():
            return await self._write(lambda session: release_task(session, run.task))
        ending = _ending(run, working)
        if isinstance(ending, _CutOff):
            why = f"{ending.message} It goes on when that is over."
            return await self._write(lambda session: release_task(session, run.task, why, PAUSE))
        errors, progress = run.errors(), run.state()

        async def work(session: WriteSession) -> Task | None:
            await add_task_errors(session, run.task.id, errors)
            return await end_task(session, run.task, progress, ending)

        return await self._write(work)

    async def _write(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        return await self._desk.services.database.write(work)


def _interrupt(run: TaskRun, working: asyncio.Task[Finished]) -> None:
    working.cancel()
    run.interrupt()


async def _awaited(work: Awaitable[Finished]) -> Finished:
    return await work


_CutOff = DatabaseUnavailable | SearchUnavailable
"""What ends a run, and not its task: it is worth another one when the store is back."""


def _ending(run: TaskRun, working: asyncio.Task[Finished]) -> Ending | _CutOff:
    """How the work ended, or what cut it off."""
    if working.cancelled() or (run.cancelled() and working.exception()):
        return Ending(State.CANCELLED)
    match working.exception():
        case None:
            finished = working.result()
            partial = finished.partial or run.failed > 0
            return Ending(State.PARTIAL if partial else State.SUCCEEDED, finished.message, finished.result)
        case DatabaseUnavailable() | SearchUnavailable() as error:
            log.warning("task_cut_off", task=run.task.id, code=error.code, reason=error.message)
            return error
        case CatalographError() as error:
            return Ending(State.FAILED, str(error))
        case error:
            log.error("task_failed", task=run.task.id, kind=run.task.kind, exc_info=error)
            return Ending(State.FAILED, f"Unexpected: {type(error).__name__}. The worker's log has the whole of it.")
