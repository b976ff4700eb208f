"""Brings the index to what PostgreSQL says, by draining the outbox.

A row leaves the outbox in the transaction that claimed it, and only after Elasticsearch took (or outdated) its record.
A worker that dies in between leaves its rows to the next one; doing the work twice changes nothing, since documents
carry the version of their record.
"""

import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import structlog

from errors import CatalographError
from indexing.bulk import INDEX_GONE, Outcome, bulk_items, linked, send
from indexing.indexes import IndexRefused
from indexing.preparing import prepare_index
from indexing.services import Services
from metrics import OUTBOX_ROWS
from models.deadletters import drop_index_letters
from models.links import queue_sources
from models.outbox import (
    DRAINING,
    OutboxRow,
    Stage,
    bury,
    claim,
    done,
    may_follow,
    move,
    postpone,
    raise_versions,
    records_for,
    that_fit,
)
from models.records import Record
from models.states import CollectionState, count_changes, read_states
from models.writes import WriteSession

MAX_DELAY_SECONDS = 300
PATIENCE = timedelta(seconds=5)
"""How long what follows a changed record waits for others that change together with it."""
FOLLOWED_AT_ONCE = 2_000
KEYS_AT_ONCE = 1_000
TOUCHED_SHARE = 5
"""With so many written rows of a batch comes a touched one, so that these get on while users write all the time."""
TOUCHED_ALONG = 20
"""But so many at least: of batches of few rows, as users write them, who waits does not notice it."""
TOUCHED_AT_ONCE = 300
"""Touched rows of a batch that has no written ones. One such batch is under way in a process, so that it leaves
Elasticsearch time for searches and for what users write.
"""

log = structlog.get_logger()


@dataclass(frozen=True)
class Drained:
    """What became of the outbox rows of one batch, or of several."""

    claimed: int = 0
    indexed: int = 0
    postponed: int = 0
    buried: int = 0
    gone: frozenset[str] = field(default_factory=frozenset)
    """Collections whose index is not there any more: they need a rebuild."""

    def __add__(self, other: "Drained") -> "Drained":
        return Drained(
            self.claimed + other.claimed,
            self.indexed + other.indexed,
            self.postponed + other.postponed,
            self.buried + other.buried,
            self.gone | other.gone,
        )


async def drain(services: Services) -> Drained:
    """Index everything that is in the outbox now. Raises `SearchUnavailable` where Elasticsearch is away."""
    total = Drained()
    while True:
        batch = await services.pace.patiently(lambda: drain_batch(services))
        total += batch
        if not batch.claimed and not await follow(services):
            return total


async def drain_batch(services: Services) -> Drained:
    """Index the oldest rows of the outbox that nobody else works on, in one transaction.

    What nobody expected fails with smaller and smaller batches, until the row is found that is to blame.
    """
    size = services.settings.index_batch
    while True:
        try:
            return await _drain_some(services, size)
        except _BatchFailed as failed:
            if len(failed.rows) == 1:
                return await _bury_alone(services, failed.rows[0], failed.error)
            # Nothing of the batch was settled; smaller ones find the row that is to blame.
            log.exception("batch_failed", rows=len(failed.rows), exc_info=failed.error)
            size = max(1, min(size, len(failed.rows)) // 8)


class _BatchFailed(Exception):
    def __init__(self, rows: Sequence[OutboxRow], error: Exception) -> None:
        self.rows = rows
        self.error = error
        super().__init__(str(error))


async def _drain_some(services: Services, size: int) -> Drained:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(services.database.writing())
        rows = await claim(session, size)
        if rows:
            along = min(max(len(rows) // TOUCHED_SHARE, TOUCHED_ALONG), size // TOUCHED_SHARE)
            rows += await claim(session, along, Stage.TOUCHED)
        elif not services.touching.locked():
            await stack.enter_async_context(services.touching)
            rows = await claim(session, min(size, TOUCHED_AT_ONCE), Stage.TOUCHED)
        if not rows:
            return Drained()
        rows = await that_fit(session, rows, services.settings.index_batch_bytes)
        await session.share(DRAINING)
        try:
            return await _index_rows(services, session, rows)
        except CatalographError:
            raise
        except Exception as error:
            raise _BatchFailed(rows, error) from error


async def _index_rows(services: Services, session: WriteSession, rows: Sequence[OutboxRow]) -> Drained:
    records = await records_for(session, rows)
    # Read after the records: a rebuild that begins in between finds them as they are, an earlier one is seen.
    states = await read_states(session)
    outcomes: dict[int, Outcome] = {}
    for name in {row.collection for row in rows}:
        found = {row.record_id: records[row.record_id] for row in rows if row.collection == name}
        outcomes |= await _index(services, session, name, list(found.values()), states.get(name, CollectionState(name)))
    return await _settle(services, session, rows, records, outcomes)


async def _index(
    services: Services, session: WriteSession, name: str, records: Sequence[Record], state: CollectionState
) -> dict[int, Outcome]:
    """Send the records of one collection to each of its indices; the worst outcome of a record counts."""
    collection = services.catalog.get(name)
    if collection is None:
        return {}  # a collection that is described no more has no index either
    try:
        serving = state.index_name or await prepare_index(services, collection)
    except IndexRefused as error:
        # Until its file is corrected its records wait by themselves, and hold up no others.
        log.warning("index_refused", collection=name, reason=error.message)
        return {record.id: Outcome(record.id, error.message) for record in records}
    targets = await linked(session, collection, (record for record in records if not record.deleted))
    outdated = serving == state.index_name and state.fingerprint != services.fingerprints[name]
    outcomes: dict[int, Outcome] = {}
    for index in filter(None, (serving, state.building_index, state.retiring_index)):
        items, failed = bulk_items(records, index, services.builders[name], targets)
        for outcome in (*failed, *await send(services.search, items, services.pace)):
            if index == state.retiring_index:
                continue  # it goes in a moment, and what it refuses stands in the one that serves
            known = outcomes.get(outcome.record_id)
            if known is None or outcome.reason or known.reason == OUTDATED:
                late = outdated and index == serving
                outcomes[outcome.record_id] = _reconsidered(outcome) if late else outcome
    return outcomes


OUTDATED = "the index was made for an earlier collection file, and is about to be replaced"


def _reconsidered(outcome: Outcome) -> Outcome:
    """An index made for another mapping may refuse what the next one takes: the record waits for that."""
    return Outcome(outcome.record_id, OUTDATED) if outcome.reason and outcome.final else outcome


def sorted_out(
    rows: Sequence[OutboxRow], outcomes: Mapping[int, Outcome]
) -> tuple[list[OutboxRow], list[OutboxRow], list[OutboxRow]]:
    """The rows whose work is done, those to try again later, and those that can't succeed.

    Without an outcome there was nothing to do: the record's collection is described no more.
    """
    finished: list[OutboxRow] = []
    later: list[OutboxRow] = []
    buried: list[OutboxRow] = []
    for row in rows:
        outcome = outcomes.get(row.record_id, Outcome(row.record_id))
        (finished if not outcome.reason else buried if outcome.final else later).append(row)
    return finished, later, buried


async def _settle(
    services: Services,
    session: WriteSession,
    rows: Sequence[OutboxRow],
    records: Mapping[int, Record],
    outcomes: Mapping[int, Outcome],
) -> Drained:
    finished, later, buried = sorted_out(rows, outcomes)
    for row in buried:
        await _bury(session, row, records[row.record_id], str(outcomes[row.record_id].reason))
    await drop_index_letters(session, {row.collection for row in finished}, {row.record_id for row in finished})
    await _release(services, session, [*finished, *buried])
    if later:
        await postpone(session, later, _delay(max(row.attempts for row in later)))
    # What was refused too: whoever keeps answers must hear of each write, and one of several indices may have taken it.
    await count_changes(session, {row.collection for row in [*finished, *buried]})
    for name, several in (("indexed", finished), ("postponed", later), ("buried", buried)):
        OUTBOX_ROWS.labels(name).inc(len(several))
    gone = frozenset(row.collection for row in later if outcomes[row.record_id].reason == INDEX_GONE)
    return Drained(len(rows), len(finished), len(later), len(buried), gone)


async def _release(services: Services, session: WriteSession, rows: Sequence[OutboxRow]) -> None:
    """Take rows out, or have the records found that include what theirs hold.

    What was only touched is passed over, since nobody includes what it includes: links may form rings.
    """
    followed = [row for row in rows if row.stage is Stage.WRITTEN and row.collection in services.link_paths]
    await move(session, followed, Stage.FOLLOWED)
    gone = {row.id for row in followed}
    await done(session, [row for row in rows if row.id not in gone])


async def _bury(session: WriteSession, row: OutboxRow, record: Record, reason: str) -> None:
    await bury(session, row, record.key, reason, orjson.dumps(record.data).decode())


async def _bury_alone(services: Services, row: OutboxRow, error: Exception) -> Drained:
    """Put a row aside whose work fails in a way that nobody expected: a defect of ours, and not to stop the others."""
    log.error("row_failed", collection=row.collection, record=row.record_id, exc_info=error)
    async with services.database.writing() as session:
        record = (await records_for(session, [row]))[row.record_id]
        await _bury(session, row, record, f"it can't be indexed: {error!r}")
        await _release(services, session, [row])
        await count_changes(session, [row.collection])
    return Drained(1, buried=1)


async def follow(services: Services) -> int:
    """Have the records found, and then raised, that include what has changed; how many rows got further.

    Nothing of it is held for long: to find the sources locks none of them, to raise them is done in small batches.
    """
    async with services.database.writing() as session:
        if raised := await raise_versions(session, services.settings.index_batch):
            return raised
    async with services.database.writing() as session:
        if not await may_follow(session, services.link_paths, PATIENCE):
            return 0
        rows = await claim(session, FOLLOWED_AT_ONCE, Stage.FOLLOWED)
        records = await records_for(session, rows)
        for name in {row.collection for row in rows}:
            await _queue_sources(services, session, name, [row for row in rows if row.collection == name], records)
        await done(session, rows)
    OUTBOX_ROWS.labels("followed").inc(len(rows))
    return len(rows)


async def _queue_sources(
    services: Services, session: WriteSession, name: str, rows: Sequence[OutboxRow], records: Mapping[int, Record]
) -> None:
    keys = {records[row.record_id].key for row in rows} | {row.former_key for row in rows}
    named = sorted(key for key in keys if key is not None)
    for path in services.link_paths.get(name, ()):
        for place in range(0, len(named), KEYS_AT_ONCE):
            await queue_sources(session, path, named[place : place + KEYS_AT_ONCE])


def _delay(attempts: int) -> timedelta:
    """Doubling with every attempt, spread so that what failed together does not come back together."""
    return timedelta(seconds=min(2.0**attempts, MAX_DELAY_SECONDS) * random.uniform(0.5, 1))  # noqa: S311 - no secret
