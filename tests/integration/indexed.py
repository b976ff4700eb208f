"""Collections with indices of their own on the servers of the run, and what is written to them."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from config import Settings
from indexing.services import Services, open_services
from models.records import Record
from tests.integration.conftest import ServerUrls


def settings_on(servers: ServerUrls, database_url: str, **others: Any) -> Settings:
    """Settings for one test, with a prefix of its own."""
    given = {
        "database_url": database_url,
        "elasticsearch_url": servers.elasticsearch_url,
        "redis_url": servers.redis_url,
        "broker_url": servers.redis_url,
        "secret": "of the tests alone",
        "index_prefix": f"t{uuid.uuid4().hex}",
        "index_batch": 50,
    }
    return Settings(**{**given, **others})


@asynccontextmanager
async def indexed_services(
    servers: ServerUrls, database_url: str, folder: Path, files: Mapping[str, str]
) -> AsyncIterator[Services]:
    """Services of the collections in `files`; what they make in Elasticsearch is removed afterwards."""
    for name, text in files.items():
        (folder / name).write_text(text)
    settings = settings_on(servers, database_url, collections=folder)
    async with open_services(settings) as opened:
        yield opened
        for index in await opened.search.ask("GET", f"/{settings.index_prefix}-*"):
            await opened.indexes.remove(index)
        await opened.search.ask("DELETE", f"/_index_template/{settings.index_prefix}")


async def create(services: Services, name: str, *documents: dict[str, Any]) -> list[Record]:
    async with services.database.writing() as session:
        return [await session.create(services.catalog[name], document) for document in documents]


async def update(services: Services, record: Record, data: dict[str, Any]) -> Record:
    collection = services.catalog[record.collection]
    async with services.database.writing() as session:
        current = await session.record_for_update(collection, record.id)
        assert current
        return await session.update(collection, current, data)


async def delete(services: Services, record: Record) -> Record:
    async with services.database.writing() as session:
        current = await session.record_for_update(services.catalog[record.collection], record.id)
        assert current
        return await session.delete(current)
