"""Schedules: tasks that are due again and again, by cron lines.

A schedule is due from `next_at` on. Whoever fires it moves that on in the transaction that makes the task, so that it
is fired once whoever asks. What was due several times meanwhile is made up by one task.
"""

from collections.abc import Collection as Several
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.cron import CronLine
from models.sessions import AnyRow, Session
from models.tables import schedules, tasks
from models.tasks import IS_ACTIVE, Kind, Order, Task, create_task
from models.writes import WriteSession

log = structlog.get_logger()

_NOW = select(func.clock_timestamp())
_DUE = schedules.c.next_at <= func.clock_timestamp()
_RUNS = select(tasks.c.id).where(tasks.c.id == schedules.c.last_task_id, IS_ACTIVE).exists()


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is started by itself, and when: `name` tells it from others, `last_fired_at` is when it last was."""

    name: str
    line: CronLine
    order: Order
    next_at: datetime
    last_fired_at: datetime | None = None


_COLUMNS = (
    schedules.c.name,
    schedules.c.cron,
    schedules.c.zone,
    schedules.c.kind,
    schedules.c.collection,
    schedules.c.arguments,
    schedules.c.by,
    schedules.c.next_at,
    schedules.c.last_fired_at,
)


async def set_schedule(session: WriteSession, name: str, line: CronLine, order: Order) -> None:
    """Have `order` given whenever `line` is due, from now on, in place of what `name` was before.

    Raises `ValueError` for a line that is never due.
    """
    values = {
        "cron": line.fields,
        "zone": line.zone,
        "kind": order.kind.value,
        "collection": order.collection,
        "arguments": dict(order.arguments),
        "by": order.by,
        "next_at": line.next_after(await _now(session)),
    }
    statement = insert(schedules).values(name=name, **values)
    given = statement.excluded
    same_line = (schedules.c.cron == given.cron) & (schedules.c.zone == given.zone)
    changes = {**values, "next_at": case((same_line, schedules.c.next_at), else_=given.next_at)}
    await session.run(statement.on_conflict_do_update(index_elements=["name"], set_=changes))


async def remove_schedule(session: WriteSession, name: str) -> None:
    """Have nothing started by this name any more; what runs goes on."""
    await session.run(delete(schedules).where(schedules.c.name == name))


async def keep_schedules(session: WriteSession, prefix: str, names: Several[str]) -> None:
    """Remove the schedules whose names begin with `prefix` and are not among `names`."""
    others = schedules.c.name.startswith(prefix, autoescape=True) & schedules.c.name.notin_(list(names))
    await session.run(delete(schedules).where(others))


async def list_schedules(session: Session) -> list[Schedule]:
    """All schedules, by their names."""
    return [_schedule(row) for row in await session.rows(select(*_COLUMNS).order_by(schedules.c.name))]


async def fire_schedules(session: WriteSession) -> list[Task]:
    """The tasks of all schedules that are due, made now.

    One whose last task, or another of that kind and collection, has not ended stays due until it has. One that
    somebody else is firing is left to them.
    """
    due = select(*_COLUMNS).where(_DUE, ~_RUNS).order_by(schedules.c.next_at, schedules.c.name)
    found = [_schedule(row) for row in await session.rows(due.with_for_update(of=schedules, skip_locked=True))]
    fired = [await _fire(session, schedule) for schedule in found]
    return [task for task in fired if task]


async def _fire(session: WriteSession, schedule: Schedule) -> Task | None:
    now = await _now(session)
    try:
        next_at = schedule.line.next_after(now)
    except ValueError as error:
        # Written by an earlier version, or by hand: the others are fired.
        log.warning("schedule_unreadable", schedule=schedule.name, line=str(schedule.line), reason=str(error))
        return None
    task, is_new = await create_task(session, schedule.order)
    if not is_new:
        return None
    fired = {"next_at": next_at, "last_fired_at": now, "last_task_id": task.id}
    await session.run(update(schedules).where(schedules.c.name == schedule.name).values(fired))
    return task


async def _now(session: Session) -> datetime:
    """The time by PostgreSQL's clock, which all processes share."""
    row = await session.row(_NOW)
    assert row is not None
    now: datetime = row[0]
    return now


def _schedule(row: AnyRow) -> Schedule:
    name, cron, zone, kind, collection, arguments, by, next_at, last_fired_at = row
    order = Order(Kind(kind), collection, arguments, by)
    return Schedule(name, CronLine(cron, zone), order, next_at, last_fired_at)
