"""Which record came from which identifier of a source, where the key is taken from metadata that deletions lack."""

from collections.abc import Collection as Several
from collections.abc import Mapping

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from models.sessions import Session
from models.tables import source_records
from models.writes import WriteSession

_KEYS = select(source_records.c.identifier, source_records.c.key).where(
    source_records.c.source_id == bindparam("source", type_=BigInteger),
    source_records.c.identifier == func.any(bindparam("identifiers", type_=ARRAY(Text))),
)


async def remember_keys(session: WriteSession, source_id: int, keys: Mapping[str, str]) -> None:
    """Note the keys of the records that came from a source, by their identifiers there."""
    rows = [{"source_id": source_id, "identifier": one, "key": keys[one]} for one in sorted(keys)]
    if rows:
        statement = insert(source_records)
        primary = [source_records.c.source_id, source_records.c.identifier]
        changed = {"key": statement.excluded.key}
        await session.run(statement.on_conflict_do_update(index_elements=primary, set_=changed), rows)


async def known_keys(session: Session, source_id: int, identifiers: Several[str]) -> dict[str, str]:
    """The keys by identifier; those that never came are left out."""
    if not identifiers:
        return {}
    rows = await session.rows(_KEYS, {"source": source_id, "identifiers": list(identifiers)})
    return {row.identifier: row.key for row in rows}
