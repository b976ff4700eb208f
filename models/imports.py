"""Imports of files of any size: what is right goes in, what is wrong is reported by line."""

import asyncio
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from errors import BadUserInput
from models.database import Database
from models.import_reports import ImportReport, Journal
from models.import_writes import BatchWriter
from models.lines import Limits, LineReader, Place
from models.parsing import Failure, LineProblem, Parsed, Parser
from models.seen import SeenKeys
from models.threads import left

if TYPE_CHECKING:
    from models.collections.properties import Collection

__all__ = ["ImportReport", "LineProblem", "import_records"]

OnProblem = Callable[[LineProblem], None]
OnProgress = Callable[[ImportReport], None]


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where an import goes on, and what became of the lines before; `begins_at` is where the given file begins."""

    place: Place
    report: ImportReport
    begins_at: int = 0


async def import_records(
    database: Database,
    collection: "Collection",
    source: Path | BinaryIO,
    *,
    name: str = "",
    limits: Limits = Limits(),  # noqa: B008  frozen
    on_problem: OnProblem = lambda problem: None,
    on_progress: OnProgress = lambda report: None,
    by: str | None = None,
    journal: Journal | None = None,
    resumed: Resumed | None = None,
) -> ImportReport:
    """Upsert the records of a file by their keys, in constant memory.

    The file is NDJSON, a JSON array or CSV, as it is or packed with gzip or zstd; `name` helps to tell. Each batch is a
    transaction of its own, in which `journal` notes it. `on_problem` is told of each line that is not taken, in order;
    such a line also becomes a dead letter, until an import takes a record with its key. A key that stands on two lines
    is taken from the first. `on_progress` is called after each batch. Raises `BadUserInput` if the file can't be
    opened, `FileChanged` if it is not the one that is `resumed`, `DatabaseUnavailable` if PostgreSQL goes away: what
    was written until then stays.
    """
    begins_at = resumed.begins_at if resumed else 0
    place = resumed.place if resumed else None
    with _opened(source) as file, _seen_keys() as seen:
        if journal and resumed:
            await journal.recall(seen)
        report = replace(resumed.report) if resumed else ImportReport()
        report.size = _size(file)
        reader = LineReader(file, limits, name=name, shape=collection.shape, place=place, begins_at=begins_at)
        parser = Parser(collection, reader, seen, limits)
        following = asyncio.ensure_future(asyncio.to_thread(parser.next))
        try:
            while (parsed := await asyncio.shield(following)) is not None:
                following = asyncio.ensure_future(asyncio.to_thread(parser.next))
                failures = await BatchWriter(database, collection, report, by, journal).write(parsed)
                _tell(parsed, failures, report, on_problem)
                on_progress(replace(report))
        except BaseException as error:
            await left(following, error)  # it has the file and the keys in its hands
            raise
    return report


def _tell(parsed: Parsed, failures: list[Failure], report: ImportReport, on_problem: OnProblem) -> None:
    report.position = parsed.position
    report.failed += len(failures)
    for failure in failures:
        on_problem(failure.problem)
    if parsed.broken:
        report.broken = f"line {parsed.broken.line}: {parsed.broken.message}"
        on_problem(parsed.broken)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise BadUserInput(f"{source} can't be opened: {error.strerror}.") from error
    with file:
        yield file


@contextmanager
def _seen_keys() -> Iterator[SeenKeys]:
    seen = SeenKeys()
    try:
        yield seen
    finally:
        seen.close()


def _size(file: BinaryIO) -> int | None:
    """Bytes of a regular file; of a pipe nobody knows."""
    try:
        status = os.fstat(file.fileno())
    except io.UnsupportedOperation:  # nothing of the operating system's, as bytes in memory and downloads
        return None
    return status.st_size or None
