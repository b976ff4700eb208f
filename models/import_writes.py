"""Batches of an import, written: each in one transaction with what is noted of it, line by line if one is refused."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import exc

from models.database import Database
from models.deadletters import IMPORT, MAX_PAYLOAD, DeadLetter, add_dead_letters, drop_import_letters
from models.import_reports import Batched, ImportReport, Journal
from models.parsing import Entry, Failure, Parsed, failure_of, message_of
from models.upserts import Outcome, Upserted, upsert_many
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

_BAD_DATA = ("22", "23", "54")  # SQL states of data, of a constraint, of a limit of PostgreSQL


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes batches, each with what is noted of it in one transaction."""

    database: Database
    collection: "Collection"
    report: ImportReport
    by: str | None
    journal: Journal | None

    async def write(self, parsed: Parsed) -> list[Failure]:
        """Write a batch; returns all lines that did not go in, in order."""
        report, failures = await self._written(parsed)
        for name in ("created", "updated", "unchanged"):
            setattr(self.report, name, getattr(report, name))
        return failures

    async def _written(self, parsed: Parsed) -> tuple[ImportReport, list[Failure]]:
        async def work(session: WriteSession) -> tuple[ImportReport, list[Failure]]:
            report = replace(self.report)
            refused = await _upsert(session, self.collection, parsed.entries, report, self.by)
            return report, await self._note(session, parsed, refused, report)

        try:
            return await self.database.write(work)
        except exc.DBAPIError as error:
            if not _is_bad_data(error):
                raise
            # Some line is to blame: it is found, and told with its number.
        report = replace(self.report)
        refused = await upsert_entries(self.database, self.collection, parsed.entries, report, self.by)
        return report, await self.database.write(lambda session: self._note(session, parsed, refused, report))

    async def _note(
        self, session: WriteSession, parsed: Parsed, refused: list[Failure], report: ImportReport
    ) -> list[Failure]:
        failures = sorted([*parsed.failures, *refused], key=lambda failure: failure.problem.line)
        if failures:
            await add_dead_letters(session, [_letter(self.collection, failure) for failure in failures])
        if self.journal:
            counted = replace(report, failed=report.failed + len(failures))
            keys = {key: entry.line.number for entry in parsed.entries if (key := entry.prepared.key) is not None}
            problems = [failure.problem for failure in failures]
            problems += [parsed.broken] if parsed.broken else []
            await self.journal.note(session, Batched(parsed.place, counted, problems, keys))
        return failures


async def upsert_entries(
    database: Database, collection: "Collection", entries: list[Entry], report: ImportReport, by: str | None
) -> list[Failure]:
    """Write the records of some lines and count them; returns the lines that did not go in, in order."""
    if not entries:
        return []

    async def work(session: WriteSession) -> tuple[ImportReport, list[Failure]]:
        counted = replace(report)
        return counted, await _upsert(session, collection, entries, counted, by)

    try:
        counted, refused = await database.write(work)
    except exc.DBAPIError as error:
        if not _is_bad_data(error):
            raise
        if len(entries) == 1:
            return [failure_of(entries[0], f"is refused by PostgreSQL: {' '.join(str(error.orig).split())}")]
        middle = len(entries) // 2  # one record must not stop the others: find it
        before = await upsert_entries(database, collection, entries[:middle], report, by)
        return before + await upsert_entries(database, collection, entries[middle:], report, by)
    report.created, report.updated, report.unchanged = counted.created, counted.updated, counted.unchanged
    return refused


async def _upsert(
    session: WriteSession, collection: "Collection", entries: list[Entry], report: ImportReport, by: str | None
) -> list[Failure]:
    """Write the records of some lines and count them; returns those that are refused."""
    if not entries:
        return []
    results = await upsert_many(session, collection, [entry.prepared for entry in entries], by)
    written = list(zip(entries, results, strict=True))
    keys = [key for entry, result in written if (key := entry.prepared.key) and not result.problems]
    await drop_import_letters(session, collection.name, keys)
    _count(results, report)
    return [failure_of(entry, message_of(result.problems)) for entry, result in written if result.problems]


def _is_bad_data(error: exc.DBAPIError) -> bool:
    return str(getattr(error.orig, "sqlstate", "")).startswith(_BAD_DATA)


def _count(results: list[Upserted], report: ImportReport) -> None:
    outcomes = [result.outcome for result in results]
    report.created += outcomes.count(Outcome.CREATED)
    report.updated += outcomes.count(Outcome.UPDATED)
    report.unchanged += outcomes.count(Outcome.UNCHANGED)


def _letter(collection: "Collection", failure: Failure) -> DeadLetter:
    payload = failure.payload[: MAX_PAYLOAD * 4].decode("utf-8", "replace")
    problem = failure.problem
    return DeadLetter(collection.name, problem.key, None, IMPORT, f"line {problem.line}: {problem.message}", payload)
