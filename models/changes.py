"""The changes of all records in one order that never grows in its past, read from the revisions.

Revisions are ordered by the transaction that wrote them, then by record and number. A transaction gets its number when
it begins to write and may commit after later ones. So what is read ends before the oldest that may still write records:
behind a position that was read nothing appears afterwards. Transactions that only bring documents to the index, or that
are of other databases, write no records: they are not waited for, however long Elasticsearch takes.
"""

from collections.abc import Collection as Several
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Boolean, Integer, Text, bindparam, text

from models.outbox import DRAINING
from models.sessions import Session

_LAST_RECORD, _LAST_REVISION = 2**63 - 1, 2**31 - 1


class Position(NamedTuple):
    """A place in the order of changes: behind this revision."""

    transaction: int
    record_id: int = _LAST_RECORD
    revision: int = _LAST_REVISION


@dataclass(frozen=True, slots=True)
class Change:
    """One revision. `data` is the record as it was then, `now` as it stood when this was read."""

    position: Position
    operation: str
    at: datetime
    data: dict[str, Any]
    collection: str
    now: dict[str, Any]
    revision_now: int
    created_at: datetime
    updated_at: datetime
    deleted: bool

    @property
    def record_id(self) -> int:
        return self.position.record_id

    @property
    def revision(self) -> int:
        return self.position.revision


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some changes in their order, and the position up to which there are no others.

    `more` says that there may be more at once, `unsettled` that a transaction is under way that others may follow.
    """

    changes: tuple[Change, ...]
    until: Position
    more: bool
    unsettled: bool


@dataclass(frozen=True, slots=True)
class Present:
    """What was committed at a moment: the transactions before `oldest`, and those before `next` not in `open`."""

    oldest: int
    next: int
    open: frozenset[int]

    @property
    def position(self) -> Position:
        """Everything behind it is later, or known to `includes`."""
        return Position(self.oldest - 1)

    def includes(self, change: Change) -> bool:
        """Whether the change was committed at that moment already."""
        number = change.position.transaction
        return number < self.oldest or (number < self.next and number not in self.open)


_SNAPSHOT = text("SELECT pg_current_snapshot()::text")

# `pg_locks` has the low 32 bits of a transaction's number.
_AFTER = text("""
WITH held AS MATERIALIZED (
    SELECT locktype, virtualtransaction, transactionid::text::bigint AS number, database,
           (classid::bigint << 32) | objid::bigint AS name
    FROM pg_locks WHERE granted AND locktype IN ('transactionid', 'advisory', 'relation')
), passive AS MATERIALIZED (
    SELECT DISTINCT writer.number FROM held AS writer JOIN held AS other USING (virtualtransaction)
    WHERE writer.locktype = 'transactionid' AND (
        (other.locktype = 'advisory' AND other.name = hashtextextended(:passive, 0))
        OR (other.locktype = 'relation' AND other.database <> 0
            AND other.database <> (SELECT oid FROM pg_database WHERE datname = current_database()))
    )
), horizon AS MATERIALIZED (
    SELECT pg_snapshot_xmax(snapshot)::text::bigint AS next, coalesce(
        (SELECT min(open::text::bigint) FROM pg_snapshot_xip(snapshot) AS open
         WHERE (open::text::bigint & 4294967295) NOT IN (SELECT number FROM passive)),
        pg_snapshot_xmax(snapshot)::text::bigint) AS number
    FROM pg_current_snapshot() AS snapshot
), page AS (
    SELECT revisions.transaction_id, revisions.record_id, revisions.revision, revisions.operation, revisions.at,
           revisions.data AS former, records.collection, records.data, records.revision AS revision_now,
           records.created_at, records.updated_at, records.deleted
    FROM revisions JOIN records ON records.id = revisions.record_id
    WHERE (revisions.transaction_id, revisions.record_id, revisions.revision) > (:transaction, :record_id, :revision)
      AND revisions.transaction_id < (SELECT number FROM horizon)
      AND (:everything OR records.collection = ANY(:collections))
    ORDER BY revisions.transaction_id, revisions.record_id, revisions.revision
    LIMIT :limit
), sized AS (
    SELECT *, sum(coalesce(pg_column_size(former), 0) + pg_column_size(data)) OVER (
        ORDER BY transaction_id, record_id, revision ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS before
    FROM page
)
SELECT horizon.number, horizon.next, (SELECT count(*) FROM page), sized.*
FROM horizon LEFT JOIN sized ON coalesce(before, 0) < :bytes
ORDER BY transaction_id, record_id, revision
""").bindparams(
    bindparam("passive", DRAINING, type_=Text),
    bindparam("transaction", type_=BigInteger),
    bindparam("record_id", type_=BigInteger),
    bindparam("revision", type_=Integer),
    bindparam("everything", type_=Boolean),
    bindparam("collections", type_=ARRAY(Text)),
    bindparam("limit", type_=BigInteger),
    bindparam("bytes", type_=BigInteger),
)


async def present(session: Session) -> Present:
    """What is committed now."""
    row = await session.row(_SNAPSHOT)
    assert row
    oldest, following, still_open = row[0].split(":")
    return Present(int(oldest), int(following), frozenset(map(int, filter(None, still_open.split(",")))))


async def changes_after(
    session: Session, after: Position, limit: int, max_bytes: int, collections: Several[str] | None = None
) -> Stretch:
    """The next changes behind a position, at most `limit`, and of about `max_bytes` as stored; one at least."""
    values = {
        "transaction": after.transaction,
        "record_id": after.record_id,
        "revision": after.revision,
        "everything": collections is None,
        "collections": list(collections or ()),
        "limit": limit,
        "bytes": max_bytes,
    }
    rows = await session.rows(_AFTER, values)
    horizon, following, count = rows[0][:3]
    found = tuple(_change(row[3:]) for row in rows if row[3] is not None)
    more = len(found) < count or count == limit
    until = found[-1].position if more else max(after, Position(horizon - 1))
    return Stretch(found, until, more, unsettled=horizon < following)


def _change(row: Any) -> Change:
    transaction, record_id, revision, operation, at, former, collection, now, *rest = row[:12]
    data = now if former is None else former
    return Change(Position(transaction, record_id, revision), operation, at, data, collection, now, *rest)
