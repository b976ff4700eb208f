"""Imports of NDJSON files of any size: what is right goes in, what is wrong is reported by line."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import exc

from errors import BadUserInput
from models.database import Database
from models.deadletters import IMPORT, MAX_PAYLOAD, DeadLetter, add_dead_letters, drop_import_letters
from models.lines import Limits, LineReader
from models.parsing import Entry, Failure, LineProblem, Parsed, Parser, failure_of, message_of
from models.seen import SeenKeys
from models.upserts import Outcome, Upserted, upsert_many
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

__all__ = ["ImportReport", "LineProblem", "import_records", "upsert_entries"]

_BAD_DATA = ("22", "23", "54")  # SQL states of data, of a constraint, of a limit of PostgreSQL


@dataclass(slots=True)
class ImportReport:
    """How far an import is, and at its end what became of the lines. Positions are in bytes of the file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    position: int = 0
    size: int | None = None
    broken: str | None = None

    @property
    def done(self) -> int:
        """Lines that are dealt with."""
        return self.created + self.updated + self.unchanged + self.failed

    @property
    def is_clean(self) -> bool:
        return self.failed == 0 and self.broken is None


OnProblem = Callable[[LineProblem], None]
OnProgress = Callable[[ImportReport], None]


async def import_records(
    database: Database,
    collection: "Collection",
    source: Path | BinaryIO,
    *,
    limits: Limits = Limits(),  # noqa: B008  frozen
    on_problem: OnProblem = lambda problem: None,
    on_progress: OnProgress = lambda report: None,
    by: str | None = None,
) -> ImportReport:
    """Upsert the records of an NDJSON file, plain or gzip, by their keys, in constant memory.

    Each batch is a transaction of its own. `on_problem` is told of each line that is not taken, in order; such a
    line also becomes a dead letter, until an import takes a record with its key. A key that stands on two lines is
    taken from the first. `on_progress` is called after each batch. Raises `BadUserInput` if the file can't be opened,
    `DatabaseUnavailable` if PostgreSQL goes away: what was written until then stays.
    """
    with _opened(source) as file, _seen_keys() as seen:
        report = ImportReport(size=_size(file))
        parser = Parser(collection, LineReader(file, limits), seen, limits)
        following = asyncio.ensure_future(asyncio.to_thread(parser.next))
        try:
            while (parsed := await asyncio.shield(following)) is not None:
                following = asyncio.ensure_future(asyncio.to_thread(parser.next))
                failures = await _write(database, collection, parsed, report, by)
                _tell(parsed, failures, report, on_problem)
                on_progress(replace(report))
        finally:
            await _until_done(following)
    return report


async def _until_done(reading: asyncio.Future[Parsed | None]) -> None:
    """Wait for a thread, however often we are cancelled: it can't be, and has the file and the keys in its hands."""
    cancelled: asyncio.CancelledError | None = None
    while not reading.done():
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError as error:
            cancelled = error
    if not reading.cancelled():
        reading.exception()  # told already, or of no interest after another error
    if cancelled:
        raise cancelled


async def _write(
    database: Database, collection: "Collection", parsed: Parsed, report: ImportReport, by: str | None
) -> list[Failure]:
    """Write a batch; returns all lines that did not go in, in order."""
    refused = await upsert_entries(database, collection, parsed.entries, report, by)
    failures = sorted([*parsed.failures, *refused], key=lambda failure: failure.problem.line)
    if failures:
        letters = [_letter(collection, failure) for failure in failures]
        await database.write(lambda session: add_dead_letters(session, letters))
    return failures


async def upsert_entries(
    database: Database, collection: "Collection", entries: list[Entry], report: ImportReport, by: str | None
) -> list[Failure]:
    """Write the records of some lines and count them; returns the lines that did not go in, in order."""
    if not entries:
        return []

    async def work(session: WriteSession) -> list[Upserted]:
        results = await upsert_many(session, collection, [entry.prepared for entry in entries], by)
        written = zip(entries, results, strict=True)
        keys = [key for entry, result in written if (key := entry.prepared.key) and not result.problems]
        await drop_import_letters(session, collection.name, keys)
        return results

    try:
        results = await database.write(work)
    except exc.DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", "")).startswith(_BAD_DATA):
            raise
        if len(entries) == 1:
            return [failure_of(entries[0], f"is refused by PostgreSQL: {' '.join(str(error.orig).split())}")]
        middle = len(entries) // 2  # one record must not stop the others: find it
        before = await upsert_entries(database, collection, entries[:middle], report, by)
        return before + await upsert_entries(database, collection, entries[middle:], report, by)
    _count(results, report)
    refused = zip(entries, results, strict=True)
    return [failure_of(entry, message_of(result.problems)) for entry, result in refused if result.problems]


def _count(results: list[Upserted], report: ImportReport) -> None:
    outcomes = [result.outcome for result in results]
    report.created += outcomes.count(Outcome.CREATED)
    report.updated += outcomes.count(Outcome.UPDATED)
    report.unchanged += outcomes.count(Outcome.UNCHANGED)


def _tell(parsed: Parsed, failures: list[Failure], report: ImportReport, on_problem: OnProblem) -> None:
    report.position = parsed.position
    report.failed += len(failures)
    for failure in failures:
        on_problem(failure.problem)
    if parsed.broken:
        report.broken = f"line {parsed.broken.line}: {parsed.broken.message}"
        on_problem(parsed.broken)


def _letter(collection: "Collection", failure: Failure) -> DeadLetter:
    payload = failure.payload[: MAX_PAYLOAD * 4].decode("utf-8", "replace")
    problem = failure.problem
    return DeadLetter(collection.name, problem.key, None, IMPORT, f"line {problem.line}: {problem.message}", payload)


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
    except OSError:
        return None
    return status.st_size or None
