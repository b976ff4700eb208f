"""The database is brought to the tables that this version needs."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from errors import DatabaseOutdated, DatabaseUnavailable
from models.connections import open_engine
from models.database import Database
from models.migrating import migrate
from models.records import count_records
from models.tables import metadata

pytestmark = pytest.mark.anyio
VERSIONS = Path(__file__).resolve().parents[2] / "models" / "migrations" / "versions"
NEWEST = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


async def test_the_migrations_make_exactly_the_tables_that_the_code_describes(database_url: str) -> None:
    engine = open_engine(database_url, pool=1)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.scalar(text("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'")) >= 9
    await engine.dispose()


async def test_two_servers_that_migrate_at_once_take_turns(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))
    engine = open_engine(empty_database_url, pool=1)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == NEWEST
    await engine.dispose()


async def test_a_migration_without_a_server_says_that_postgresql_is_away() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await migrate("postgresql://postgres@127.0.0.1:1/nothing")


async def test_a_database_without_the_tables_says_how_to_make_them(empty_database_url: str) -> None:
    database = Database(empty_database_url, pool=1)
    with pytest.raises(DatabaseOutdated, match="Run `catalograph migrate`"):
        async with database.reading() as session:
            await count_records(session)
    await database.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))
