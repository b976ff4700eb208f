"""The outbox: which records the index has yet to hear of. A row leaves when its own work is done, never before."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, Interval, bindparam, delete, func, or_, select, text

from models.deadletters import DeadLetter, add_dead_letters
from models.records import Record, records_with_deleted
from models.sessions import Session
from models.tables import outbox
from models.writes import WriteSession


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One write that the index has yet to hear of."""

    id: int
    collection: str
    record_id: int
    attempts: int
    touched: bool
    """Whether only what the record includes has changed, and not the record itself."""
    former_key: str | None
    """The key that the record had before the write, if the write changed it."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the outbox for one collection, and since when."""

    pending: int
    oldest: datetime


_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_CLAIM = (
    select(
        outbox.c.id,
        outbox.c.collection,
        outbox.c.record_id,
        outbox.c.attempts,
        outbox.c.touched,
        outbox.c.former_key,
    )
    .where(or_(outbox.c.not_before.is_(None), outbox.c.not_before <= func.now()))
    .order_by(outbox.c.id)
    .limit(bindparam("limit", type_=BigInteger))
    .with_for_update(skip_locked=True)
)
_DONE = delete(outbox).where(outbox.c.id == func.any(_IDS))
_POSTPONE = text("""
UPDATE outbox SET attempts = attempts + 1, not_before = clock_timestamp() + :delay WHERE id = ANY(:ids)
""").bindparams(_IDS, bindparam("delay", type_=Interval))
_STILL_WAITING = select(outbox.c.record_id).where(outbox.c.record_id == func.any(_IDS)).distinct()
_BACKLOG = select(outbox.c.collection, func.count(), func.min(outbox.c.created_at)).group_by(outbox.c.collection)


async def claim(session: WriteSession, limit: int) -> list[OutboxRow]:
    """The oldest rows that are due and that nobody else holds; they are held until the transaction ends."""
    return [OutboxRow(*row) for row in await session.rows(_CLAIM, {"limit": limit})]


async def records_for(session: Session, rows: Sequence[OutboxRow]) -> dict[int, Record]:
    """The records of claimed rows as they stand now, deleted ones too, by id."""
    return await records_with_deleted(session, {row.record_id for row in rows})


async def done(session: WriteSession, rows: Sequence[OutboxRow]) -> None:
    """Take rows out whose work has succeeded."""
    await session.run(_DONE, {"ids": [row.id for row in rows]})


async def postpone(session: WriteSession, rows: Sequence[OutboxRow], delay: timedelta) -> None:
    """Count a failed attempt and let the rows wait before the next one."""
    await session.run(_POSTPONE, {"ids": [row.id for row in rows], "delay": delay})


async def bury(session: WriteSession, row: OutboxRow, key: str | None, reason: str, payload: str) -> None:
    """Move a row whose work can't succeed to the dead letters."""
    letter = DeadLetter(row.collection, key, row.record_id, "INDEX", reason, payload, row.attempts + 1)
    await add_dead_letters(session, [letter])
    await done(session, [row])


async def backlog(session: Session) -> dict[str, Backlog]:
    """What waits, for each collection that has anything waiting."""
    return {name: Backlog(count, oldest) for name, count, oldest in await session.rows(_BACKLOG)}


async def still_waiting(session: Session, record_ids: Several[int]) -> set[int]:
    """Which of the records have a write that the index has yet to hear of."""
    return {row[0] for row in await session.rows(_STILL_WAITING, {"ids": list(record_ids)})}


async def oldest_waiting(session: Session) -> datetime | None:
    """When the write was made that has waited longest, if any waits."""
    row = await session.row(select(func.min(outbox.c.created_at)))
    return row[0] if row else None
