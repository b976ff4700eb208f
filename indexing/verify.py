"""Compares an index with PostgreSQL, record by record, and mends what differs.

Both are read in the order of the records' ids, a page at a time: memory stays constant whatever their size. What looks
different is looked at again, since writes go on meanwhile: what still waits in the outbox is no difference.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson

from errors import NotFound
from indexing.server import NDJSON
from indexing.services import Services
from indexing.sync import drain
from models.collections.properties import Collection
from models.deadletters import refused_records
from models.outbox import waiting_at_all
from models.records import count_records, versions_after, versions_of
from models.states import count_changes, read_state

PAGE = 5_000
"""Records that are compared at once, and the most that Elasticsearch gives at once."""
IDS_AT_ONCE = 1_000
SETTLE_SECONDS = 60.0
_POLL_SECONDS = 0.05

Progress = Callable[[int, int], None]
MISSING, STALE, EXTRA = "missing", "stale", "extra"


@dataclass(frozen=True)
class Verified:
    """How many records the index lacked, had in an older state, or had though PostgreSQL has them not; and how many of
    all these are as they should be now.
    """

    missing: int = 0
    stale: int = 0
    extra: int = 0
    repaired: int = 0

    @property
    def differences(self) -> int:
        return self.missing + self.stale + self.extra

    def as_counts(self) -> dict[str, int]:
        """The counts by their names."""
        return asdict(self)

    def __add__(self, other: "Verified") -> "Verified":
        return Verified(
            self.missing + other.missing,
            self.stale + other.stale,
            self.extra + other.extra,
            self.repaired + other.repaired,
        )


async def verify(
    services: Services, collection: Collection, *, repair: bool, progress: Progress = lambda done, total: None
) -> Verified:
    """Compare the index that serves with PostgreSQL. Raises `NotFound` where there is none."""
    async with services.database.reading() as session:
        state = await read_state(session, collection.name)
    if not state.index_name or not await services.indexes.exists(state.index_name):
        raise NotFound(f"{collection.name} has no index.", "Rebuild it: `catalograph index rebuild`.")
    return await verify_index(services, collection, state.index_name, repair=repair, progress=progress)


async def verify_index(
    services: Services,
    collection: Collection,
    index: str,
    *,
    repair: bool,
    progress: Progress = lambda done, total: None,
    stretch: tuple[int, int] | None = None,
) -> Verified:
    """Compare one index with PostgreSQL: all, or a stretch, which is the id before it and the last id in it.

    Of a stretch that nobody asked for, what is known to be refused (a dead letter) is no difference.
    """
    after, last = stretch or (0, None)
    async with services.database.reading() as session:
        total = (await count_records(session)).get(collection.name, 0)
    await services.indexes.refresh(index)
    found, done = Verified(), 0
    async for stored, indexed in _pages(services, collection, index, after, last):
        suspects = [id_ for id_ in stored.keys() | indexed.keys() if stored.get(id_) != indexed.get(id_)]
        if suspects and stretch:
            suspects = await _not_refused(services, collection, suspects)
        if suspects:
            found += await _look_again(services, collection, index, suspects, repair=repair)
        done += len(stored)
        progress(done, max(total, done))
    return found


async def _not_refused(services: Services, collection: Collection, suspects: Sequence[int]) -> list[int]:
    async with services.database.reading() as session:
        refused = await refused_records(session, [collection.name], suspects)
    return [id_ for id_ in suspects if id_ not in refused]


async def _pages(
    services: Services, collection: Collection, index: str, after: int, last: int | None
) -> AsyncIterator[tuple[dict[int, int], dict[int, int]]]:
    """Versions by id in both stores, for one stretch of ids after the other."""
    while True:
        async with services.database.reading() as session:
            stored = await versions_after(session, collection.name, after, PAGE)
        indexed = await _indexed_after(services, index, after)
        if not stored and not indexed:
            return
        # Both know all up to the end of the page that ends first; one that is not full knows all that follows.
        ends = [max(page) for page in (stored, indexed) if len(page) == PAGE]
        until = min(ends) if ends else max(*stored, *indexed, 0)
        until = until if last is None else min(until, last)
        yield _up_to(stored, until), _up_to(indexed, until)
        if not ends or until == last:
            return
        after = until


def _up_to(versions: Mapping[int, int], until: int) -> dict[int, int]:
    return {id_: version for id_, version in versions.items() if id_ <= until}


async def _indexed_after(services: Services, index: str, after: int) -> dict[int, int]:
    body = {"size": PAGE, "sort": [{"seq": "asc"}], "search_after": [after], "query": {"match_all": {}}}
    return await _versions(services, index, body)


async def _indexed(services: Services, index: str, ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for place in range(0, len(ids), IDS_AT_ONCE):
        values = list(map(str, ids[place : place + IDS_AT_ONCE]))
        found |= await _versions(services, index, {"size": IDS_AT_ONCE, "query": {"ids": {"values": values}}})
    return found


async def _versions(services: Services, index: str, body: dict[str, object]) -> dict[int, int]:
    asked = orjson.dumps({**body, "_source": False, "version": True, "track_total_hits": False})
    path = f"/{index}/_search?filter_path=hits.hits._id,hits.hits._version"
    answer = await services.search.ask("POST", path, asked, timeout=60)
    hits = answer.get("hits", {}).get("hits", ())
    return {int(hit["_id"]): hit["_version"] for hit in hits}


async def _look_again(
    services: Services, collection: Collection, index: str, suspects: list[int], *, repair: bool
) -> Verified:
    kinds = await _differences(services, index, suspects)
    if not kinds:
        return Verified()
    found = Verified(*(sum(kind == one for kind, _ in kinds.values()) for one in (MISSING, STALE, EXTRA)))
    if not repair:
        return found
    await _repair(services, collection, index, {id_: version for id_, (_, version) in kinds.items()})
    left = await _differences(services, index, list(kinds))
    return found + Verified(repaired=len(kinds) - len(left))


async def _differences(services: Services, index: str, suspects: Sequence[int]) -> dict[int, tuple[str, int]]:
    """What differs although nothing of it is on its way, and the version that the index has (0 for none)."""
    async with services.database.reading() as session:
        pending = await waiting_at_all(session, suspects)
        before = await versions_of(session, suspects)
    settled = [id_ for id_ in suspects if id_ not in pending]
    await services.indexes.refresh(index)
    indexed = await _indexed(services, index, settled)
    async with services.database.reading() as session:
        stored = await versions_of(session, settled)
    # One that was written in between is on its way now.
    same = (id_ for id_ in settled if before.get(id_) == stored.get(id_))
    kinds = ((id_, _kind(stored, indexed, id_)) for id_ in same)
    return {id_: (kind, indexed.get(id_, 0)) for id_, kind in kinds if kind}


def _kind(stored: Mapping[int, tuple[int, bool]], indexed: Mapping[int, int], id_: int) -> str | None:
    version, deleted = stored.get(id_, (0, True))
    if deleted:
        return EXTRA if id_ in indexed else None
    if id_ not in indexed:
        return MISSING
    return STALE if indexed[id_] != version else None


async def _repair(services: Services, collection: Collection, index: str, versions: Mapping[int, int]) -> None:
    """Queue the records with a version above what the index has; what PostgreSQL never had is deleted at once."""
    async with services.database.writing() as session:
        known = await session.touch_above(versions)
    lines = [
        orjson.dumps({"delete": {"_index": index, "_id": str(id_), "version": version, "version_type": "external_gte"}})
        for id_, version in versions.items()
        if id_ not in known
    ]
    if lines:
        # Counted on both sides: meanwhile nobody knows what searches see of it.
        await _count(services, collection)
        await services.search.ask("POST", "/_bulk", b"\n".join(lines) + b"\n", kind=NDJSON, timeout=60)
        await _count(services, collection)
    await _until_indexed(services, known)


async def _count(services: Services, collection: Collection) -> None:
    async with services.database.writing() as session:
        await count_changes(session, [collection.name])


async def _until_indexed(services: Services, ids: set[int]) -> None:
    """Drain until the records have left the outbox; what a store does not take in time is not counted as repaired."""
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while ids and asyncio.get_running_loop().time() < deadline:
        await drain(services)
        async with services.database.reading() as session:
            ids = await waiting_at_all(session, ids)
        await asyncio.sleep(_POLL_SECONDS if ids else 0)
