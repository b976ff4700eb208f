"""Records for the code of extensions: read and written past all rules of access, by their keys."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from errors import NotFound
from indexing.services import Services
from models.collections.properties import Collection
from models.collections.source import did_you_mean
from models.documents import prepare
from models.hooks import refused_deletion
from models.parsing import message_of
from models.records import Record, count_records, records_after, records_by_key
from models.upserts import Upserted, upsert_many
from models.writes import WriteSession
from tasks.nudging import Nudges

AT_ONCE = 1_000
AT_ONCE_BYTES = 8_000_000


class Store:
    """The records of all collections; what is written is checked, seen by hooks, and indexed as any other write.

    Everything raises `NotFound` for a collection that is none.
    """

    def __init__(self, services: Services, nudges: Nudges, by: str | None) -> None:
        self._services = services
        self._database = services.database
        self._nudges = nudges
        self._by = by

    async def count(self, collection: str) -> int:
        """How many living records there are."""
        name = self._collection(collection).name
        async with self._database.reading() as session:
            return (await count_records(session)).get(name, 0)

    async def records(self, collection: str, *, after: int = 0) -> AsyncIterator[Record]:
        """All living records, by their `id`s, or those behind the one with the id `after`.

        Each is as it stood when it was read, somewhat ahead.
        """
        name = self._collection(collection).name
        while True:
            async with self._database.reading() as session:
                found = await records_after(session, name, after, AT_ONCE, AT_ONCE_BYTES)
            if not found:
                return
            for record in found:
                yield record
            after = found[-1].id

    async def get(self, collection: str, keys: Iterable[str]) -> dict[str, Record]:
        """The living records with these keys; those that are not there are left out."""
        name = self._collection(collection).name
        async with self._database.reading() as session:
            return await records_by_key(session, name, list(keys))

    async def upsert(self, collection: str, documents: Iterable[Mapping[str, Any]]) -> list[Upserted]:
        """Make records, or merge each document over the one that has its key; what became of each, in their order."""
        found = self._collection(collection)
        prepared = [prepare(found, dict(document)) for document in documents]
        done: list[Upserted] = []
        for place in range(0, len(prepared), AT_ONCE):
            write = partial(upsert_many, collection=found, documents=prepared[place : place + AT_ONCE], by=self._by)
            done += await self._database.write(write)
            await self._nudges.index()
        return done

    async def delete(self, collection: str, keys: Iterable[str]) -> dict[str, str]:
        """Delete the records with these keys; those that hooks keep, each with the reason."""
        found, wanted = self._collection(collection), list(keys)
        kept = await self._database.write(lambda session: self._delete(session, found, wanted))
        await self._nudges.index()
        return kept

    async def _delete(self, session: WriteSession, collection: Collection, keys: Sequence[str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        records = await records_by_key(session, collection.name, keys)
        for key, one in sorted(records.items(), key=lambda item: item[1].id):
            record = await session.record_for_update(collection, one.id)
            if record is None or record.key != key:
                continue
            if problems := refused_deletion(collection, record.data, self._by):
                kept[key] = message_of(problems)
            else:
                await session.delete(record, self._by)
        return kept

    def _collection(self, name: str) -> Collection:
        found = self._services.catalog.get(name)
        if found is None:
            raise NotFound(f"There is no collection {name!r}{did_you_mean(name, self._services.catalog.collections)}.")
        return found
