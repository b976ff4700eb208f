"""Dead letters: work on one record that failed for good, kept with its reason until it is retried or dropped."""

import hashlib
from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Text, and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from models.sessions import Session
from models.tables import dead_letters
from models.writes import WriteSession

INDEX = "INDEX"
"""The operation of a letter that tells what the index refused."""
IMPORT = "IMPORT"
"""The operation of a letter that tells what an import did not take."""
HOOK = "HOOK"
"""The operation of a letter that tells of what change a hook of an extension could not be told."""
MAX_PAYLOAD = 1_000_000
"""Characters of a payload that are kept."""
MAX_REASON = 2_000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What failed and why; `payload` is the text that could not be taken, cut to `MAX_PAYLOAD`."""

    collection: str
    key: str | None
    record_id: int | None
    operation: str
    reason: str
    payload: str
    attempts: int = 1
    id: int | None = None
    last_attempt_at: datetime | None = None


_COLUMNS = (
    dead_letters.c.collection,
    dead_letters.c.key,
    dead_letters.c.record_id,
    dead_letters.c.operation,
    dead_letters.c.reason,
    dead_letters.c.payload,
    dead_letters.c.attempts,
    dead_letters.c.id,
    dead_letters.c.last_attempt_at,
)
_SAME = ("collection", "operation", "record_id", "payload_hash")
_ADD = insert(dead_letters)
_ADD_OR_COUNT = _ADD.on_conflict_do_update(
    index_elements=_SAME,
    set_={
        "attempts": dead_letters.c.attempts + _ADD.excluded.attempts,
        "reason": _ADD.excluded.reason,
        "last_attempt_at": func.now(),
    },
)
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_COLLECTION = bindparam("collection", type_=Text)
_BEFORE = bindparam("before", type_=BigInteger)
_LIST = (
    select(*_COLUMNS)
    .where(
        or_(_COLLECTION.is_(None), dead_letters.c.collection == _COLLECTION),
        or_(_BEFORE.is_(None), dead_letters.c.id < _BEFORE),
    )
    .order_by(dead_letters.c.id.desc())
    .limit(bindparam("first", type_=BigInteger))
)
_OF_RECORDS = and_(
    dead_letters.c.collection == func.any(bindparam("collections", type_=ARRAY(Text))),
    dead_letters.c.operation == INDEX,
    dead_letters.c.record_id == func.any(_IDS),
)
_DROP_INDEX = delete(dead_letters).where(_OF_RECORDS)
_DROP_IMPORT = delete(dead_letters).where(
    dead_letters.c.collection == _COLLECTION,
    dead_letters.c.operation == IMPORT,
    dead_letters.c.key == func.any(bindparam("keys", type_=ARRAY(Text))),
)
_REFUSED = select(dead_letters.c.record_id, dead_letters.c.reason).where(_OF_RECORDS)
_COUNTS = select(dead_letters.c.collection, func.count()).group_by(dead_letters.c.collection)


async def add_dead_letters(session: WriteSession, letters: Sequence[DeadLetter]) -> None:
    """Keep the letters; one that is there already, with the same payload, counts its attempts."""
    distinct = {_identity(values): values for values in map(_values, letters)}
    if distinct:
        await session.run(_ADD_OR_COUNT, list(distinct.values()))


async def list_dead_letters(
    session: Session, collection: str | None, first: int, before: int | None = None
) -> list[DeadLetter]:
    """The newest letters, of one collection or of all, older than the letter `before` if that is given."""
    values = {"collection": collection, "first": first, "before": before}
    return [DeadLetter(*row) for row in await session.rows(_LIST, values)]


async def dead_letters_by_id(session: Session, ids: Sequence[int]) -> list[DeadLetter]:
    """The letters with these ids; those that are gone are left out."""
    rows = await session.rows(select(*_COLUMNS).where(dead_letters.c.id == func.any(_IDS)), {"ids": list(ids)})
    return [DeadLetter(*row) for row in rows]


async def drop_dead_letters(session: WriteSession, ids: Sequence[int]) -> int:
    """Forget the letters; how many there were."""
    statement = delete(dead_letters).where(dead_letters.c.id == func.any(_IDS)).returning(dead_letters.c.id)
    return len(await session.rows(statement, {"ids": list(ids)}))


async def drop_index_letters(session: WriteSession, collections: Several[str], record_ids: Several[int]) -> None:
    """Forget what the index refused of records that it has taken since."""
    if record_ids:
        await session.run(_DROP_INDEX, {"collections": list(collections), "ids": list(record_ids)})


async def drop_import_letters(session: WriteSession, collection: str, keys: Several[str]) -> None:
    """Forget what imports did not take of records that one has taken since."""
    if keys:
        await session.run(_DROP_IMPORT, {"collection": collection, "keys": list(keys)})


async def refused_records(session: Session, collections: Several[str], record_ids: Several[int]) -> dict[int, str]:
    """Which of the records the index has refused as they stand, and why."""
    rows = await session.rows(_REFUSED, {"collections": list(collections), "ids": list(record_ids)})
    return {row.record_id: row.reason for row in rows}


async def count_dead_letters(session: Session) -> dict[str, int]:
    """The number of letters of each collection that has any."""
    return {row[0]: row[1] for row in await session.rows(_COUNTS)}


def storable_text(text: str, limit: int) -> str:
    """`text` as PostgreSQL can store it, cut to `limit` characters."""
    cut = text[:limit].replace("\0", _REPLACEMENT)
    return cut.encode("utf-8", "replace").decode() if not cut.isascii() else cut


def _values(letter: DeadLetter) -> dict[str, object]:
    payload = storable_text(letter.payload, MAX_PAYLOAD)
    return {
        "collection": letter.collection,
        "key": letter.key and storable_text(letter.key, 1_000),
        "record_id": letter.record_id,
        "operation": letter.operation,
        "reason": storable_text(letter.reason, MAX_REASON),
        "payload": payload,
        "payload_hash": hashlib.sha256(payload.encode()).digest(),
        "attempts": letter.attempts,
    }


def _identity(values: dict[str, object]) -> tuple[object, ...]:
    return tuple(values[name] for name in _SAME)
