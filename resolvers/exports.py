"""Files that exports have written, for `admin` alone."""

import asyncio
from pathlib import Path

from errors import Forbidden, NotFound, SettingsError
from indexing.services import Services
from models.tables import MAX_ID
from models.tasks import Kind, State, find_task
from resolvers.viewer import Viewer
from tasks.export_files import ENDING, ExportFiles


async def exported_file(services: Services, viewer: Viewer, number: int) -> tuple[Path, str]:
    """The file of an export by the number of its task, and what to call it. Raises `Forbidden` or `NotFound`."""
    if not viewer.is_admin:
        raise Forbidden("Exports are for admin alone.", "Ask with a token that has the role.")
    task = None
    if number <= MAX_ID:
        async with services.database.reading() as session:
            task = await find_task(session, number)
    if task is None or task.kind is not Kind.EXPORT or task.state is not State.SUCCEEDED or task.ended_at is None:
        raise NotFound("There is no such export.")
    try:
        path = ExportFiles.of(services.settings).path(task.id)
    except SettingsError as error:
        raise NotFound("This server has no folder for exports.", error.remedy) from error
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("The file of this export is gone.", "Export the collection again.")
    return path, f"{task.collection}-{task.ended_at:%Y-%m-%d}{ENDING}"
