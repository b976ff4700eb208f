"""A harvest of an NDJSON file over HTTP, which is sent only if it is another than last time."""

from dataclasses import replace

from indexing.services import Services
from models.collections.properties import Collection
from models.sources import Source, note_harvested
from tasks.importing import FileImport
from tasks.nudging import Nudges
from tasks.task_run import Finished, TaskRun

_ASKED = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
"""What tells a file from others, and the header that asks for another one (RFC 9110, section 13.1)."""


async def harvest_file(
    services: Services, run: TaskRun, source: Source, collection: Collection, nudges: Nudges
) -> Finished:
    """Import the file of a source, unless it is the one that was imported last."""
    conditions = {_ASKED[name]: value for name, value in source.validators.items()}
    began = run.task.started_at
    assert began
    importing = FileImport(services, run, collection, source.values.url, nudges)
    finished = await importing.finish(conditions)
    validators = {name: value for name in _ASKED if (value := importing.headers.get(name.lower()))}
    if importing.is_unchanged:
        finished = replace(finished, message="The file is the one that was harvested last.")
    taken = source.validators if importing.is_unchanged else validators
    await services.database.write(lambda session: note_harvested(session, source, began, taken))
    return finished
