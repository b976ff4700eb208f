"""How PostgreSQL is reached: the engine, its codecs, and the one place that says when it is away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import event, exc, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from errors import DatabaseOutdated, DatabaseUnavailable

_CONNECT_SECONDS = 5
POOL_SECONDS = 15
_SERVER_SETTINGS = {
    "application_name": "catalograph",
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "10min",
}
# Classes 08 (connection) and 57P (shutdown, crash, starting up), and too many connections.
_AWAY_STATES = ("08", "57P", "53300")
# What the driver calls internal is a connection that has ended and not been closed yet.
_FAILURES = (
    OSError,
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Classes 28 (a wrong user or password) and 3D (no such database).
_REFUSALS = ("28", "3D")
_NO_SUCH = ("42P01", "42703")  # undefined table, undefined column


def open_engine(database_url: str, pool: int) -> AsyncEngine:
    """An engine on asyncpg that connects when first used and keeps at most `pool` connections.

    JSONB goes in as a value or as ready-made bytes and comes out parsed. A connection that the server has
    closed is noticed when it is taken from the pool, without asking the server.
    """
    engine = create_async_engine(
        driver_url(database_url),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        json_serializer=encode,
        connect_args={"timeout": _CONNECT_SECONDS, "server_settings": _SERVER_SETTINGS},
    )
    event.listen(engine.sync_engine, "connect", _set_codec)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def driver_options(database_url: str) -> dict[str, Any]:
    """What `asyncpg.connect` is given for a connection of the driver's own that speaks as those of the engine do."""
    url = make_url(driver_url(database_url))
    _, options = url.get_dialect()().create_connect_args(url)
    kept = options.pop("prepared_statement_cache_size", 100)
    options.pop("prepared_statement_name_func", None)
    return {
        **options,
        "timeout": _CONNECT_SECONDS,
        "server_settings": _SERVER_SETTINGS,
        "statement_cache_size": kept,
        "max_cached_statement_lifetime": 0,  # what is prepared stays prepared
    }


async def open_connection(options: Mapping[str, Any]) -> asyncpg.Connection:
    """A connection of the driver's own."""
    connection: asyncpg.Connection = await asyncpg.connect(**options)
    try:
        await _use_jsonb(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def driver_url(database_url: str) -> str:
    """`postgresql://…` as SQLAlchemy wants it, with the driver."""
    return make_url(database_url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def encode(value: Any) -> bytes:
    """JSON text of `value`; bytes are JSON text already."""
    return value if type(value) is bytes else orjson.dumps(value)


@contextmanager
def naming_failures() -> Iterator[None]:
    """Raise `DatabaseUnavailable` where the driver's error means that PostgreSQL is away, `DatabaseOutdated` where it
    means that the tables are not those of this version.
    """
    try:
        yield
    except _FAILURES as error:
        if _lacks_tables(error):
            raise DatabaseOutdated(
                "PostgreSQL has not the tables of this version.", "Run `catalograph migrate`."
            ) from error
        if _is_refused(error):
            raise DatabaseUnavailable(
                f"PostgreSQL lets nobody in: {_first_line(error)}.", "Correct CATALOGRAPH_DATABASE_URL."
            ) from error
        if not _is_away(error):
            raise
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {_first_line(error)}.") from error


def _is_refused(error: BaseException) -> bool:
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return bool(state) and str(state).startswith(_REFUSALS)


def _is_away(error: BaseException) -> bool:
    if isinstance(error, OSError | exc.TimeoutError | asyncpg.InternalClientError):
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or (error.orig is not None and _is_away(error.orig))
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state).startswith(_AWAY_STATES)
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)


def _lacks_tables(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return getattr(cause, "sqlstate", None) in _NO_SUCH


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


# SQLAlchemy's events hand over untyped driver objects.
def _set_codec(connection: Any, _record: Any) -> None:
    connection.run_async(_use_jsonb)


async def _use_jsonb(driver: asyncpg.Connection) -> None:
    await driver.set_type_codec("jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb)


# PostgreSQL's binary jsonb is a version byte before the text.
def _to_jsonb(encoded: bytes) -> bytes:
    return b"\x01" + encoded


def _from_jsonb(binary: bytes) -> Any:
    return orjson.loads(binary[1:])


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    if connection.driver_connection.is_closed():
        raise exc.DisconnectionError
