"""What each of our own steps costs a record, measured one after the other without any server."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from benchmarks.dataset import COLLECTIONS, Dataset
from indexing.bulk import bulk_item
from indexing.document_values import Targets
from indexing.documents import DocumentBuilder, Envelope
from models.collections.loading import load_catalog
from models.documents import encode_document, prepare
from models.lines import Limits, LineReader
from models.records import Record

RECORDS = 20_000
Document = dict[str, Any]
Made = TypeVar("Made")
Given = TypeVar("Given")


@dataclass(frozen=True)
class Step:
    """One step and its microseconds a record; `within` names the step that contains it."""

    name: str
    micros: float
    within: str = ""


@dataclass(frozen=True)
class Steps:
    """The steps of an import, up to PostgreSQL, and those of a worker, up to Elasticsearch."""

    importing: tuple[Step, ...]
    indexing: tuple[Step, ...]


def measure_steps(dataset: Dataset) -> Steps:
    """The steps over the first records of the data set."""
    catalog = load_catalog(COLLECTIONS)
    artworks, artists = catalog.get("Artwork"), catalog.get("Artist")
    assert artworks is not None
    assert artists is not None
    lines, reading = _read(dataset)
    documents, parsing = _timed(orjson.loads, lines)
    _, validating = _timed(artworks.validate, documents)
    _, encoding = _timed(encode_document, documents)
    _, preparing = _timed(lambda document: prepare(artworks, document), documents)
    with dataset.artists.open("rb") as file:
        found = [orjson.loads(line.text) for batch in LineReader(file, Limits()).batches() for line in batch.lines]
    targets = {artists.name: {str(artists.key_of(document)): document for document in found}}
    importing = (
        Step("unpack and split", reading),
        Step("parse", parsing),
        Step("prepare", preparing),
        Step("validate", validating, "prepare"),
        Step("encode", encoding, "prepare"),
    )
    return Steps(importing, _indexing(DocumentBuilder(artworks), documents, targets))


def _indexing(builder: DocumentBuilder, documents: Sequence[Document], targets: Targets) -> tuple[Step, ...]:
    now = datetime.now(UTC)
    records = [
        Record(number, "Artwork", str(document["acno"]), 1, 1, document, now, now)
        for number, document in enumerate(documents)
    ]
    envelopes = [Envelope(record.id, record.key, 1, now.isoformat(), now.isoformat()) for record in records]
    encoded = [orjson.dumps(document) for document in documents]
    _, parsing = _timed(orjson.loads, encoded)
    built, building = _timed(
        lambda pair: builder.build(pair[0], pair[1], targets), list(zip(envelopes, documents, strict=True))
    )
    _, dumping = _timed(orjson.dumps, built)
    _, whole = _timed(lambda record: bulk_item(record, "artworks", builder, targets), records)
    return (
        Step("parse what PostgreSQL sends", parsing),
        Step("make a bulk item", whole),
        Step("build the document", building, "make a bulk item"),
        Step("encode the document", dumping, "make a bulk item"),
    )


def _read(dataset: Dataset) -> tuple[list[bytes], float]:
    lines: list[bytes] = []
    with dataset.artworks.open("rb") as file:
        began = time.perf_counter()
        for batch in LineReader(file, Limits()).batches():
            lines += [line.text for line in batch.lines]
            if len(lines) >= RECORDS:
                break
        seconds = time.perf_counter() - began
    return lines, seconds / len(lines) * 1e6


def _timed(step: Callable[[Given], Made], inputs: Iterable[Given]) -> tuple[list[Made], float]:
    began = time.perf_counter()
    made = [step(one) for one in inputs]
    return made, (time.perf_counter() - began) / len(made) * 1e6
