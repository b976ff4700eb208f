"""What each kind of task does: a call into the layers below, and what it says of it."""

import asyncio
from dataclasses import asdict
from typing import BinaryIO, cast

from errors import NotFound
from indexing.bulk import Outcome
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.verify import verify
from models.collections.properties import Collection
from models.imports import ImportReport, LineProblem, import_records
from models.lines import Limits
from models.records import records_with_deleted
from tasks.fetching import Download, FetchFailed, FetchLimits
from tasks.nudging import Nudges
from tasks.task_run import Finished, TaskRun


async def run_import(services: Services, run: TaskRun, nudges: Nudges) -> Finished:
    """Import the NDJSON file, plain or gzip, that the argument `url` names."""
    collection = _collection(services, run)
    with Download(str(run.task.arguments["url"]), FetchLimits.of(services.settings)) as file:
        return await import_file(services, run, collection, file, nudges)


async def import_file(
    services: Services, run: TaskRun, collection: Collection, file: Download, nudges: Nudges
) -> Finished:
    """Import an NDJSON file while it arrives. Raises `FetchFailed` where it breaks off."""

    def on_progress(report: ImportReport) -> None:
        share = min(report.position / file.size, 1.0) if file.size else None
        run.progress(report.done, share=share)
        asyncio.ensure_future(nudges.index())  # noqa: RUF006 - it only notes that there is work

    def on_problem(problem: LineProblem) -> None:
        run.fail_item(problem.message, problem.key, problem.line)

    run.when_cancelled(file.stop)
    report = await import_records(
        services.database,
        collection,
        cast("BinaryIO", file),  # it is one for whoever only reads
        limits=Limits(line=services.settings.max_line),
        on_problem=on_problem,
        on_progress=on_progress,
        by=run.task.by,
    )
    if report.broken:
        raise FetchFailed(f"{file.url} broke off: {report.broken}. What came before is imported.")
    run.progress(report.done, report.done)
    return Finished(
        {
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "failed": report.failed,
        }
    )


async def run_rebuild(services: Services, run: TaskRun) -> Finished:
    """Build the collection's index anew, beside the one that serves."""
    run.stops_by_itself = True  # interrupted, it would leave its place for the next run

    def progress(done: int, total: int) -> None:
        run.check()
        run.progress(done, total)

    built = await rebuild(services, _collection(services, run), progress)
    await _fail_refused(services, run, built.refused)
    return Finished({"index": built.index, "indexed": built.indexed, "refused": len(built.refused)})


async def run_verify(services: Services, run: TaskRun) -> Finished:
    """Compare the collection's index with PostgreSQL, and mend it if the argument `repair` says so."""
    repair = bool(run.task.arguments["repair"])
    found = await verify(services, _collection(services, run), repair=repair, progress=run.progress)
    return Finished(asdict(found), partial=found.differences > found.repaired)


async def _fail_refused(services: Services, run: TaskRun, refused: tuple[Outcome, ...]) -> None:
    if not refused:
        return
    async with services.database.reading() as session:
        records = await records_with_deleted(session, {outcome.record_id for outcome in refused})
    for outcome in refused:
        record = records.get(outcome.record_id)
        run.fail_item(str(outcome.reason), record.key if record else None)


def _collection(services: Services, run: TaskRun) -> Collection:
    collection = services.catalog.get(str(run.task.collection))
    if collection is None:
        raise NotFound(f"There is no collection {run.task.collection} any more.")
    return collection
