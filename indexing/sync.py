"""Brings the index to what PostgreSQL says, by draining the outbox.

A row leaves the outbox in the transaction that claimed it, and only after Elasticsearch took (or outdated) its record.
A worker that dies in between leaves its rows to the next one; doing the work twice changes nothing, since documents
carry the version of their record.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from indexing.bulk import Outcome, bulk_item, linked, send
from indexing.preparing import prepare_index
from indexing.services import Services
from models.links import touch_sources
from models.outbox import OutboxRow, bury, claim, done, postpone, records_for
from models.records import Record
from models.states import CollectionState, bump_generation, read_states
from models.writes import WriteSession

MAX_DELAY_SECONDS = 300
DRAINING = "draining"
"""Held while documents are on their way to indices; whoever removes an index waits until it is free."""


@dataclass(frozen=True)
class Drained:
    """What became of the outbox rows of one batch."""

    claimed: int = 0
    indexed: int = 0
    postponed: int = 0
    buried: int = 0


async def drain(services: Services) -> Drained:
    """Index everything that is in the outbox now. Raises `SearchUnavailable` where Elasticsearch is away."""
    total = Drained()
    while (batch := await drain_batch(services)).claimed:
        total = Drained(
            total.claimed + batch.claimed,
            total.indexed + batch.indexed,
            total.postponed + batch.postponed,
            total.buried + batch.buried,
        )
    return total


async def drain_batch(services: Services) -> Drained:
    """Index the oldest rows of the outbox that nobody else works on, in one transaction."""
    async with services.database.writing() as session:
        rows = await claim(session, services.settings.index_batch)
        if not rows:
            return Drained()
        await session.share(DRAINING)
        records = await records_for(session, rows)
        # Read after the records: a rebuild that begins in between has them in its snapshot, an earlier one is seen.
        states = await read_states(session)
        outcomes: dict[int, Outcome] = {}
        for name in {row.collection for row in rows}:
            found = [records[row.record_id] for row in rows if row.collection == name and row.record_id in records]
            outcomes |= await _index(services, session, name, found, states.get(name, CollectionState(name)))
            await _touch_sources(services, session, name, [row for row in rows if row.collection == name], records)
        return await _settle(session, rows, records, outcomes)


async def _index(
    services: Services, session: WriteSession, name: str, records: Sequence[Record], state: CollectionState
) -> dict[int, Outcome]:
    """Send the records of one collection to each of its indices; the worst outcome of a record counts."""
    collection = services.catalog.get(name)
    if collection is None or not records:
        return {}  # a collection that is described no more has no index either
    unique = {record.id: record for record in records}
    serving = state.index_name or await prepare_index(services, collection)
    targets = await linked(session, collection, (record for record in unique.values() if not record.deleted))
    builder = services.builders[name]
    outcomes: dict[int, Outcome] = {}
    for index in [serving, *([state.building_index] if state.building_index else [])]:
        outdated = index == state.index_name and state.fingerprint != services.fingerprints[name]
        items = [(record.id, bulk_item(record, index, builder, targets)) for record in unique.values()]
        for outcome in await send(services.search, items, services.settings.index_batch_bytes):
            known = outcomes.get(outcome.record_id)
            if known is None or outcome.reason or known.reason == OUTDATED:
                outcomes[outcome.record_id] = _reconsidered(outcome) if outdated else outcome
    return outcomes


OUTDATED = "the index was made for an earlier collection file, and is about to be replaced"


def _reconsidered(outcome: Outcome) -> Outcome:
    """An index made for another mapping may refuse what the next one takes: the record waits for that."""
    return Outcome(outcome.record_id, OUTDATED) if outcome.reason and outcome.final else outcome


async def _touch_sources(
    services: Services, session: WriteSession, name: str, rows: Sequence[OutboxRow], records: dict[int, Record]
) -> None:
    """Have the records that link to the written ones indexed again: they include, or miss, what these are now.

    What was only touched is passed over, since nobody includes what it includes: links may form rings.
    """
    written = [row for row in rows if not row.touched]
    keys = {records[row.record_id].key for row in written if row.record_id in records}
    keys |= {row.former_key for row in written}
    named = sorted(key for key in keys if key is not None)
    for path in services.link_paths.get(name, ()) if named else ():
        await touch_sources(session, path, named)


async def _settle(
    session: WriteSession, rows: Sequence[OutboxRow], records: dict[int, Record], outcomes: dict[int, Outcome]
) -> Drained:
    finished: list[OutboxRow] = []
    later: list[OutboxRow] = []
    buried: list[OutboxRow] = []
    for row in rows:
        outcome = outcomes.get(row.record_id, Outcome(row.record_id))
        (finished if not outcome.reason else buried if outcome.final else later).append(row)
    await done(session, finished)
    for row in buried:
        record = records[row.record_id]
        await bury(session, row, record.key, str(outcomes[row.record_id].reason), orjson.dumps(record.data).decode())
    if later:
        await postpone(session, later, _delay(max(row.attempts for row in later)))
    await bump_generation(session, {row.collection for row in finished})
    return Drained(len(rows), len(finished), len(later), len(buried))


def _delay(attempts: int) -> timedelta:
    """Doubling with every attempt, spread so that what failed together does not come back together."""
    return timedelta(seconds=min(2.0**attempts, MAX_DELAY_SECONDS) * random.uniform(0.5, 1))  # noqa: S311 - no secret
