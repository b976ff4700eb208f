"""What each kind of task does: a call into the layers below, and what it says of it."""

from dataclasses import asdict

from indexing.bulk import Outcome
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.verify import verify
from models.records import records_with_deleted
from tasks.importing import collection_of
from tasks.task_run import Finished, TaskRun


async def run_rebuild(services: Services, run: TaskRun) -> Finished:
    """Build the collection's index anew, beside the one that serves."""
    run.stops_by_itself = True  # interrupted, it would leave its place for the next run

    def progress(done: int, total: int) -> None:
        run.check()
        run.progress(done, total)

    built = await rebuild(services, collection_of(services, run), progress)
    await _fail_refused(services, run, built.refused)
    return Finished({"index": built.index, "indexed": built.indexed, "refused": len(built.refused)})


async def run_verify(services: Services, run: TaskRun) -> Finished:
    """Compare the collection's index with PostgreSQL, and mend it if the argument `repair` says so."""
    repair = bool(run.task.arguments["repair"])
    found = await verify(services, collection_of(services, run), repair=repair, progress=run.progress)
    return Finished(asdict(found), partial=found.differences > found.repaired)


async def _fail_refused(services: Services, run: TaskRun, refused: tuple[Outcome, ...]) -> None:
    if not refused:
        return
    async with services.database.reading() as session:
        records = await records_with_deleted(session, {outcome.record_id for outcome in refused})
    for outcome in refused:
        record = records.get(outcome.record_id)
        run.fail_item(str(outcome.reason), record.key if record else None)
