"""Statements on one connection: what reading and writing share."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from models.connections import naming_failures

Parameters = Mapping[str, Any]
AnyRow = Row[*tuple[Any, ...]]


class Reader(ABC):
    """What gives the rows of statements; raises `DatabaseUnavailable` where PostgreSQL is away."""

    @abstractmethod
    async def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        """All rows of one statement: what stands in them by its place."""

    async def row(self, statement: Executable, parameters: Parameters | None = None) -> Any | None:
        """The first row of one statement, if there is any."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None


class Session(Reader):
    """Runs statements; raises `DatabaseUnavailable` where PostgreSQL is away.

    Whoever only reads takes a `Session` and works in both kinds; whoever writes asks for a `WriteSession`.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """How PostgreSQL writes what SQLAlchemy means."""
        return self._connection.dialect

    async def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[AnyRow]:
        """All rows of one statement."""
        return (await self.run(statement, parameters)).all()

    async def row(self, statement: Executable, parameters: Parameters | None = None) -> AnyRow | None:
        """The first row of one statement, if there is any."""
        return (await self.run(statement, parameters)).first()

    async def stream(self, statement: Executable, parameters: Parameters | None = None) -> AsyncIterator[AnyRow]:
        """The rows of one statement through a cursor on the server, a thousand at a time.

        Cursors live in a transaction: in a snapshot, or while writing.
        """
        with naming_failures():
            result = await self._connection.stream(
                statement, parameters, execution_options={"yield_per": 1000, "max_row_buffer": 1000}
            )
        partitions = result.partitions()
        while True:
            with naming_failures():
                rows = await anext(partitions, None)
            if rows is None:
                return
            for row in rows:
                yield row

    async def run(
        self, statement: Executable, parameters: Parameters | Sequence[Parameters] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement, or the same one for each of several sets of parameters."""
        with naming_failures():
            return await self._connection.execute(statement, parameters)


class ReadSession(Session):
    """A connection for reading: each statement by itself, seeing what is committed when it starts."""
