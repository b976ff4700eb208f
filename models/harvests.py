"""What a source gives, written a page at a time: records by their keys, deletions, and what can't be taken."""

from collections.abc import Collection as Several
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from models.checkpoints import save_checkpoint
from models.collections.problems import Problem
from models.collections.properties import Collection
from models.database import Database
from models.deadletters import IMPORT, DeadLetter, add_dead_letters, drop_import_letters
from models.documents import prepare
from models.hooks import HookFailed, refused_deletion
from models.import_reports import ImportReport
from models.import_writes import upsert_entries
from models.lines import Line
from models.mappings import RecordMapping
from models.parsing import Entry, message_of
from models.records import Record, records_by_key
from models.source_records import known_keys, remember_keys
from models.task_errors import TaskError, add_task_errors
from models.tasks import Task
from models.writes import WriteSession


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records of a source."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        return sum(asdict(self).values())

    def plus(self, other: "Counts") -> "Counts":
        return Counts(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that can't be taken; `identifier` names it at the source, `key` here, if that is known."""

    identifier: str | None
    key: str | None
    message: str
    payload: str


@dataclass(slots=True)
class Taken:
    """A page of records: documents and deletions by key, the last that was said of each, and what is refused.

    `repeated` counts what was said of a key before something else was.
    """

    documents: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """By key: the identifier at the source, and the record."""
    deletions: set[str] = field(default_factory=set)
    """The keys of records that the source has deleted."""
    gone: set[str] = field(default_factory=set)
    """The identifiers of those whose key is not in their header."""
    refused: list[Refused] = field(default_factory=list)
    repeated: int = 0

    def put(self, key: str, identifier: str, document: dict[str, Any]) -> None:
        """The source has a record."""
        self._forget(key)
        self.gone.discard(identifier)
        self.documents[key] = identifier, document

    def delete(self, key: str | None, identifier: str) -> None:
        """The source has deleted a record."""
        same = (one for one, (other, _) in self.documents.items() if other == identifier)
        key = next(same, None) if key is None else key
        if key is None:
            self.gone.add(identifier)
            return
        self._forget(key)
        self.deletions.add(key)

    def _forget(self, key: str) -> None:
        self.repeated += key in self.documents or key in self.deletions
        self.documents.pop(key, None)
        self.deletions.discard(key)


@dataclass(frozen=True)
class HarvestWriter:
    """Writes for one run of a harvest."""

    database: Database
    source_id: int
    mapping: RecordMapping
    task: Task

    @property
    def collection(self) -> Collection:
        return self.mapping.collection

    async def take(self, page: Taken, before: Counts, place: Mapping[str, Any]) -> Counts:
        """Write a page; what the source has given so far, noted at `place`. Raises `RunLost`."""
        report = ImportReport()
        refused = page.refused + await self._upsert(page, report)

        async def work(session: WriteSession) -> Counts:
            deleted, kept = await self._delete(session, page)
            asked = len(page.deletions) + len(page.gone)
            unchanged = report.unchanged + page.repeated + asked - deleted - len(kept)
            await self._remember(session, page, {one.key for one in refused})
            failed = [*refused, *kept]
            counts = before.plus(Counts(report.created, report.updated, unchanged, deleted, len(failed)))
            await add_dead_letters(session, [self._letter(one) for one in refused])
            errors = [TaskError(one.message, one.identifier or one.key) for one in failed]
            await add_task_errors(session, self.task.id, errors)
            await save_checkpoint(session, self.task, {**place, "counts": asdict(counts)})
            return counts

        return await self.database.write(work)

    async def _upsert(self, page: Taken, report: ImportReport) -> list[Refused]:
        """Make and change the records of a page, and count them; returns those that can't be."""
        async with self.database.reading() as session:
            current = await records_by_key(session, self.collection.name, list(page.documents))
        entries: list[Entry] = []
        refused: list[Refused] = []
        for place, (key, (identifier, document)) in enumerate(page.documents.items()):
            record = current.get(key)
            whole = self.mapping.cleared(document, record.data) if record else document
            prepared = prepare(self.collection, whole)
            if prepared.problems:
                payload = prepared.encoded.decode("utf-8", "replace") or str(whole)
                refused.append(Refused(identifier, key, message_of(prepared.problems), payload))
            else:
                entries.append(Entry(Line(place, prepared.encoded), prepared))
        for failure in await upsert_entries(self.database, self.collection, entries, report, self.task.by):
            key = str(failure.problem.key)
            payload = orjson.dumps(page.documents[key][1]).decode()
            refused.append(Refused(page.documents[key][0], key, failure.problem.message, payload))
        return refused

    async def _remember(self, session: WriteSession, page: Taken, refused: Several[str | None]) -> None:
        if self.mapping.has_key_in_header:
            return
        taken = {identifier: key for key, (identifier, _) in page.documents.items() if key not in refused}
        await remember_keys(session, self.source_id, taken)

    async def _delete(self, session: WriteSession, page: Taken) -> tuple[int, list[Refused]]:
        """Delete the records that the source has deleted; how many there were, and those that hooks keep."""
        known = await known_keys(session, self.source_id, page.gone)
        keys = {*page.deletions, *known.values()}
        await drop_import_letters(session, self.collection.name, keys)
        found = await records_by_key(session, self.collection.name, keys)
        deleted, kept = 0, list[Refused]()
        for record_id in sorted(record.id for record in found.values()):
            record = await session.record_for_update(self.collection, record_id)
            if record is None or record.key not in found:
                continue
            if problems := self._deletion_problems(record):
                kept.append(Refused(None, record.key, f"is not deleted: {message_of(problems)}", ""))
            else:
                await session.delete(record, self.task.by)
                deleted += 1
        return deleted, kept

    def _deletion_problems(self, record: Record) -> tuple[Problem, ...]:
        try:
            return refused_deletion(self.collection, record.data, self.task.by)
        except HookFailed as error:
            return (Problem(str(error)),)

    def _letter(self, refused: Refused) -> DeadLetter:
        reason = f"{refused.identifier}: {refused.message}" if refused.identifier else refused.message
        return DeadLetter(self.collection.name, refused.key, None, IMPORT, reason, refused.payload)
