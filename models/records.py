"""Records and their revisions, as they are read."""

from collections.abc import AsyncIterator, Mapping
from collections.abc import Collection as Several
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, and_, any_, bindparam, column, func, or_, select, true

from models.gathering import Gathering
from models.merging import Json, patch_between
from models.sessions import AnyRow, Reader, Session
from models.tables import records, revisions

CREATE, UPDATE, DELETE, RESTORE, REVERT = "CREATE", "UPDATE", "DELETE", "RESTORE", "REVERT"


class Record(NamedTuple):
    """One record as it stands; `data` is not to be changed."""

    id: int
    collection: str
    key: str | None
    revision: int
    index_version: int
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a record: `changes` is the merge patch from the revision before, `None` for the first."""

    revision: int
    operation: str
    at: datetime
    by: str | None
    data: dict[str, Any]
    changes: Json


# In the order of `Record`.
RECORD_COLUMNS = (
    records.c.id,
    records.c.collection,
    records.c.key,
    records.c.revision,
    records.c.index_version,
    records.c.data,
    records.c.created_at,
    records.c.updated_at,
    records.c.deleted,
)
ANY_IDS = any_(bindparam("ids", type_=ARRAY(BigInteger)))
ANY_KEYS = any_(bindparam("keys", type_=ARRAY(Text)))

_BY_ID = select(*RECORD_COLUMNS).where(records.c.id == ANY_IDS, ~records.c.deleted)
_WITH_DELETED = select(*RECORD_COLUMNS).where(records.c.id == ANY_IDS)
_BY_KEY = select(*RECORD_COLUMNS).where(
    records.c.collection == bindparam("collection", type_=Text), records.c.key == ANY_KEYS, ~records.c.deleted
)
_ALL = (
    select(*RECORD_COLUMNS)
    .where(records.c.collection == bindparam("collection", type_=Text), ~records.c.deleted)
    .order_by(records.c.id)
)
_AFTER = (
    select(*RECORD_COLUMNS)
    .where(
        records.c.collection == bindparam("collection", type_=Text),
        ~records.c.deleted,
        records.c.id > bindparam("after", type_=BigInteger),
    )
    .order_by(records.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
_SIZE = func.pg_column_size(records.c.data)
_SIZED = _AFTER.add_columns(
    _SIZE.label("size"), func.sum(_SIZE).over(order_by=records.c.id).label("together")
).subquery()
_AFTER_THAT_FIT = (
    select(*(_SIZED.c[column.name] for column in RECORD_COLUMNS))
    .where(or_(_SIZED.c.together <= bindparam("most", type_=BigInteger), _SIZED.c.together == _SIZED.c.size))
    .order_by(_SIZED.c.id)
)
_VERSIONS_AFTER = _AFTER.with_only_columns(records.c.id, records.c.index_version)
_VERSIONS = select(records.c.id, records.c.index_version, records.c.deleted).where(records.c.id == ANY_IDS)
_COUNTS = select(records.c.collection, func.count()).where(~records.c.deleted).group_by(records.c.collection)
_IS_NEWEST = and_(records.c.id == revisions.c.record_id, records.c.revision == revisions.c.revision)
_WANTED = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)))
    .table_valued(column("id", BigInteger), name="wanted")
    .render_derived()
)
_BEFORE = bindparam("before", type_=BigInteger)
_NEWEST = (
    select(
        revisions.c.revision,
        revisions.c.operation,
        revisions.c.at,
        revisions.c.by,
        func.coalesce(revisions.c.data, records.c.data).label("data"),
    )
    .select_from(revisions.outerjoin(records, _IS_NEWEST))
    .where(revisions.c.record_id == _WANTED.c.id, or_(_BEFORE.is_(None), revisions.c.revision < _BEFORE))
    .order_by(revisions.c.revision.desc())
    .limit(bindparam("limit", type_=BigInteger))
    .lateral("newest")
)
_HISTORIES = (
    select(_WANTED.c.id, *_NEWEST.c)
    .select_from(_WANTED.join(_NEWEST, true()))
    .order_by(_WANTED.c.id, _NEWEST.c.revision.desc())
)


async def records_by_id(session: Reader, ids: Several[int]) -> dict[int, Record]:
    """The living records of any collection by their ids, in one statement; what is not there is left out."""
    return {row[0]: Record._make(row) for row in await session.rows(_BY_ID, {"ids": list(ids)})}


class SharedLookups:
    """Look-ups of records for many who ask at the same time, in as few statements as there are collections of keys."""

    def __init__(self, statements: Reader) -> None:
        self._statements = statements
        self._ids: Gathering[int, Record] = Gathering(partial(records_by_id, statements))
        self._keys: dict[str, Gathering[str, Record]] = {}

    async def close(self) -> None:
        """Break off what is under way."""
        await self._ids.close()
        for gathering in self._keys.values():
            await gathering.close()

    async def by_id(self, ids: Several[int]) -> Mapping[int, Record]:
        """The living records of any collection by their ids, and maybe others; what is not there is left out."""
        return await self._ids.find(ids)

    async def by_key(self, collection: str, keys: Several[str]) -> Mapping[str, Record]:
        """The living records of one collection by their keys, and maybe others; what is not there is left out."""
        gathering = self._keys.get(collection)
        if gathering is None:
            gathering = self._keys[collection] = Gathering(partial(records_by_key, self._statements, collection))
        return await gathering.find(keys)


async def records_with_deleted(session: Reader, ids: Several[int]) -> dict[int, Record]:
    """The records by their ids, deleted ones too, in one statement."""
    return {row[0]: Record._make(row) for row in await session.rows(_WITH_DELETED, {"ids": list(ids)})}


async def records_by_key(session: Reader, collection: str, keys: Several[str]) -> dict[str, Record]:
    """The living records of one collection by their keys, in one statement."""
    rows = await session.rows(_BY_KEY, {"collection": collection, "keys": list(keys)})
    return {record.key: record for record in map(Record._make, rows) if record.key is not None}


async def stream_records(session: Session, collection: str) -> AsyncIterator[Record]:
    """All living records of one collection in the order of their ids, through a cursor on the server."""
    async for row in session.stream(_ALL, {"collection": collection}):
        yield Record(*row)


async def histories(
    session: Reader, ids: Several[int], first: int, before: int | None = None
) -> dict[int, list[Revision]]:
    """The newest `first` revisions of each record, newest first, older than the revision `before` if that is given."""
    # One more than asked for: the changes of the last one are against it.
    rows = await session.rows(_HISTORIES, {"ids": sorted(set(ids)), "before": before, "limit": first + 1})
    by_record = {record_id: list(several) for record_id, several in groupby(rows, key=lambda row: row[0])}
    return {
        record_id: list(map(_revision, several[:first], [*several[1:], None]))
        for record_id, several in by_record.items()
    }


async def records_after(session: Session, collection: str, after: int, limit: int, most: int) -> list[Record]:
    """The living records of one collection with the next ids after `after` that take at most `most` bytes together.

    One in any case, if there is any.
    """
    values = {"collection": collection, "after": after, "limit": limit, "most": most}
    return [Record(*row) for row in await session.rows(_AFTER_THAT_FIT, values)]


async def versions_after(session: Session, collection: str, after: int, limit: int) -> dict[int, int]:
    """The `index_version` of the living records of one collection with the next ids after `after`, in their order."""
    values = {"collection": collection, "after": after, "limit": limit}
    return {row.id: row.index_version for row in await session.rows(_VERSIONS_AFTER, values)}


async def versions_of(session: Reader, ids: Several[int]) -> dict[int, tuple[int, bool]]:
    """The `index_version` of records, and whether they are deleted; what was never there is left out."""
    return {row[0]: (row[1], row[2]) for row in await session.rows(_VERSIONS, {"ids": list(ids)})}


async def history(session: Session, record_id: int, first: int, before: int | None = None) -> list[Revision]:
    """The same for one record."""
    return (await histories(session, [record_id], first, before)).get(record_id, [])


def _revision(row: AnyRow, earlier: AnyRow | None) -> Revision:
    _, revision, operation, at, by, data = row
    return Revision(revision, operation, at, by, data, patch_between(earlier[5], data) if earlier else None)


async def revision_data(session: Session, record_id: int, revision: int) -> dict[str, Any] | None:
    """What the record held at `revision`."""
    found = await history(session, record_id, 1, revision + 1)
    return found[0].data if found and found[0].revision == revision else None


async def count_records(session: Session) -> dict[str, int]:
    """The exact number of living records of each collection that has any."""
    return {row[0]: row[1] for row in await session.rows(_COUNTS)}
