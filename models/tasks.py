"""Tasks as rows: what is to be done, how far it is, and how it ended. The row is the truth, whatever a broker says.

`version` grows with every change that somebody may want to see. `attempts` names a run: a worker that lost its task to
another, because it was not heard of, can't write to the row any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from models.sessions import AnyRow, Session
from models.tables import ONE_AT_A_TIME, tasks
from models.writes import WriteSession


class Kind(StrEnum):
    """What a task does."""

    IMPORT = "IMPORT"
    EXPORT = "EXPORT"
    REBUILD = "REBUILD"
    VERIFY = "VERIFY"
    HARVEST = "HARVEST"
    EXTENSION = "EXTENSION"


class State(StrEnum):
    """Where a task is; the last four are ends, `PARTIAL` of one of which anything failed."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


ACTIVE = (State.QUEUED, State.RUNNING, State.CANCELLING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is; `total` and `eta_seconds` where that can be known, `rate` in items a second."""

    total: int | None = None
    done: int = 0
    failed: int = 0
    rate: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it stands at `version`."""

    id: int
    kind: Kind
    state: State
    collection: str | None
    arguments: Mapping[str, Any]
    by: str | None
    parent_id: int | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress
    message: str | None
    result: Any
    attempts: int
    version: int

    @property
    def is_over(self) -> bool:
        return self.state not in ACTIVE

    @property
    def name(self) -> str | None:
        """What an extension calls it, of a task of one."""
        found: str | None = self.arguments.get(NAME) if self.kind is Kind.EXTENSION else None
        return found


_PROGRESS = (tasks.c.total, tasks.c.done, tasks.c.failed, tasks.c.rate, tasks.c.eta_seconds)
COLUMNS = (
    tasks.c.id,
    tasks.c.kind,
    tasks.c.state,
    tasks.c.collection,
    tasks.c.arguments,
    tasks.c.by,
    tasks.c.parent_id,
    tasks.c.created_at,
    tasks.c.started_at,
    tasks.c.ended_at,
    *_PROGRESS,
    tasks.c.message,
    tasks.c.result,
    tasks.c.attempts,
    tasks.c.version,
)
IS_ACTIVE = tasks.c.state.in_([state.value for state in ACTIVE])
_IDS = bindparam("ids", type_=ARRAY(BigInteger))


NAME, ARGUMENTS = "name", "arguments"
"""Of a task of an extension: what that calls it, and what it was given."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a kind of work with its arguments, for one collection or for none."""

    kind: Kind
    collection: str | None
    arguments: Mapping[str, Any]
    by: str | None = None
    parent_id: int | None = None


def extension_order(name: str, collection: str | None, arguments: Mapping[str, Any], by: str | None) -> Order:
    """An order for what an extension calls `name`."""
    return Order(Kind.EXTENSION, collection, {NAME: name, ARGUMENTS: dict(arguments)}, by)


async def create_task(session: WriteSession, order: Order) -> tuple[Task, bool]:
    """A new task, or the one of the same kind and collection that has not ended; whether it is new."""
    values = {
        "kind": order.kind.value,
        "collection": order.collection,
        "arguments": dict(order.arguments),
        "by": order.by,
        "parent_id": order.parent_id,
    }
    create = (
        insert(tasks)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=[tasks.c.kind, tasks.c.collection],
            index_where=ONE_AT_A_TIME.dialect_options["postgresql"]["where"],
        )
        .returning(*COLUMNS)
    )
    same = select(*COLUMNS).where(tasks.c.kind == order.kind.value, tasks.c.collection == order.collection, IS_ACTIVE)
    while True:
        if row := await session.row(create):
            return task_of(row), True
        if row := await session.row(same):
            return task_of(row), False


async def find_task(session: Session, task_id: int) -> Task | None:
    """The task with this id."""
    row = await session.row(select(*COLUMNS).where(tasks.c.id == task_id))
    return task_of(row) if row else None


async def tasks_by_id(session: Session, ids: Sequence[int]) -> dict[int, Task]:
    """The tasks with these ids; those that are gone are left out."""
    rows = await session.rows(select(*COLUMNS).where(tasks.c.id == func.any(_IDS)), {"ids": list(ids)})
    return {row[0]: task_of(row) for row in rows}


async def children_of(session: Session, ids: Sequence[int]) -> list[Task]:
    """The tasks whose parent is one of these, oldest first."""
    statement = select(*COLUMNS).where(tasks.c.parent_id == func.any(_IDS)).order_by(tasks.c.id)
    return [task_of(row) for row in await session.rows(statement, {"ids": list(ids)})]


async def list_tasks(
    session: Session,
    first: int,
    *,
    states: Sequence[State] | None = None,
    kinds: Sequence[Kind] | None = None,
    before: int | None = None,
) -> list[Task]:
    """The newest tasks in one of `states` and of one of `kinds`, where these are given, older than `before`."""
    statement = select(*COLUMNS).order_by(tasks.c.id.desc()).limit(first)
    if states is not None:
        statement = statement.where(tasks.c.state.in_([state.value for state in states]))
    if kinds is not None:
        statement = statement.where(tasks.c.kind.in_([kind.value for kind in kinds]))
    if before is not None:
        statement = statement.where(tasks.c.id < before)
    return [task_of(row) for row in await session.rows(statement)]


async def recent_tasks(session: Session, ids: Sequence[int], age: timedelta) -> list[Task]:
    """Those with these ids, those that have not ended, and those that ended not longer than `age` ago."""
    statement = select(*COLUMNS).where(
        or_(IS_ACTIVE, tasks.c.ended_at > func.now() - age, tasks.c.id == func.any(_IDS))
    )
    return [task_of(row) for row in await session.rows(statement, {"ids": list(ids)})]


async def forget_tasks(session: WriteSession, age: timedelta) -> int:
    """Forget the tasks that ended longer than `age` ago, with their errors; how many there were."""
    return (await session.run(delete(tasks).where(tasks.c.ended_at < func.now() - age))).rowcount


def task_of(row: AnyRow) -> Task:
    """A row of `COLUMNS` as a task."""
    id_, kind, state, collection, arguments, by, parent, created, started, ended, *rest = row
    *progress, message, result, attempts, version = rest
    times = created, started, ended
    head = id_, Kind(kind), State(state), collection, arguments, by, parent
    return Task(*head, *times, Progress(*progress), message, result, attempts, version)
