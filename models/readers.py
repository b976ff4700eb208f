"""Connections for look-ups: statements that stand alone and are run as often as anything is.

The driver is asked directly. Through SQLAlchemy's engine a statement costs five times the processor time, most of it
for the switch between its synchronous core and the event loop.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, Protocol, Self

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncEngine

from models.connections import CONNECT_SECONDS, POOL_SECONDS, SERVER_SETTINGS, naming_failures, read_jsonb
from models.tracing import POSTGRESQL, Trace


class Rows(Protocol):
    """Whatever runs a statement and gives its rows, in the order of the statement's columns."""

    async def rows(self, statement: Any, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """All rows of one statement."""


class Readers:
    """At most `most` connections, opened when they are needed and kept; each statement sees what is committed.

    Raises `DatabaseUnavailable` where PostgreSQL is away. What is written in SQLAlchemy's terms is compiled once.
    """

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(most)
        self._idle: list[asyncpg.Connection[asyncpg.Record]] = []
        self._texts: dict[Executable, tuple[str, Sequence[str]]] = {}
        self._trace: Trace | None = None

    def __len__(self) -> int:
        """How many connections are open and not used."""
        return len(self._idle)

    async def close(self) -> None:
        """Close what is open."""
        while self._idle:
            await self._idle.pop().close(timeout=CONNECT_SECONDS)

    def traced(self, trace: Trace) -> Self:
        """The same connections; what is sent over them by this one is written to `trace`."""
        traced = copy(self)
        traced._trace = trace  # noqa: SLF001 - it is one of us
        return traced

    async def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[asyncpg.Record]:
        """All rows of one statement that reads."""
        text, names = self._texts.get(statement) or self._compiled(statement)
        values = [parameters[name] for name in names]
        with naming_failures(), self._written_down(text, values):
            if self._free.locked():
                async with asyncio.timeout(POOL_SECONDS):
                    await self._free.acquire()
            else:
                await self._free.acquire()
            try:
                return await self._fetched(text, values)
            finally:
                self._free.release()

    async def _fetched(self, text: str, values: list[Any]) -> Sequence[asyncpg.Record]:
        connection = await self._connection()
        kept = False
        try:
            found: Sequence[asyncpg.Record] = await connection.fetch(text, *values)
            kept = True
        except asyncpg.PostgresError:
            kept = True  # it was the statement's fault
            raise
        finally:
            if kept:
                self._idle.append(connection)
            else:
                # Something may still be under way on it.
                connection.terminate()
        return found

    async def _connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        _, options = self._engine.dialect.create_connect_args(self._engine.url)
        opened = await asyncpg.connect(**options, timeout=CONNECT_SECONDS, server_settings=SERVER_SETTINGS)
        await opened.set_type_codec(
            "jsonb", schema="pg_catalog", format="binary", encoder=_no_writing, decoder=read_jsonb
        )
        return opened

    def _compiled(self, statement: Executable) -> tuple[str, Sequence[str]]:
        compiled: Any = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
        self._texts[statement] = found = compiled.string, tuple(compiled.positiontup)
        return found

    def _written_down(self, text: str, values: list[Any]) -> AbstractContextManager[None]:
        if self._trace is None:
            return nullcontext()
        return self._trace.timed(POSTGRESQL, {"statement": text, "parameters": values})


def _no_writing(_value: Any) -> bytes:
    raise TypeError("These connections read.")
