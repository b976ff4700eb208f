"""`catalograph export`: a collection as NDJSON on standard output."""

import sys

from commands.choosing import chosen
from config import Settings
from indexing.services import open_services
from models.exports import export_records


async def run_export(settings: Settings, name: str) -> None:
    """Write every record, in the order of the keys."""
    async with open_services(settings) as services:
        collection = chosen(services.catalog, name)
        async for line in export_records(services.database, collection.name):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
