"""What each kind of task does: a call into the layers below, and what it says of it."""

from dataclasses import asdict

from indexing.bulk import Outcome
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.verify import verify
from tasks.importing import collection_of
from tasks.task_run import Finished, TaskRun


async def run_rebuild(services: Services, run: TaskRun) -> Finished:
    """Build the collection's index anew, beside the one that serves."""
    run.stops_by_itself = True  # interrupted, it would leave its place for the next run

    def progress(done: int, total: int) -> None:
        run.check()
        run.progress(done, total)

    def refused(outcome: Outcome, key: str | None) -> None:
        run.fail_item(str(outcome.reason), key)

    built = await rebuild(services, collection_of(services, run), progress, refused)
    told = (
        None
        if built.left <= built.refused
        else f"Records that could not be indexed: {built.left:,}. See `deadLetters`."
    )
    counts = {"index": built.index, "indexed": built.indexed, "refused": built.refused}
    return Finished(counts, partial=built.left > 0, message=told)


async def run_verify(services: Services, run: TaskRun) -> Finished:
    """Compare the collection's index with PostgreSQL, and mend it if the argument `repair` says so."""
    repair = bool(run.task.arguments["repair"])
    found = await verify(services, collection_of(services, run), repair=repair, progress=run.progress)
    return Finished(asdict(found), partial=found.differences > found.repaired)
