"""Rebuilds a collection's index beside the one that serves, and swaps them when the new one is complete.

Writes reach both while it runs: a write that is indexed after the new index was announced goes to both, one indexed
before is in the snapshot that fills the new one. Versions decide which of the two is newer.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from errors import Conflict
from indexing.bulk import Outcome, bulk_item, linked, send
from indexing.indexes import fingerprint
from indexing.preparing import prepare_index
from indexing.services import Services
from indexing.sync import DRAINING
from models.collections.properties import Collection
from models.records import Record, count_records, stream_records
from models.sessions import Session
from models.states import CollectionState, read_state, save_state

IN_FLIGHT = 3
"""Bulk requests under way at once."""

Progress = Callable[[int, int], None]
"""Called with the number of records done and the number of all."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: the records indexed, and those that the index refused with the reasons."""

    index: str
    indexed: int
    refused: tuple[Outcome, ...]


async def rebuild(services: Services, collection: Collection, progress: Progress = lambda done, total: None) -> Rebuilt:
    """A new index of everything that PostgreSQL has. Raises `Conflict` if another rebuild of it runs."""
    await prepare_index(services, collection)
    async with services.database.exclusive(f"rebuild of {collection.name}") as alone:
        if not alone:
            raise Conflict(f"A rebuild of {collection.name} runs already.", "Wait until it has ended.")
        await _forget_unfinished(services, collection)
        index = await services.indexes.create(collection, building=True)
        await _announce(services, collection, index)
        try:
            done, refused = await _fill(services, collection, index, progress)
            await services.indexes.finish(index)
            old = await _swap(services, collection, index)
        except BaseException:
            await asyncio.shield(_abandon(services, collection, index))
            raise
        if old and old != index:
            await _until_nobody_writes(services)
            await services.indexes.remove(old)
        return Rebuilt(index, done, tuple(refused))


async def _forget_unfinished(services: Services, collection: Collection) -> None:
    """Remove what a rebuild that was killed has left."""
    async with services.database.reading() as session:
        state = await read_state(session, collection.name)
    if state.building_index:
        await _abandon(services, collection, state.building_index)


async def _announce(services: Services, collection: Collection, index: str | None) -> CollectionState:
    async with services.database.writing() as session:
        state = await read_state(session, collection.name)
        await save_state(
            session,
            collection.name,
            fingerprint=state.fingerprint,
            index_name=state.index_name,
            building_index=index,
        )
        return state


async def _abandon(services: Services, collection: Collection, index: str) -> None:
    await _announce(services, collection, None)
    await services.indexes.remove(index)


async def _swap(services: Services, collection: Collection, index: str) -> str | None:
    async with services.database.writing() as session:
        state = await read_state(session, collection.name)
        await services.indexes.serve(collection.name, index)
        await save_state(session, collection.name, fingerprint=fingerprint(collection), index_name=index)
        return state.index_name


async def _until_nobody_writes(services: Services) -> None:
    """Those who drain now may still write to the old index; those who begin now know the new one alone."""
    async with services.database.writing() as session:
        await session.hold(DRAINING)


async def _fill(
    services: Services, collection: Collection, index: str, progress: Progress
) -> tuple[int, list[Outcome]]:
    done = 0
    refused: list[Outcome] = []
    builder, most = services.builders[collection.name], services.settings.index_batch_bytes

    def settle(outcomes: list[Outcome]) -> int:
        refused.extend(outcome for outcome in outcomes if outcome.reason)
        return len(outcomes)

    async with services.database.snapshot() as session, asyncio.TaskGroup() as group:
        total = (await count_records(session)).get(collection.name, 0)
        sending: deque[asyncio.Task[list[Outcome]]] = deque()
        async for records in _batches(session, collection, services.settings.index_batch):
            targets = await _targets(services, collection, records)
            items = [(record.id, bulk_item(record, index, builder, targets)) for record in records]
            sending.append(group.create_task(send(services.search, items, most)))
            # While Elasticsearch takes one batch, the next ones are read and built.
            if len(sending) >= IN_FLIGHT:
                done += settle(await sending.popleft())
                progress(done, total)
        for task in sending:
            done += settle(await task)
            progress(done, total)
    return done - len(refused), refused


async def _targets(services: Services, collection: Collection, records: list[Record]) -> dict[str, dict[str, object]]:
    """Linked records as they are now, not as the snapshot has them: a later change of one is not missed."""
    async with services.database.reading() as session:
        return await linked(session, collection, records)


async def _batches(session: Session, collection: Collection, size: int) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for record in stream_records(session, collection.name):
        batch.append(record)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
