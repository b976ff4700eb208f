"""How a task's row changes while it is worked on: claimed, reported on, ended, cancelled, taken up again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Update, case, func, null, select, update

from models.checkpoints import read_checkpoint
from models.deadletters import storable_text
from models.sessions import AnyRow
from models.tables import tasks
from models.task_errors import forget_task_errors
from models.tasks import COLUMNS, Progress, State, Task, task_of
from models.writes import WriteSession

MAX_MESSAGE = 10_000

_NOW = func.clock_timestamp()
_IS_RUN = tasks.c.state.in_([State.RUNNING.value, State.CANCELLING.value])
_CHANGED = {"version": tasks.c.version + 1}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the state, what to say of it, and what came out of it."""

    state: State
    message: str | None = None
    result: Any = None


async def claim_task(session: WriteSession, task_id: int) -> Task | None:
    """The task, now running, to whoever comes first; nothing to others, or if it waits for nobody.

    A run that goes on from a checkpoint keeps the errors that were met before it.
    """
    row = await session.row(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.state == State.QUEUED.value)
        .values(
            state=State.RUNNING.value,
            started_at=func.coalesce(tasks.c.started_at, _NOW),
            alive_at=_NOW,
            attempts=tasks.c.attempts + 1,
            message=null(),
            **_progress(Progress()),
            **_CHANGED,
        )
        .returning(*COLUMNS)
    )
    if row is None:
        return None
    task = task_of(row)
    if await read_checkpoint(session, task) is None:
        await forget_task_errors(session, task_id)
    return task


async def report_alive(session: WriteSession, task: Task) -> Task | None:
    """Say that the run goes on; the task as it stands, or nothing if the run was taken away."""
    return _one(await session.row(_of_run(task).values(alive_at=_NOW).returning(*COLUMNS)))


async def report_progress(session: WriteSession, task: Task, progress: Progress) -> Task | None:
    """Say how far the run is; the task as it stands, or nothing if the run was taken away."""
    values = {"alive_at": _NOW, **_progress(progress), **_CHANGED}
    return _one(await session.row(_of_run(task).values(values).returning(*COLUMNS)))


async def end_task(session: WriteSession, task: Task, progress: Progress, ending: Ending) -> Task | None:
    """The task, ended; nothing if the run was taken away before."""
    values = {
        "state": ending.state.value,
        "ended_at": _NOW,
        "message": ending.message and storable_text(ending.message, MAX_MESSAGE),
        "result": null() if ending.result is None else ending.result,
        **_progress(progress),
        **_CHANGED,
    }
    return _one(await session.row(_of_run(task).values(values).returning(*COLUMNS)))


async def release_task(
    session: WriteSession, task: Task, message: str | None = None, pause: timedelta = timedelta(0)
) -> Task | None:
    """The task, given back by a worker that stops, or that can't go on now: as if this run had not been.

    It is not handed over before `pause` is over; `message` says what it waits for.
    """
    values = {
        "state": State.QUEUED.value,
        "attempts": tasks.c.attempts - 1,
        "alive_at": null(),
        "message": message and storable_text(message, MAX_MESSAGE),
        **({"handed_at": _NOW + pause} if pause else {}),
        **_CHANGED,
    }
    statement = _of_run(task).where(tasks.c.state == State.RUNNING.value)
    return _one(await session.row(statement.values(values).returning(*COLUMNS)))


async def cancel_task(session: WriteSession, task_id: int) -> Task | None:
    """The task, cancelled at once if nobody works on it, else on its way there; nothing if it has ended."""
    waiting = tasks.c.state == State.QUEUED.value
    values = {
        "state": case((waiting, State.CANCELLED.value), else_=State.CANCELLING.value),
        "ended_at": case((waiting, _NOW), else_=null()),
        **_CHANGED,
    }
    may_end = tasks.c.state.in_([State.QUEUED.value, State.RUNNING.value])
    statement = update(tasks).where(tasks.c.id == task_id, may_end).values(values)
    return _one(await session.row(statement.returning(*COLUMNS)))


async def revive_tasks(session: WriteSession, silence: timedelta, most_attempts: int) -> list[Task]:
    """Give up the runs that were not heard of for `silence`: each waits again, or ends after `most_attempts`."""
    cancelled = tasks.c.state == State.CANCELLING.value
    exhausted = tasks.c.attempts >= most_attempts
    given_up = f"Its worker was lost {most_attempts} times, or could not reach what it needs. See the worker's log."
    values = {
        "state": case((cancelled, State.CANCELLED.value), (exhausted, State.FAILED.value), else_=State.QUEUED.value),
        "message": case(
            (cancelled, null()), (exhausted, given_up), else_="Its worker was lost: it waits to be taken up again."
        ),
        "ended_at": case((cancelled | exhausted, _NOW), else_=null()),
        "handed_at": _NOW - silence,
        **_CHANGED,
    }
    statement = update(tasks).where(_IS_RUN, tasks.c.alive_at < _NOW - silence).values(values)
    return [task_of(row) for row in await session.rows(statement.returning(*COLUMNS))]


async def waiting_tasks(session: WriteSession, patience: timedelta) -> list[Task]:
    """The tasks that nobody has begun for `patience` since they were handed over, oldest first; noted as such."""
    due = (
        select(tasks.c.id)
        .where(tasks.c.state == State.QUEUED.value, tasks.c.handed_at <= _NOW - patience)
        .order_by(tasks.c.id)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = update(tasks).where(tasks.c.id.in_(due)).values(handed_at=_NOW).returning(*COLUMNS)
    found = [task_of(row) for row in await session.rows(statement)]
    return sorted(found, key=lambda task: task.id)


def _of_run(task: Task) -> Update:
    return update(tasks).where(tasks.c.id == task.id, tasks.c.attempts == task.attempts, _IS_RUN)


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "total": progress.total,
        "done": progress.done,
        "failed": progress.failed,
        "rate": progress.rate,
        "eta_seconds": progress.eta_seconds,
    }


def _one(row: AnyRow | None) -> Task | None:
    return task_of(row) if row else None
