"""The task kind HARVEST: a source's records, in the way of its kind."""

from errors import CatalographError, NotFound
from indexing.services import Services
from models.mapping_rules import WrongMappingError, read_mapping
from models.sources import SourceKind, find_source
from tasks.harvesting.ndjson import harvest_file
from tasks.harvesting.oai_pmh import OaiHarvest
from tasks.nudging import Nudges
from tasks.task_run import Finished, TaskRun


class UnfitSource(CatalographError):
    """The collection's file has changed, so that the source does not fit it any more: correct the source."""


async def run_harvest(services: Services, run: TaskRun, nudges: Nudges) -> Finished:
    """Harvest the source that the argument `source` numbers."""
    async with services.database.reading() as session:
        source = await find_source(session, int(run.task.arguments["source"]))
    if source is None:
        raise NotFound("There is no such source any more.")
    collection = services.catalog.get(source.values.collection)
    if collection is None:
        raise NotFound(f"There is no collection {source.values.collection} any more.")
    if source.values.kind is SourceKind.NDJSON:
        return await harvest_file(services, run, source, collection, nudges)
    try:
        mapping = read_mapping(collection, source.values.mapping)
    except WrongMappingError as error:
        raise UnfitSource(f"The mapping does not fit {collection.name}: {error}.") from None
    return await OaiHarvest(services, run, source, mapping, nudges).run()
