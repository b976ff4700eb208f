"""The state of the collections: how many records each store has, and how far the index is behind."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from errors import SearchUnavailable
from indexing.server import SearchRefused
from indexing.services import Services
from metrics import swallowed
from models.collections.conditions import NEVER
from models.deadletters import count_dead_letters
from models.outbox import Backlog, backlog
from models.records import count_records
from models.states import read_states
from resolvers.context import Context

HEALTHY, BEHIND, UNAVAILABLE = "HEALTHY", "BEHIND", "UNAVAILABLE"
BEHIND_SECONDS = 60


@dataclass(frozen=True)
class CollectionState:
    """The figures of one collection; all but the name are `None` for who is not `admin`."""

    name: str
    record_count: int | None = None
    indexed_count: int | None = None
    pending: int | None = None
    lag_seconds: float | None = None
    dead_letters: int | None = None
    index_generation: int | None = None
    health: str | None = None


async def overview(ctx: Context, *, figures: bool) -> list[CollectionState]:
    """One state for each collection that the viewer may read anything of; `figures` are wanted beside its name."""
    shown = [c for c in ctx.services.catalog if ctx.readable.condition(c) != NEVER]
    if not figures or not ctx.viewer.is_admin:
        return [CollectionState(collection.name) for collection in shown]
    async with ctx.services.database.reading() as session:
        counts, waiting = await count_records(session), await backlog(session)
        states, letters = await read_states(session), await count_dead_letters(session)
    indexed = await asyncio.gather(*(_indexed(ctx, collection.name) for collection in shown))
    return [
        _state(
            collection.name,
            counts.get(collection.name, 0),
            in_index,
            waiting.get(collection.name),
            letters.get(collection.name, 0),
            states[collection.name].generation if collection.name in states else 0,
        )
        for collection, in_index in zip(shown, indexed, strict=True)
    ]


async def levels(services: Services) -> list[CollectionState]:
    """What can be told of each collection without counting its records."""
    async with services.database.reading() as session:
        waiting, states, letters = await backlog(session), await read_states(session), await count_dead_letters(session)
    return [
        _state(
            collection.name,
            0,
            0,
            waiting.get(collection.name),
            letters.get(collection.name, 0),
            states[collection.name].generation if collection.name in states else 0,
        )
        for collection in services.catalog
    ]


async def _indexed(ctx: Context, name: str) -> int | None:
    """The records that searches see; `None` while that can't be asked."""
    try:
        return await ctx.services.indexes.count(name)
    except (SearchUnavailable, SearchRefused) as error:
        swallowed("the count of an index", error)  # its collection is shown as unavailable
        return None


def _state(
    name: str, records: int, indexed: int | None, waiting: Backlog | None, letters: int, generation: int
) -> CollectionState:
    lag = (datetime.now(UTC) - waiting.oldest).total_seconds() if waiting else 0.0
    health = UNAVAILABLE if indexed is None else BEHIND if lag > BEHIND_SECONDS or letters else HEALTHY
    pending = waiting.pending if waiting else 0
    return CollectionState(name, records, indexed, pending, lag, letters, generation, health)
