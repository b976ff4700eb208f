"""The database: connections to PostgreSQL, opened for reading or for one transaction of writing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import copy
from typing import Self, TypeVar

import asyncpg
import structlog
from sqlalchemy import Text, bindparam, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from errors import DatabaseUnavailable
from metrics import swallowed
from models.connections import driver_options, naming_failures, open_engine
from models.outages import Outages
from models.records import SharedLookups
from models.sessions import ReadSession
from models.statements import Connections, Statements
from models.tracing import POSTGRESQL, Trace, traced_engine
from models.writes import AfterCommit, Overtaken, RecordWrites, SingleWrites, WriteSession

T = TypeVar("T")

_PING = text("SELECT 1")
_NAME = bindparam("name", type_=Text)
_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 1))").bindparams(_NAME)
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 1))").bindparams(_NAME)
_RERUN_STATES = ("40001", "40P01")  # serialisation failure, deadlock: the transaction was undone to let others go on
_RERUNS = 5
PROBE_SECONDS = 3.0
"""How long PostgreSQL may take to answer that it is there: longer than Elasticsearch, since nothing goes on without."""
_RERUN = "a transaction that was run again"

log = structlog.get_logger()


class Database:
    """Pools of connections that outlive restarts of PostgreSQL: one for sessions, one for single statements.

    Everything raises `DatabaseUnavailable` while PostgreSQL does not answer, and works again afterwards.
    """

    def __init__(self, database_url: str, pool: int = 10) -> None:
        engine, options = open_engine(database_url, pool), driver_options(database_url)
        # Of its own, so that it never waits behind slow statements for a connection.
        self._probe = Statements(Connections(options, 1), engine.dialect)
        self._outages = Outages(POSTGRESQL, lambda: self._probe.row(_PING), _hanging, PROBE_SECONDS)
        self._use(engine, Statements(Connections(options, pool), engine.dialect, self._outages))

    def _use(self, engine: AsyncEngine, statements: Statements) -> None:
        self.statements = statements
        self.records = SharedLookups(statements)
        self._writes = statements.unbroken()
        self.engine = engine
        # A look-up is one round trip: no BEGIN before it and no ROLLBACK after it.
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._snapshot = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def close(self) -> None:
        await self.records.close()
        await self._outages.close()
        await self._probe.close()
        await self.statements.close()
        await self.engine.dispose()

    def traced(self, trace: Trace) -> Self:
        """The same pool of connections; what is sent over it by this one is written to `trace`."""
        traced = copy(self)
        traced._use(traced_engine(self.engine, trace), self.statements.traced(trace))  # noqa: SLF001 - it is one of us
        return traced

    async def ping(self) -> None:
        """Ask PostgreSQL for a sign of life; raises `DatabaseUnavailable` if there is none."""
        await self.statements.row(_PING)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadSession]:
        """A connection for reading: each statement sees what is committed when it starts."""
        with self._outages.watch():
            async with _connected(self._reading) as connection:
                yield ReadSession(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ReadSession]:
        """A connection for reading where all statements see the same moment."""
        self._outages.refuse()
        async with _connected(self._snapshot) as connection:
            yield ReadSession(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[WriteSession]:
        """One transaction: committed when the block is left, undone when it raises."""
        self._outages.refuse()
        async with _connected(self.engine) as connection:
            session = WriteSession(connection)
            yield session  # closing the connection undoes what was not committed
            with naming_failures():
                await connection.commit()
        for hook in session.hooks:
            await _run_hook(hook)

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[bool]:
        """Whether nobody else is in such a block of this name now; it is held until the block, or the process, ends."""
        self._outages.refuse()
        async with _connected(self._reading) as connection:
            session = ReadSession(connection)
            row = await session.row(_TRY_LOCK, {"name": name})
            alone = bool(row and row[0])
            try:
                yield alone
            finally:
                if alone:
                    await session.run(_UNLOCK, {"name": name})

    async def write_one(self, work: Callable[[RecordWrites], Awaitable[T]]) -> T:
        """Run `work`, which reads and writes one record and nothing else, without a transaction where it needs none.

        `work` may run several times: in a transaction where another write has come between its reading and its writing.
        """
        self._outages.refuse()
        single = SingleWrites(self._writes, self.records)
        try:
            done = await work(single)
        except Overtaken as error:
            swallowed(_RERUN, error)  # nothing was done yet
            return await self.write(work)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _RERUN_STATES:
                raise
            swallowed(_RERUN, error)  # nothing was done yet
            return await self.write(work)
        for hook in single.hooks:
            await _run_hook(hook)
        return done

    async def write(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        """Run `work` in one transaction, again if it met others in a deadlock. `work` may run several times."""
        for attempt in range(_RERUNS):
            try:
                async with self.writing() as session:
                    return await work(session)
            except exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _RERUN_STATES or attempt == _RERUNS - 1:
                    raise
                swallowed(_RERUN, error)  # nothing of it was done
                await asyncio.sleep(0.02 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")


def _hanging() -> DatabaseUnavailable:
    return DatabaseUnavailable("PostgreSQL does not answer.", "Everything comes back by itself when it does.")


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    with naming_failures():
        connection = await engine.connect()
    try:
        yield connection
    finally:
        with naming_failures():
            await asyncio.shield(connection.close())


async def _run_hook(hook: AfterCommit) -> None:
    try:
        await hook()
    except Exception:
        # The write is committed: to raise here would tell the caller that it failed.
        log.exception("after_commit_failed", hook=getattr(hook, "__qualname__", repr(hook)))
