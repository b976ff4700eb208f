"""The outbox: what the index has yet to hear of. A row leaves when its own work is done, never before.

A row goes through stages. `WRITTEN`: its record is to be indexed. Where other records include what it holds, the row
stays as `FOLLOWED`: these records are to be found; each of them gets a row `BEHIND`, whose `index_version` is to be
raised, so that what was built before can't win; then it is `TOUCHED`, to be indexed like a written one. What users
wrote goes first.
"""

from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Interval,
    SmallInteger,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from models.deadletters import INDEX, DeadLetter, add_dead_letters
from models.records import Record, records_with_deleted
from models.sessions import Session
from models.tables import outbox, records
from models.writes import WriteSession

DRAINING = "draining"
"""Held while documents are on their way to indices; whoever removes an index waits until it is free.

A transaction that holds it writes no records, which `models.changes` builds on.
"""


class Stage(IntEnum):
    """What is to be done with the record of a row."""

    WRITTEN = 0
    TOUCHED = 1
    FOLLOWED = 2
    BEHIND = 3


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One write that the index has yet to hear of."""

    id: int
    collection: str
    record_id: int
    attempts: int
    stage: Stage
    former_key: str | None
    """The key that the record had before the write, if the write changed it."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the outbox for one collection, and since when."""

    pending: int
    oldest: datetime


_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_STAGE = bindparam("stage", type_=SmallInteger)
_LIMIT = bindparam("limit", type_=BigInteger)
_CLAIM = (
    select(
        outbox.c.id,
        outbox.c.collection,
        outbox.c.record_id,
        outbox.c.attempts,
        outbox.c.stage,
        outbox.c.former_key,
    )
    .where(outbox.c.stage == _STAGE, or_(outbox.c.not_before.is_(None), outbox.c.not_before <= func.now()))
    .order_by(outbox.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_SIZES = select(records.c.id, func.pg_column_size(records.c.data).label("size")).where(records.c.id == func.any(_IDS))
_DONE = delete(outbox).where(outbox.c.id == func.any(_IDS))
_MOVE = update(outbox).where(outbox.c.id == func.any(_IDS)).values(stage=_STAGE, attempts=0, not_before=func.now())
_POSTPONE = text("""
UPDATE outbox SET attempts = attempts + 1, not_before = clock_timestamp() + :delay WHERE id = ANY(:ids)
""").bindparams(_IDS, bindparam("delay", type_=Interval))
_STILL_WAITING = (
    select(outbox.c.record_id).where(outbox.c.record_id == func.any(_IDS), outbox.c.stage == Stage.WRITTEN).distinct()
)
_WAITING_AT_ALL = select(outbox.c.record_id).where(outbox.c.record_id == func.any(_IDS)).distinct()
_BACKLOG = select(outbox.c.collection, func.count(), func.min(outbox.c.created_at)).group_by(outbox.c.collection)
# In the order of their ids, as whoever else locks several records takes them.
_RAISE = text("""
WITH held AS (
    SELECT id FROM records WHERE id = ANY(:ids) ORDER BY id FOR UPDATE
)
UPDATE records SET index_version = index_version + 1 FROM held WHERE records.id = held.id
""").bindparams(_IDS)
_NO_COMPANY = text("""
SELECT coalesce(min(not_before) < clock_timestamp() - :patience, false)
    OR NOT EXISTS (
        SELECT FROM outbox
        WHERE stage = 0 AND collection = ANY(:collections) AND (not_before IS NULL OR not_before <= now())
    )
FROM outbox WHERE stage = 2
""").bindparams(bindparam("patience", type_=Interval), bindparam("collections", type_=ARRAY(Text)))


async def claim(session: WriteSession, limit: int, stage: Stage = Stage.WRITTEN) -> list[OutboxRow]:
    """The oldest rows of a stage that are due and that nobody else holds; held until the transaction ends."""
    rows = await session.rows(_CLAIM, {"limit": limit, "stage": stage})
    return [
        OutboxRow(id_, name, record, attempts, Stage(at), former) for id_, name, record, attempts, at, former in rows
    ]


async def that_fit(session: Session, rows: Sequence[OutboxRow], most: int) -> list[OutboxRow]:
    """The first of the rows whose records take no more than `most` bytes in PostgreSQL together; one in any case."""
    found = await session.rows(_SIZES, {"ids": list({row.record_id for row in rows})})
    sizes = {row.id: row.size for row in found}
    fitting: list[OutboxRow] = []
    for row in rows:
        most -= sizes.pop(row.record_id, 0)
        if most < 0 and fitting:
            break
        fitting.append(row)
    return fitting


async def records_for(session: Session, rows: Sequence[OutboxRow]) -> dict[int, Record]:
    """The records of claimed rows as they stand now, deleted ones too, by id."""
    return await records_with_deleted(session, {row.record_id for row in rows})


async def done(session: WriteSession, rows: Sequence[OutboxRow]) -> None:
    """Take rows out whose work has succeeded."""
    if rows:
        await session.run(_DONE, {"ids": [row.id for row in rows]})


async def move(session: WriteSession, rows: Sequence[OutboxRow], stage: Stage) -> None:
    """Have something else done for the rows next, from now on."""
    if rows:
        await session.run(_MOVE, {"ids": [row.id for row in rows], "stage": stage})


async def postpone(session: WriteSession, rows: Sequence[OutboxRow], delay: timedelta) -> None:
    """Count a failed attempt and let the rows wait before the next one."""
    await session.run(_POSTPONE, {"ids": [row.id for row in rows], "delay": delay})


async def raise_versions(session: WriteSession, limit: int) -> int:
    """Raise the `index_version` of records that are behind, so that they can be indexed again; how many rows."""
    rows = await claim(session, limit, Stage.BEHIND)
    if rows:
        await session.run(_RAISE, {"ids": sorted({row.record_id for row in rows})})
        await move(session, rows, Stage.TOUCHED)
    return len(rows)


async def may_follow(session: Session, targets: Several[str], patience: timedelta) -> bool:
    """Whether the records that follow others may be looked for now.

    Only when no more of the `targets` (collections) are on their way, or when the first has waited for `patience`:
    what follows many that change together is indexed once.
    """
    row = await session.row(_NO_COMPANY, {"patience": patience, "collections": list(targets)})
    return bool(row and row[0])


async def bury(session: WriteSession, row: OutboxRow, key: str | None, reason: str, payload: str) -> None:
    """Write down in the dead letters that the work of a row can't succeed. The row stays: see `done` and `move`."""
    letter = DeadLetter(row.collection, key, row.record_id, INDEX, reason, payload, row.attempts + 1)
    await add_dead_letters(session, [letter])


async def backlog(session: Session) -> dict[str, Backlog]:
    """What waits, for each collection that has anything waiting."""
    return {name: Backlog(count, oldest) for name, count, oldest in await session.rows(_BACKLOG)}


async def still_waiting(session: Session, record_ids: Several[int]) -> set[int]:
    """Which of the records have a write that the index has yet to hear of."""
    return {row[0] for row in await session.rows(_STILL_WAITING, {"ids": list(record_ids)})}


async def waiting_at_all(session: Session, record_ids: Several[int]) -> set[int]:
    """Which of the records have anything in the outbox, whatever its stage."""
    return {row[0] for row in await session.rows(_WAITING_AT_ALL, {"ids": list(record_ids)})}


async def oldest_waiting(session: Session) -> datetime | None:
    """When the write was made that has waited longest, if any waits."""
    row = await session.row(select(func.min(outbox.c.created_at)))
    return row[0] if row else None
