"""Exports of collections into files that can be fetched from any server, until their tasks are forgotten."""

import asyncio

from indexing.services import Services
from models.exports import export_records
from models.records import count_records
from models.tasks import tasks_by_id
from tasks.export_files import ENDING, ExportFiles
from tasks.importing import collection_of
from tasks.task_run import Finished, TaskRun

DOWNLOADS = "/exports"
"""Where servers give the files out."""
_TOLD_EVERY = 1_000


async def run_export(services: Services, run: TaskRun) -> Finished:
    """Write all records of the collection, as they stand at one moment, in the order of their keys.

    Raises `SettingsError` where no folder for exports is set.
    """
    collection = collection_of(services, run)
    files = ExportFiles.of(services.settings)
    await forget_files(services)
    async with services.database.reading() as session:
        total = (await count_records(session)).get(collection.name, 0)
    number = 0
    async with files.writing(run.task) as file:
        async for line in export_records(services.database, collection.name):
            await file.write(line)
            number += 1
            if number % _TOLD_EVERY == 0:
                run.progress(number, max(total, number))
    run.progress(number, number)
    url = f"{DOWNLOADS}/{run.task.id}{ENDING}"
    return Finished({"url": url, "records": number, "bytes": file.packed_size})


async def forget_files(services: Services) -> None:
    """Remove the files of tasks that are forgotten, and what lost workers have left; nothing without a folder."""
    if not services.settings.export_folder:
        return
    files = ExportFiles.of(services.settings)
    ids = await asyncio.to_thread(files.ids)
    if ids:
        async with services.database.reading() as session:
            kept = await tasks_by_id(session, list(ids))
        await asyncio.to_thread(files.keep, kept, ids)
