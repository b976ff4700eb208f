"""Tells whether what is known of a collection is still so: its records, and what searches see of them.

A stamp is given only where nothing is on its way: no write waits in the outbox, no change that an index has taken is
still to be shown, no index is being replaced. Every write adds to the outbox in its own transaction, and what leaves
the outbox is counted in the transaction in which it leaves. So between two moments with the same stamp nothing was
written to the records of the collection, and nothing of what searches see has changed.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from models.connections import driver_options, naming_failures, open_connection
from models.outbox import Stage

Stamps = Mapping[str, str | None]
"""By the names of the collections; `None` for those of which something is on its way."""

# One snapshot of all collections. A subquery for each finds the first row that waits, instead of joining all of them.
_READ = f"""
SELECT name, CASE WHEN changes = generation AND retiring_index IS NULL AND (
    SELECT 1 FROM outbox
    WHERE stage IN ({Stage.WRITTEN:d}, {Stage.TOUCHED:d}) AND outbox.collection = state.name LIMIT 1
) IS NULL THEN index_name || ':' || changes END
FROM collection_state AS state
"""  # noqa: S608 - only our own numbers


class StampReader:
    """Reads stamps over a connection of its own, with a statement that was prepared once: one reading at a time."""

    def __init__(self, database_url: str) -> None:
        self._options = driver_options(database_url)
        self._connection: asyncpg.Connection | None = None
        self._statement: Any = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def open(self) -> None:
        """Connect. Raises `DatabaseUnavailable`."""
        with naming_failures():
            connection = await open_connection(self._options)
            try:
                self._statement = await connection.prepare(_READ)
            except BaseException:
                connection.terminate()
                raise
        self._connection = connection

    async def read(self) -> Stamps:
        """The stamps of this moment. Raises `DatabaseUnavailable`."""
        with naming_failures():
            return dict(await self._statement.fetch())

    def drop(self) -> None:
        """Give up the connection, whatever it is doing."""
        connection, self._connection, self._statement = self._connection, None, None
        if connection is not None:
            connection.terminate()
