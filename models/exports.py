"""Exports of a collection as NDJSON, in the order of the keys."""

from collections.abc import AsyncIterator

from sqlalchemy import Text, bindparam, cast, func, select

from models.database import Database
from models.tables import records

_LINES = (
    select(func.convert_to(cast(records.c.data, Text).concat("\n"), "UTF8"))
    .where(records.c.collection == bindparam("collection", type_=Text), ~records.c.deleted)
    .order_by(records.c.key, records.c.id)
)


async def export_records(database: Database, collection: str) -> AsyncIterator[bytes]:
    """The lines of all living records as they stand at one moment, each with its line end, in constant memory."""
    async with database.snapshot() as session:
        async for row in session.stream(_LINES, {"collection": collection}):
            yield row[0]
