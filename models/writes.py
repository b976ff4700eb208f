"""Writing one record: its row, its revision and its outbox row in one transaction."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Executable, Text, bindparam, exc, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from errors import Conflict, DuplicateKey, NotFound
from models.connections import encode
from models.records import (
    CREATE,
    DELETE,
    RECORD_COLUMNS,
    RESTORE,
    REVERT,
    UPDATE,
    Record,
    SharedLookups,
    records_by_key,
    revision_data,
)
from models.sessions import Parameters, Reader, Session
from models.statements import Statements
from models.tables import LIVE_KEY, records

if TYPE_CHECKING:
    from models.collections.properties import Collection

AfterCommit = Callable[[], Awaitable[None]]

_RETURNED = "id, collection, key, revision, index_version, data, created_at, updated_at, deleted"

# The record's revision row and its place in the outbox, from the row that a statement has just written.
_NOTED = """
noted AS (
    INSERT INTO revisions (record_id, revision, operation, by)
    SELECT id, revision, :operation, :by FROM written
), queued AS (
    INSERT INTO outbox (collection, record_id, former_key) SELECT collection, id, {former_key} FROM written
)
"""

# A statement sees the record as it was before the statement.
_FORMER_KEY = "(SELECT nullif(records.key, written.key) FROM records WHERE records.id = written.id)"

_CREATE = text(f"""
WITH written AS (
    INSERT INTO records (collection, key, data) VALUES (:collection, :key, CAST(:data AS jsonb))
    ON CONFLICT (collection, key) WHERE NOT deleted DO NOTHING
    RETURNING {_RETURNED}
), {_NOTED.format(former_key="NULL")}
SELECT {_RETURNED} FROM written
""")  # noqa: S608 -- only our own names

_CHANGE = text(f"""
WITH moved AS (
    UPDATE revisions SET data = records.data FROM records
    WHERE records.id = :id AND records.revision = :revision
      AND revisions.record_id = records.id AND revisions.revision = records.revision
), written AS (
    UPDATE records
    SET key = :key, data = coalesce(CAST(:data AS jsonb), data), deleted = :deleted,
        revision = revision + 1, index_version = index_version + 1, updated_at = now()
    WHERE id = :id AND revision = :revision
    RETURNING {_RETURNED}
), {_NOTED.format(former_key=_FORMER_KEY)}
SELECT {_RETURNED} FROM written
""")  # noqa: S608 -- only our own names

_TOUCH = text("""
WITH held AS (
    SELECT id FROM records WHERE id = ANY(:ids) ORDER BY id FOR UPDATE
), touched AS (
    UPDATE records SET index_version = index_version + 1 FROM held WHERE records.id = held.id
    RETURNING records.collection, records.id
)
INSERT INTO outbox (collection, record_id, stage) SELECT collection, id, 1 FROM touched
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))

_TOUCH_ABOVE = text("""
WITH held AS (
    SELECT id, version FROM records JOIN unnest(:ids, :versions) AS known(known_id, version) ON id = known_id
    ORDER BY id FOR UPDATE OF records
), touched AS (
    UPDATE records SET index_version = greatest(index_version, held.version) + 1 FROM held WHERE records.id = held.id
    RETURNING records.collection, records.id
), queued AS (
    INSERT INTO outbox (collection, record_id, stage) SELECT collection, id, 1 FROM touched
)
SELECT id FROM touched
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("versions", type_=ARRAY(BigInteger)))

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))").bindparams(bindparam("name", type_=Text))

_SHARE = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))").bindparams(
    bindparam("name", type_=Text)
)

_FOR_UPDATE = select(*RECORD_COLUMNS).where(records.c.id == bindparam("id", type_=BigInteger)).with_for_update()


class RecordWrites(Reader):
    """Writes of one record, each one statement: the record, its revision and its place in the outbox."""

    def __init__(self) -> None:
        self.hooks: list[AfterCommit] = []

    def after_commit(self, hook: AfterCommit) -> None:
        """Have `hook` called once all is committed. The write stands whatever the hook does."""
        self.hooks.append(hook)

    @abstractmethod
    async def record_for_update(self, collection: "Collection", record_id: int) -> Record | None:
        """The living record that a write is made from."""

    async def create(self, collection: "Collection", data: dict[str, Any], by: str | None = None) -> Record:
        """A new record with revision 1. Raises `DuplicateKey` if a living record has its key."""
        key = collection.key_of(data)
        values = {"collection": collection.name, "key": key, "data": encode(data), "operation": CREATE, "by": by}
        while (row := await self.row(_CREATE, values)) is None:
            await self._refuse_taken(collection, key)  # else its holder went away in between: once more
        return Record(*row)

    async def update(
        self, collection: "Collection", record: Record, data: dict[str, Any], by: str | None = None
    ) -> Record:
        """The record with `data` in place of its own. Its key may change; raises `DuplicateKey` if it is taken."""
        return await self._rekey(collection, record, data, UPDATE, by)

    async def delete(self, record: Record, by: str | None = None) -> Record:
        """The record marked as deleted, as a new revision: it is found no more and its key is free."""
        return await self._change(record, record.key, None, DELETE, by)

    async def _rekey(
        self, collection: "Collection", record: Record, data: dict[str, Any], operation: str, by: str | None
    ) -> Record:
        key = collection.key_of(data)
        if key == record.key:
            return await self._change(record, key, encode(data), operation, by)
        return await self._take_key(collection, record, key, encode(data), operation, by)

    @abstractmethod
    async def _take_key(
        self,
        collection: "Collection",
        record: Record,
        key: str | None,
        data: bytes | None,
        operation: str,
        by: str | None,
    ) -> Record:
        """Change a record so that it holds `key` from now on."""

    async def _change(
        self, record: Record, key: str | None, data: bytes | None, operation: str, by: str | None
    ) -> Record:
        values = {
            "id": record.id,
            "revision": record.revision,
            "key": key,
            "data": data,
            "deleted": operation == DELETE,
            "operation": operation,
            "by": by,
        }
        row = await self.row(_CHANGE, values)
        if row is None:
            raise self._overtaken(record)
        return Record(*row)

    def _overtaken(self, record: Record) -> Exception:
        return Conflict(f"{record.collection} {record.key or record.id} has changed since revision {record.revision}.")

    async def _refuse_taken(self, collection: "Collection", key: str | None) -> None:
        if key is not None and (holder := (await records_by_key(self, collection.name, [key])).get(key)):
            raise DuplicateKey(collection.name, key, holder.id)


class WriteSession(Session, RecordWrites):
    """One transaction, committed when `Database.writing` is left, or not at all."""

    def __init__(self, connection: AsyncConnection) -> None:
        Session.__init__(self, connection)
        RecordWrites.__init__(self)

    async def record_for_update(
        self, collection: "Collection", record_id: int, *, include_deleted: bool = False
    ) -> Record | None:
        """The record as it stands, kept from other writers until the transaction ends."""
        row = await self.row(_FOR_UPDATE, {"id": record_id})
        record = Record(*row) if row else None
        if record is None or record.collection != collection.name or (record.deleted and not include_deleted):
            return None
        return record

    async def hold(self, name: str) -> None:
        """Wait until no other transaction holds `name`, and hold it until this one ends."""
        await self.run(_HOLD, {"name": name})

    async def share(self, name: str) -> None:
        """Hold `name` together with others who share it, until this transaction ends; `hold` waits for all of them."""
        await self.run(_SHARE, {"name": name})

    async def revert(
        self,
        collection: "Collection",
        record: Record,
        revision: int,
        by: str | None = None,
        may_read: Callable[[dict[str, Any]], bool] = lambda _: True,
        revised: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
    ) -> Record:
        """The record as it was at `revision`, or what `revised` makes of that, as a new revision.

        Raises `NotFound` if it has no such revision, or held there what `by` may not read.
        """
        data = await revision_data(self, record.id, revision)
        if data is None or not may_read(data):
            raise NotFound(f"{record.collection} {record.key or record.id} has no revision {revision}.")
        return await self._rekey(collection, record, revised(data), REVERT, by)

    async def restore(
        self, collection: "Collection", record: Record, by: str | None = None, data: dict[str, Any] | None = None
    ) -> Record:
        """The deleted record alive again, as a new revision, with `data` if given.

        Raises `DuplicateKey` if its key was taken since.
        """
        encoded = None if data is None else encode(data)
        return await self._take_key(collection, record, record.key, encoded, RESTORE, by)

    async def touch(self, ids: Sequence[int]) -> None:
        """Have the records indexed again, after what they include over a link has changed."""
        await self.run(_TOUCH, {"ids": list(ids)})

    async def touch_above(self, versions: Mapping[int, int]) -> set[int]:
        """Have the records indexed again with a version above the given one; which of them are there at all."""
        values = {"ids": list(versions), "versions": list(versions.values())}
        return {row[0] for row in await self.rows(_TOUCH_ABOVE, values)}

    async def _take_key(
        self,
        collection: "Collection",
        record: Record,
        key: str | None,
        data: bytes | None,
        operation: str,
        by: str | None,
    ) -> Record:
        """The transaction stays usable if the key is taken."""
        while True:
            try:
                async with self._connection.begin_nested():
                    return await self._change(record, key, data, operation, by)
            except exc.IntegrityError as error:
                if str(LIVE_KEY.name) not in str(error.orig):
                    raise
                # Told by the record that has it; where that has gone meanwhile, the key is free.
            await self._refuse_taken(collection, key)


class Overtaken(Exception):
    """What was to be written without a transaction needs one."""


class SingleWrites(RecordWrites):
    """The same without a transaction: what a write is made from is read before it, and the write is refused where the
    record has another revision by then.

    Raises `Overtaken` then, and where a key changes. Nothing is written in this case.
    """

    def __init__(self, statements: Statements, records: SharedLookups) -> None:
        super().__init__()
        self._statements = statements
        self._records = records

    async def record_for_update(self, collection: "Collection", record_id: int) -> Record | None:
        record = (await self._records.by_id([record_id])).get(record_id)
        return record if record and record.collection == collection.name else None

    async def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        return await self._statements.rows(statement, parameters)

    async def _take_key(self, *_: object) -> Record:
        raise Overtaken

    def _overtaken(self, _record: Record) -> Exception:
        return Overtaken()
