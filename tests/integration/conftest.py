"""Real servers for one layer: a database of its own for each test, copied from one that was migrated once."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from config import load_settings
from models.collections.loading import Catalog, load_catalog
from models.collections.properties import Collection
from models.database import Database
from models.migrating import migrate
from tests.running import System, execute

TEMPLATE = f"catalograph_template_{os.getpid()}"

WORKS = """
name: Work
key: number
schema:
  type: object
  required: [number]
  additionalProperties: false
  properties:
    number: {type: string}
    title: {type: [string, "null"]}
    year: {type: [integer, "null"]}
    rank: {}
    size: {type: object, properties: {width: {type: number}, height: {type: number}}}
"""
NOTES = """
name: Note
schema:
  type: object
  properties:
    text: {type: string}
"""


@dataclass(frozen=True)
class ServerUrls:
    """Where the servers of this run are."""

    database_url: str
    elasticsearch_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(system: System) -> ServerUrls:
    """PostgreSQL, Elasticsearch and Valkey of the system that this run has started."""
    settings = load_settings(system.data, environment={})
    return ServerUrls(settings.database_url, settings.elasticsearch_url, settings.redis_url)


@pytest.fixture(scope="session")
def template_url(servers: ServerUrls) -> Iterator[str]:
    """A migrated database to copy."""

    async def make() -> str:
        await execute(servers.database_url, f'CREATE DATABASE "{TEMPLATE}"')
        url = _named(servers.database_url, TEMPLATE)
        await migrate(url)
        return url

    yield asyncio.run(make())
    asyncio.run(execute(servers.database_url, f'DROP DATABASE "{TEMPLATE}" WITH (FORCE)'))


@pytest.fixture
async def database_url(servers: ServerUrls, template_url: str) -> AsyncIterator[str]:
    """A fresh migrated database."""
    name = f"test_{uuid.uuid4().hex}"
    await execute(servers.database_url, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
    yield _named(template_url, name)
    await execute(servers.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def empty_database_url(servers: ServerUrls) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"test_{uuid.uuid4().hex}"
    await execute(servers.database_url, f'CREATE DATABASE "{name}"')
    yield _named(servers.database_url, name)
    await execute(servers.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database, opened."""
    opened = Database(database_url, pool=5)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """`Work`, known by its `number`, and `Note`, which has no key."""
    folder: Path = tmp_path_factory.mktemp("collections")
    (folder / "work.yaml").write_text(WORKS)
    (folder / "note.yaml").write_text(NOTES)
    return load_catalog(folder)


@pytest.fixture
def works(catalog: Catalog) -> Collection:
    return catalog["Work"]


@pytest.fixture
def notes(catalog: Catalog) -> Collection:
    return catalog["Note"]


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
