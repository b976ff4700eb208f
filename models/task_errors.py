"""What could not be done within a task: one entry for each item, in the order in which they were met."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from models.deadletters import storable_text
from models.sessions import Session
from models.tables import task_errors
from models.writes import WriteSession

MAX_MESSAGE = 2_000
MAX_KEY = 1_000


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why one item failed: `key` names it outside, `line` is its place in a file."""

    message: str
    key: str | None = None
    line: int | None = None
    id: int | None = None


async def add_task_errors(session: WriteSession, task_id: int, errors: Sequence[TaskError]) -> None:
    """Write down what failed in a task."""
    if errors:
        await session.run(insert(task_errors), [_values(task_id, error) for error in errors])


async def list_task_errors(session: Session, task_id: int, first: int, after: int | None = None) -> list[TaskError]:
    """The first errors of a task behind the one with the id `after`."""
    columns = (task_errors.c.message, task_errors.c.key, task_errors.c.line, task_errors.c.id)
    statement = select(*columns).where(task_errors.c.task_id == task_id).order_by(task_errors.c.id).limit(first)
    if after is not None:
        statement = statement.where(task_errors.c.id > after)
    return [TaskError(*row) for row in await session.rows(statement)]


async def forget_task_errors(session: WriteSession, task_id: int) -> None:
    """Forget what failed in an earlier run of a task."""
    await session.run(delete(task_errors).where(task_errors.c.task_id == task_id))


def _values(task_id: int, error: TaskError) -> dict[str, object]:
    return {
        "task_id": task_id,
        "message": storable_text(error.message, MAX_MESSAGE),
        "key": error.key and storable_text(error.key, MAX_KEY),
        "line": error.line,
    }
