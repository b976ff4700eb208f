"""How fast the stores take the same records from a client that does nothing else: what no import can exceed."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from benchmarks.dataset import Dataset
from indexing.bulk import bulk_item
from indexing.server import NDJSON
from indexing.services import Services
from models.collections.properties import Collection
from models.lines import Limits, LineReader
from models.records import Record

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


async def bulk_ceiling(services: Services, collection: Collection, dataset: Dataset) -> Ceiling:
    """Send the collection's documents, built and encoded beforehand, to a new index with the same mapping.

    In requests as large as the worker's, one after the other, until all are searchable.
    """
    index = await services.indexes.create(collection, building=False)
    items = list(_items(services, collection, dataset, index))
    size = services.settings.index_batch
    bodies = [b"".join(items[place : place + size]) for place in range(0, len(items), size)]
    try:
        began = time.perf_counter()
        for body in bodies:
            answer = await services.search.ask("POST", "/_bulk?filter_path=errors", body, kind=NDJSON, timeout=120)
            if answer["errors"]:
                raise RuntimeError("Elasticsearch refused documents of the data set.")
        await services.indexes.refresh(index)
        seconds = time.perf_counter() - began
    finally:
        await services.indexes.remove(index)
    return Ceiling(len(items), sum(map(len, bodies)), seconds)


def _items(services: Services, collection: Collection, dataset: Dataset, index: str) -> Iterator[bytes]:
    builder, now = services.builders[collection.name], datetime.now(UTC)
    artists = services.catalog["Artist"]
    targets = {artists.name: {str(artists.key_of(document)): document for document in _documents(dataset.artists)}}
    for number, document in enumerate(_documents(dataset.artworks), start=1):
        record = Record(number, collection.name, collection.key_of(document), 1, 1, document, now, now)
        yield bulk_item(record, index, builder, targets)


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for batch in LineReader(file, Limits()).batches():
            for line in batch.lines:
                yield orjson.loads(line.text)
