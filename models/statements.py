"""Single statements on connections of asyncpg's own: what is done most pays for no more than the driver.

SQLAlchemy writes each statement down once. Beside it there is neither a transaction nor anything to put back in a
connection, so that a statement is one message to the server and one answer.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Dialect, Executable
from sqlalchemy.sql import ClauseElement

from models import connections
from models.connections import naming_failures
from models.outages import Outages
from models.sessions import Parameters, Reader
from models.tracing import POSTGRESQL, Trace, plain
from models.turns import Turns


class Connections:
    """At most `size` connections, opened when they are needed and kept."""

    def __init__(self, options: Mapping[str, Any], size: int) -> None:
        self._options = options
        self._size = size
        self._open = 0
        self._closed = False
        self._idle: list[asyncpg.Connection] = []
        self._turns = Turns()

    def __len__(self) -> int:
        """How many are open and not used."""
        return len(self._idle)

    async def fetch(self, statement: str, arguments: Sequence[Any]) -> list[asyncpg.Record]:
        """The rows of a statement, which is a transaction of its own."""
        connection = self._idle.pop() if self._idle else await self._opened()
        while connection.is_closed():
            self._open -= 1
            connection = self._idle.pop() if self._idle else await self._opened()
        try:
            return await connection.fetch(statement, *arguments)
        except asyncpg.InternalClientError:
            # The server has said goodbye to it, and the driver waits for an end that may not have come yet.
            connection.terminate()
            raise
        finally:
            # One whose statement was cancelled has its next statement wait until the server knows.
            self._give_back(connection)

    async def close(self) -> None:
        """Close what is not in use now, and what is as soon as it is given back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close(timeout=1)
            self._open -= 1

    async def _opened(self) -> asyncpg.Connection:
        if self._closed:
            raise asyncpg.InterfaceError("the pool is closed")
        if self._open >= self._size:
            async with asyncio.timeout(connections.POOL_SECONDS):
                while not self._idle and self._open >= self._size:
                    await self._turns.wait()
            if self._idle:
                return self._idle.pop()
        self._open += 1
        try:
            return await connections.open_connection(self._options)
        except BaseException:
            self._open -= 1
            self._turns.pass_on()
            raise

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if self._closed:
            connection.terminate()
        if connection.is_closed():
            self._open -= 1
        else:
            self._idle.append(connection)
        self._turns.pass_on()


class Statements(Reader):
    """Runs statements that stand in the code, each by itself; raises `DatabaseUnavailable` where PostgreSQL is away."""

    def __init__(
        self, connections: Connections, dialect: Dialect, outages: Outages | None = None, trace: Trace | None = None
    ) -> None:
        self._connections = connections
        self._dialect = dialect
        self._outages = outages
        self._trace = trace
        self._written: WeakKeyDictionary[Executable, tuple[str, tuple[str, ...]]] = WeakKeyDictionary()

    def __len__(self) -> int:
        """How many connections are open and not used."""
        return len(self._connections)

    def traced(self, trace: Trace) -> "Statements":
        """The same connections; what is sent over them by this one is written to `trace`."""
        return Statements(self._connections, self._dialect, self._outages, trace)

    def unbroken(self) -> "Statements":
        """The same connections; no statement that was begun is broken off, since it may have written."""
        return Statements(self._connections, self._dialect, None, self._trace)

    async def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        text, names = self._written.get(statement) or self._write(statement)
        values = [parameters[name] for name in names] if parameters else []
        with naming_failures():
            if self._outages is None:
                return await self._fetch(text, values)
            with self._outages.watch():
                return await self._fetch(text, values)

    async def _fetch(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        if self._trace is None:
            return await self._connections.fetch(text, values)
        with self._trace.timed(POSTGRESQL, {"statement": text, "parameters": plain(values)}):
            return await self._connections.fetch(text, values)

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    def _write(self, statement: Executable) -> tuple[str, tuple[str, ...]]:
        assert isinstance(statement, ClauseElement)
        compiled: Any = statement.compile(dialect=self._dialect)
        written = self._written[statement] = str(compiled), tuple(compiled.positiontup or ())
        return written
