"""Bringing a database to the tables that this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models.connections import driver_url, naming_failures

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number does, as long as nothing else of ours locks the same one.
_LOCK = 0x6361_7461_6C6F_67
# Numbers of transactions that are yet to come are those of the cluster that a dump was taken from. What some hook of an
# extension is still to be told of comes last of it.
_FORGET_OTHER_CLUSTER = text("""
UPDATE revisions SET transaction_id = CASE
    WHEN (transaction_id, record_id, revision) >
        (SELECT transaction_id, record_id, revision FROM commit_hooks ORDER BY 1, 2, 3 LIMIT 1)
    THEN pg_current_xact_id()::text::bigint ELSE 0 END
WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
""")
_FORGET_OTHER_PLACES = text("""
UPDATE commit_hooks SET transaction_id = pg_current_xact_id()::text::bigint - 1
WHERE transaction_id >= pg_current_xact_id()::text::bigint
""")


async def migrate(database_url: str) -> None:
    """Create or upgrade the tables and indexes of `database_url`, all steps in one transaction.

    Safe to run from any folder, again, and by several servers at once: they take turns.
    Raises `DatabaseUnavailable` if PostgreSQL does not answer.
    """
    engine = create_async_engine(driver_url(database_url), poolclass=NullPool)
    try:
        with naming_failures():
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                await connection.run_sync(_upgrade)
                await connection.execute(_FORGET_OTHER_CLUSTER)
                await connection.execute(_FORGET_OTHER_PLACES)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
