"""Rebuilds a collection's index beside the one that serves, and swaps them when the new one is complete.

Writes reach both while it runs: a write that is indexed after the new index was announced goes to both, one indexed
before is found by the filling, which reads the records as they are at that moment, in the order of their ids. Versions
decide which of the two is newer. A rebuild that was killed goes on from the place that it had noted.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from errors import Conflict, DatabaseUnavailable, SearchUnavailable
from indexing.bulk import Outcome, bulk_items, linked, send
from indexing.indexes import fingerprint
from indexing.preparing import prepare_index
from indexing.services import Services
from indexing.verify import verify_index
from metrics import swallowed
from models.collections.properties import Collection
from models.outbox import DRAINING
from models.records import Record, count_records, records_after
from models.states import CollectionState, read_state, save_state

IN_FLIGHT = 1
"""Bulk requests under way at once, while the next is made: more would take the processors from searches."""
GRACE_SECONDS = 2
"""How long searches that had begun may go on in the index that served before."""

Progress = Callable[[int, int], None]
"""Called with the number of records done and the number of all; what it raises ends the rebuild without a trace."""
Refused = Callable[[Outcome, str | None], None]
"""Called for each record that the index refuses, with its key: there may be as many as there are records."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: how many records it indexed, and how many the index refused.

    `left` is how many are not in it as they should be; those that a run refused which this one goes on from count too.
    """

    index: str
    indexed: int
    refused: int
    left: int


async def rebuild(
    services: Services,
    collection: Collection,
    progress: Progress = lambda done, total: None,
    refused: Refused = lambda outcome, key: None,
) -> Rebuilt:
    """A new index of everything that PostgreSQL has. Raises `Conflict` if another rebuild of it runs.

    What was done stays for the next call when a store is away or the process is told to stop.
    """
    await prepare_index(services, collection)
    async with services.database.exclusive(f"rebuild of {collection.name}") as alone:
        if not alone:
            raise Conflict(f"A rebuild of {collection.name} runs already.", "Wait until it has ended.")
        await _retire(services, collection)
        state = await _begin(services, collection)
        try:
            indexed, number = await _fill(services, collection, state, progress, refused)
            left = await _finish(services, collection, str(state.building_index))
        except (asyncio.CancelledError, SearchUnavailable, DatabaseUnavailable):
            raise
        except BaseException:
            await asyncio.shield(_abandon(services, collection, str(state.building_index)))
            raise
        await _swap(services, collection)
        await asyncio.sleep(GRACE_SECONDS)
        await _retire(services, collection)
        return Rebuilt(str(state.building_index), indexed, number, left)


async def retire(services: Services, collection: Collection) -> None:
    """Remove what a rebuild has left that was killed after its swap; nothing to do while one runs."""
    async with services.database.exclusive(f"rebuild of {collection.name}") as alone:
        if alone:
            await _retire(services, collection)


async def _begin(services: Services, collection: Collection) -> CollectionState:
    """Announce a new index; one that was begun for the same file, and is there, is gone on with."""
    wanted = fingerprint(collection)
    async with services.database.reading() as session:
        state = await read_state(session, collection.name)
    if state.building_index:
        if state.building_fingerprint == wanted and await services.indexes.exists(state.building_index):
            log.info("rebuild_resumed", collection=collection.name, after=state.built_until)
            return state
        await _abandon(services, collection, state.building_index)
    index = await services.indexes.create(collection, building=True)
    await _save(services, collection, building_index=index, building_fingerprint=wanted, built_until=0)
    async with services.database.reading() as session:
        return await read_state(session, collection.name)


async def _save(services: Services, collection: Collection, **values: object) -> None:
    async with services.database.writing() as session:
        await save_state(session, collection.name, **values)


async def _abandon(services: Services, collection: Collection, index: str) -> None:
    await _save(services, collection, building_index=None, building_fingerprint=None, built_until=0)
    await _until_nobody_writes(services)
    await services.indexes.remove(index)


async def _finish(services: Services, collection: Collection, index: str) -> int:
    """See to it that the new index has what PostgreSQL has, before it serves; how many records it has not, even so."""
    await services.indexes.finish(index)
    found = await verify_index(services, collection, index, repair=True)
    if found.differences:
        log.warning("rebuild_mended", collection=collection.name, index=index, repaired=found.repaired)
    return found.differences - found.repaired


async def _swap(services: Services, collection: Collection) -> None:
    """Let the new index serve: by the state first, so that whoever finds the alias elsewhere knows where it belongs."""
    async with services.database.writing() as session:
        state = await read_state(session, collection.name)
        await save_state(
            session,
            collection.name,
            index_name=state.building_index,
            fingerprint=state.building_fingerprint,
            building_index=None,
            building_fingerprint=None,
            built_until=0,
            retiring_index=state.index_name,
        )
    await services.indexes.serve(collection.name, str(state.building_index))


async def _retire(services: Services, collection: Collection) -> None:
    """Remove the index that served before, once nobody writes to it or searches it any more."""
    async with services.database.reading() as session:
        state = await read_state(session, collection.name)
    if state.retiring_index:
        await services.indexes.serve(collection.name, str(state.index_name))
        # What was counted as seen in the old index has to be seen in this one before its answers are kept.
        await services.indexes.refresh(str(state.index_name))
        await _save(services, collection, retiring_index=None)
        await _until_nobody_writes(services)
        await services.indexes.remove(state.retiring_index)


async def _until_nobody_writes(services: Services) -> None:
    """Those who drain now may still write to the old index; those who begin now know the new one alone."""
    async with services.database.writing() as session:
        await session.hold(DRAINING)


@dataclass(frozen=True)
class _Sent:
    """A batch on its way: the keys of its records by their ids, the last id, and what becomes of it."""

    keys: dict[int, str | None]
    last: int
    outcomes: asyncio.Task[list[Outcome]]


async def _fill(
    services: Services, collection: Collection, state: CollectionState, progress: Progress, refused: Refused
) -> tuple[int, int]:
    """How many records were indexed, and how many refused."""
    number, done, after = 0, 0, state.built_until
    async with services.database.reading() as session:
        total = (await count_records(session)).get(collection.name, 0)
    sending: deque[_Sent] = deque()

    async def settle() -> int:
        nonlocal number
        sent = sending.popleft()
        failed = [outcome for outcome in await sent.outcomes if outcome.reason]
        await _save(services, collection, built_until=sent.last)
        for outcome in failed:
            refused(outcome, sent.keys.get(outcome.record_id))
        number += len(failed)
        progress(done + len(sent.keys), total)
        return len(sent.keys)

    try:
        while records := await _next(services, collection, after):
            after = records[-1].id
            items = await _items(services, collection, str(state.building_index), records)
            if len(sending) >= IN_FLIGHT:
                done += await settle()
            # While Elasticsearch takes one batch, the next one is read and built.
            keys = {record.id: record.key for record in records}
            sending.append(_Sent(keys, after, asyncio.create_task(_send(services, *items))))
        while sending:
            done += await settle()
    finally:
        for sent in sending:
            sent.outcomes.cancel()
        # Another error is on its way, and what was sent behind it is sent again by the next run.
        for error in await asyncio.gather(*(sent.outcomes for sent in sending), return_exceptions=True):
            if isinstance(error, Exception):
                swallowed("a batch of a rebuild", error)
    return done - number, number


async def _next(services: Services, collection: Collection, after: int) -> list[Record]:
    async with services.database.reading() as session:
        settings = services.settings
        return await records_after(session, collection.name, after, settings.index_batch, settings.index_batch_bytes)


async def _items(
    services: Services, collection: Collection, index: str, records: list[Record]
) -> tuple[list[tuple[int, bytes]], list[Outcome]]:
    async with services.database.reading() as session:
        targets = await linked(session, collection, records)
    return bulk_items(records, index, services.builders[collection.name], targets)


async def _send(services: Services, items: list[tuple[int, bytes]], failed: list[Outcome]) -> list[Outcome]:
    pace = services.pace
    return [*failed, *await pace.patiently(lambda: send(services.search, items, pace))]
