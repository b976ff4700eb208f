"""Imports of files from addresses, while they arrive; a run that was cut off goes on where it was."""

import asyncio
from collections.abc import Mapping
from typing import BinaryIO, cast

import structlog

from errors import NotFound
from indexing.services import Services
from models.collections.properties import Collection
from models.import_journals import Noted, TaskJournal
from models.imports import ImportReport, Resumed, import_records
from models.lines import FileChanged, Limits
from tasks.fetching import Download, FetchFailed, FetchLimits, Resume
from tasks.nudging import Nudges
from tasks.task_run import Finished, TaskRun

log = structlog.get_logger()


class FileImport:
    """The import of one file by a task; `conditions` are headers by which a server may answer that it has not changed.

    What the server said of the file is in `is_unchanged` and `headers` once it has run.
    """

    def __init__(self, services: Services, run: TaskRun, collection: Collection, url: str, nudges: Nudges) -> None:
        self._services = services
        self._run = run
        self._collection = collection
        self._url = url
        self._nudges = nudges
        self._journal = TaskJournal(services.database, run.task)
        self.is_unchanged = False
        self.headers: dict[str, str] = {}

    async def finish(self, conditions: Mapping[str, str] | None = None) -> Finished:
        """Import the file, or what is left of it. Raises `FetchFailed` where it breaks off."""
        noted = await self._journal.read()
        try:
            report = await self._import(noted, conditions)
        except FileChanged:
            # What was taken from the former file stays, as if that had been imported before.
            log.warning("import_begins_anew", task=self._run.task.id, url=self._url, reason="the file has changed")
            await self._journal.forget()
            report = await self._import(None, conditions)
        if report.broken:
            if not report.done:
                raise FetchFailed(f"{self._url} can't be imported: {report.broken}.")
            raise FetchFailed(f"{self._url} broke off: {report.broken}. What came before is imported.")
        self._run.progress(report.done, report.done)
        counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
        return Finished({**counts, "failed": report.failed})

    async def _import(self, noted: Noted | None, conditions: Mapping[str, str] | None) -> ImportReport:
        limits = FetchLimits.of(self._services.settings)
        with Download(self._url, limits, conditions, _resume(noted)) as file:
            self._run.when_interrupted(file.stop)
            await asyncio.to_thread(file.open)
            self._journal.validator = file.validator
            report = await import_records(
                self._services.database,
                self._collection,
                cast("BinaryIO", file),  # it is one for whoever only reads
                name=file.name,
                limits=Limits(line=self._services.settings.max_line),
                on_progress=lambda report: self._progress(report, file.size),
                by=self._run.task.by,
                journal=self._journal,
                resumed=self._resumed(noted, file.begins_at),
            )
            self.is_unchanged, self.headers = file.is_unchanged, file.headers
            return report

    def _resumed(self, noted: Noted | None, begins_at: int) -> Resumed | None:
        if noted is None:
            return None
        self._run.goes_on_at(noted.report.done)
        self._run.failed_items(noted.report.failed)
        return Resumed(noted.place, noted.report, begins_at)

    def _progress(self, report: ImportReport, size: int | None) -> None:
        share = min(report.position / size, 1.0) if size else None
        self._run.failed_items(report.failed)
        self._run.progress(report.done, share=share)
        asyncio.ensure_future(self._nudges.index())  # noqa: RUF006 - it only notes that there is work


def collection_of(services: Services, run: TaskRun) -> Collection:
    """The collection of a task. Raises `NotFound` where there is none any more."""
    collection = services.catalog.get(str(run.task.collection))
    if collection is None:
        raise NotFound(f"There is no collection {run.task.collection} any more.")
    return collection


async def run_import(services: Services, run: TaskRun, nudges: Nudges) -> Finished:
    """Import the file that the argument `url` names."""
    url = str(run.task.arguments["url"])
    return await FileImport(services, run, collection_of(services, run), url, nudges).finish()


def _resume(noted: Noted | None) -> Resume | None:
    """The rest of a file, where its bytes are those that are counted and its server can tell it from others."""
    if noted is None or noted.validator is None or noted.place.packed or not noted.place.offset:
        return None
    return Resume(noted.place.offset, noted.validator)
