"""Imports of NDJSON files of any size: what is right goes in, what is wrong is reported by line."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson
from sqlalchemy import exc

from errors import BadUserInput
from models.collections.validation import Problem
from models.database import Database
from models.deadletters import MAX_PAYLOAD, DeadLetter, add_dead_letters
from models.documents import Prepared, prepare
from models.lines import Batch, Limits, Line, LineReader
from models.seen import SeenKeys
from models.upserts import Outcome, Upserted, upsert_many
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

OPERATION = "IMPORT"
_MAX_PROBLEMS = 10  # of one line that are named
_BAD_DATA = ("22", "23", "54")  # SQL states of data, of a constraint, of a limit of PostgreSQL


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line was not taken."""

    line: int
    key: str | None
    message: str


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


@dataclass(frozen=True, slots=True)
class _Failure:
    problem: LineProblem
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Entry:
    line: Line
    prepared: Prepared


@dataclass(slots=True)
class _Parsed:
    position: int
    entries: list[_Entry] = field(default_factory=list)
    failures: list[_Failure] = field(default_factory=list)
    broken: LineProblem | None = None


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
    line also becomes a dead letter. A key that stands on two lines is taken from the first. `on_progress` is called
    after each batch. Raises `BadUserInput` if the file can't be opened, `DatabaseUnavailable` if PostgreSQL goes
    away: what was written until then stays.
    """
    with _opened(source) as file, _seen_keys() as seen:
        report = ImportReport(size=_size(file))
        parser = _Parser(collection, LineReader(file, limits), seen, limits)
        parsed = await asyncio.to_thread(parser.next)
        while parsed is not None:
            following = asyncio.ensure_future(asyncio.to_thread(parser.next))
            try:
                failures = await _write(database, collection, parsed, report, by)
            finally:
                await asyncio.wait([following])  # a thread can't be cancelled, and the file is still in its hands
            _tell(parsed, failures, report, on_problem)
            on_progress(replace(report))
            parsed = following.result()
    return report


class _Parser:
    """Reads and checks one batch ahead, in a thread."""

    def __init__(self, collection: "Collection", reader: LineReader, seen: SeenKeys, limits: Limits) -> None:
        self._collection = collection
        self._batches = reader.batches()
        self._seen = seen
        self._limits = limits

    def next(self) -> _Parsed | None:
        batch = next(self._batches, None)
        return None if batch is None else self._parsed(batch)

    def _parsed(self, batch: Batch) -> _Parsed:
        parsed = _Parsed(batch.position)
        if batch.broken:
            parsed.broken = LineProblem(batch.broken.number, None, batch.broken.text.decode())
        for line in batch.lines:
            read = self._read(line)
            if isinstance(read, Prepared):
                parsed.entries.append(_Entry(line, read))
            else:
                parsed.failures.append(_Failure(read, line.text))
        return parsed

    def _read(self, line: Line) -> Prepared | LineProblem:
        if line.too_long:
            return LineProblem(line.number, None, f"is longer than {self._limits.line:,} bytes")
        try:
            document = orjson.loads(line.text)
        except orjson.JSONDecodeError as error:
            return LineProblem(line.number, None, _not_json(line.text, error))
        if not isinstance(document, dict):
            return LineProblem(line.number, None, "is not a JSON object")
        prepared = prepare(self._collection, document)
        if prepared.problems:
            return LineProblem(line.number, prepared.key, _message(prepared.problems))
        if prepared.key is not None and (first := self._seen.first_line(prepared.key, line.number)):
            return LineProblem(line.number, prepared.key, f"has the same key as line {first}")
        return prepared


async def _write(
    database: Database, collection: "Collection", parsed: _Parsed, report: ImportReport, by: str | None
) -> list[_Failure]:
    """Write a batch; returns all lines that did not go in, in order."""
    refused = await _upsert(database, collection, parsed.entries, report, by)
    failures = sorted([*parsed.failures, *refused], key=lambda failure: failure.problem.line)
    if failures:
        letters = [_letter(collection, failure) for failure in failures]
        await database.write(lambda session: add_dead_letters(session, letters))
    return failures


async def _upsert(
    database: Database, collection: "Collection", entries: list[_Entry], report: ImportReport, by: str | None
) -> list[_Failure]:
    if not entries:
        return []

    async def work(session: WriteSession) -> list[Upserted]:
        return await upsert_many(session, collection, [entry.prepared for entry in entries], by)

    try:
        results = await database.write(work)
    except exc.DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", "")).startswith(_BAD_DATA):
            raise
        if len(entries) == 1:
            return [_failure(entries[0], f"is refused by PostgreSQL: {error.orig}")]
        middle = len(entries) // 2  # one record must not stop the others: find it
        before = await _upsert(database, collection, entries[:middle], report, by)
        return before + await _upsert(database, collection, entries[middle:], report, by)
    _count(results, report)
    refused = zip(entries, results, strict=True)
    return [_failure(entry, _message(result.problems)) for entry, result in refused if result.problems]


def _count(results: list[Upserted], report: ImportReport) -> None:
    outcomes = [result.outcome for result in results]
    report.created += outcomes.count(Outcome.CREATED)
    report.updated += outcomes.count(Outcome.UPDATED)
    report.unchanged += outcomes.count(Outcome.UNCHANGED)


def _tell(parsed: _Parsed, failures: list[_Failure], report: ImportReport, on_problem: OnProblem) -> None:
    report.position = parsed.position
    report.failed += len(failures)
    for failure in failures:
        on_problem(failure.problem)
    if parsed.broken:
        report.broken = f"line {parsed.broken.line}: {parsed.broken.message}"
        on_problem(parsed.broken)


def _failure(entry: _Entry, message: str) -> _Failure:
    return _Failure(LineProblem(entry.line.number, entry.prepared.key, message), entry.line.text)


def _letter(collection: "Collection", failure: _Failure) -> DeadLetter:
    payload = failure.payload[: MAX_PAYLOAD * 4].decode("utf-8", "replace")
    problem = failure.problem
    return DeadLetter(collection.name, problem.key, None, OPERATION, f"line {problem.line}: {problem.message}", payload)


def _message(problems: tuple[Problem, ...]) -> str:
    named = [
        f"{'.'.join(problem.path)}: {problem.message}" if problem.path else problem.message for problem in problems
    ]
    more = [f"and {len(named) - _MAX_PROBLEMS} more"] if len(named) > _MAX_PROBLEMS else []
    return "; ".join(named[:_MAX_PROBLEMS] + more)


def _not_json(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return f"is not UTF-8: byte {wrong.start + 1} is 0x{text[wrong.start]:02X}"
    return f"is not JSON: {error.msg} at column {error.pos + 1}"


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
