"""The state of the collections: how many records each store has, and how far the index is behind."""

from dataclasses import dataclass
from datetime import UTC, datetime

from errors import SearchUnavailable
from indexing.server import SearchRefused
from models.collections.conditions import NEVER
from models.collections.properties import Collection
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


async def overview(ctx: Context) -> list[CollectionState]:
    """One state for each collection that the viewer may read anything of."""
    names = [c for c in ctx.services.catalog if ctx.readable.condition(c) != NEVER]
    if not ctx.viewer.is_admin:
        return [CollectionState(collection.name) for collection in names]
    async with ctx.services.database.reading() as session:
        counts, waiting = await count_records(session), await backlog(session)
        states, letters = await read_states(session), await count_dead_letters(session)
    return [
        await _state(
            ctx,
            collection,
            counts.get(collection.name, 0),
            waiting.get(collection.name),
            letters.get(collection.name, 0),
            states[collection.name].generation if collection.name in states else 0,
        )
        for collection in names
    ]


async def _state(
    ctx: Context, collection: Collection, records: int, waiting: Backlog | None, letters: int, generation: int
) -> CollectionState:
    lag = (datetime.now(UTC) - waiting.oldest).total_seconds() if waiting else 0.0
    try:
        indexed: int | None = await ctx.services.indexes.count(collection.name)
    except (SearchUnavailable, SearchRefused):
        indexed = None
    health = UNAVAILABLE if indexed is None else BEHIND if lag > BEHIND_SECONDS or letters else HEALTHY
    return CollectionState(
        collection.name, records, indexed, waiting.pending if waiting else 0, lag, letters, generation, health
    )
