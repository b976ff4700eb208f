"""How fast the stores take the same records from a client that does nothing else: what no import can exceed."""

import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import asyncpg

from benchmarks.dataset import Dataset
from indexing.bulk import bulk_item, linked
from indexing.server import NDJSON
from indexing.services import Services
from models.collections.properties import Collection
from models.lines import Limits, LineReader
from models.records import Record, stream_records

LINES = 1_000


@dataclass(frozen=True)
class Ceiling:
    """So many records of so many bytes in so many seconds."""

    records: int
    bytes: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.records / self.seconds


async def copy_ceiling(services: Services, dataset: Dataset) -> Ceiling:
    """COPY the lines of the file, ready-made, into a table with one jsonb column and no index."""
    with dataset.artworks.open("rb") as file:
        lines = [line.text for batch in LineReader(file, Limits()).batches() for line in batch.lines]
    blocks = [b"".join(map(_copied, lines[place : place + LINES])) for place in range(0, len(lines), LINES)]
    connection = await asyncpg.connect(services.settings.database_url)
    try:
        await connection.execute("CREATE TABLE benchmark_copy (data jsonb NOT NULL)")
        began = time.perf_counter()
        await connection.copy_to_table("benchmark_copy", source=_sent(blocks))
        seconds = time.perf_counter() - began
        await connection.execute("DROP TABLE benchmark_copy")
    finally:
        await connection.close()
    return Ceiling(len(lines), sum(map(len, lines)), seconds)


def _copied(line: bytes) -> bytes:
    """A line in COPY's text format, in which a backslash escapes."""
    return line.replace(b"\\", b"\\\\") + b"\n"


async def _sent(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


async def bulk_ceiling(services: Services, collection: Collection) -> Ceiling:
    """Send the collection's documents, built and encoded beforehand, to a new index with the same mapping.

    In requests as large as the worker's, one after the other, until all are searchable.
    """
    index = await services.indexes.create(collection, building=False)
    bodies, records = await _bodies(services, collection, index)
    try:
        began = time.perf_counter()
        for body in bodies:
            answer = await services.search.ask("POST", "/_bulk?filter_path=errors", body, kind=NDJSON, timeout=120)
            if answer["errors"]:
                raise RuntimeError("Elasticsearch refused documents that it had taken before.")
        await services.indexes.refresh(index)
        seconds = time.perf_counter() - began
    finally:
        await services.indexes.remove(index)
    return Ceiling(records, sum(map(len, bodies)), seconds)


async def _bodies(services: Services, collection: Collection, index: str) -> tuple[list[bytes], int]:
    builder = services.builders[collection.name]
    bodies: list[bytes] = []
    total = 0
    async with services.database.snapshot() as session:
        batch: list[Record] = []

        async def flush() -> None:
            targets = await linked(session, collection, batch)
            bodies.append(b"".join(bulk_item(record, index, builder, targets) for record in batch))
            batch.clear()

        async for record in stream_records(session, collection.name):
            batch.append(record)
            total += 1
            if len(batch) == services.settings.index_batch:
                await flush()
        if batch:
            await flush()
    return bodies, total
