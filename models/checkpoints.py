"""Places that tasks have come to, from which another run goes on when a worker is lost."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from errors import Conflict
from models.sessions import Session
from models.tables import task_checkpoints, tasks
from models.tasks import Task
from models.writes import WriteSession


class RunLost(Conflict):
    """Another run does this task by now: what this one knows is of no interest any more."""


async def read_checkpoint(session: Session, task: Task) -> Mapping[str, Any] | None:
    """The place that an earlier run of the task has noted last."""
    row = await session.row(select(task_checkpoints.c.place).where(task_checkpoints.c.task_id == task.id))
    return row.place if row else None


async def save_checkpoint(session: WriteSession, task: Task, place: Mapping[str, Any]) -> None:
    """Note the place of this run, in the transaction that comes to it. Raises `RunLost`."""
    await hold_run(session, task)
    statement = insert(task_checkpoints).values(task_id=task.id, place=dict(place))
    await session.run(statement.on_conflict_do_update(index_elements=["task_id"], set_={"place": dict(place)}))


async def forget_checkpoint(session: WriteSession, task_id: int) -> None:
    """Have the next run of the task begin anew."""
    await session.run(delete(task_checkpoints).where(task_checkpoints.c.task_id == task_id))


async def hold_run(session: WriteSession, task: Task) -> None:
    """Keep the task with this run until the transaction ends. Raises `RunLost` where it has been taken away."""
    mine = select(tasks.c.id).where(tasks.c.id == task.id, tasks.c.attempts == task.attempts)
    if await session.row(mine.with_for_update()) is None:
        raise RunLost("Another run does this task by now.")
