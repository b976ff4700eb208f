"""What tells whether answers still hold is read over one connection, and none is left behind where that fails."""

import asyncio

import pytest
from sqlalchemy import text

from errors import DatabaseOutdated
from models.connections import open_engine
from models.stamps import StampReader

pytestmark = pytest.mark.anyio

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


async def are_connected(database_url: str, others: int) -> bool:
    """Whether so many others are connected to the database, at last: the server ends those that have left in its own
    time.
    """
    engine = open_engine(database_url, pool=1)
    # Within a transaction the server would say the same each time.
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for _ in range(100):
            found = (await connection.execute(_OTHERS)).scalar_one()
            if found == others:
                break
            await asyncio.sleep(0.05)
    await engine.dispose()
    return bool(found == others)


async def test_a_reader_that_finds_no_tables_says_so_and_leaves_no_connection(empty_database_url: str) -> None:
    reader = StampReader(empty_database_url)
    for _ in range(3):
        with pytest.raises(DatabaseOutdated, match="migrate"):
            await reader.open()
    assert not reader.is_open
    assert await are_connected(empty_database_url, 0)


async def test_a_reader_holds_one_connection_until_it_is_dropped(database_url: str) -> None:
    reader = StampReader(database_url)
    await reader.open()
    assert await reader.read() == {}
    assert await are_connected(database_url, 1)
    reader.drop()
    assert not reader.is_open
