"""Writing many documents of one collection at once, by key: few statements, whatever the number."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from models.decisions import Change, Decider, Outcome, Refusal, Upserted
from models.documents import Prepared
from models.records import ANY_KEYS, CREATE, UPDATE
from models.sessions import AnyRow
from models.tables import records
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

__all__ = ["Outcome", "Refusal", "Upserted", "upsert_many"]

# The data as text: large documents are parsed one at a time, when it is their turn.
_CURRENT = select(
    records.c.id,
    records.c.collection,
    records.c.key,
    records.c.revision,
    records.c.index_version,
    func.convert_to(cast(records.c.data, Text), "UTF8").label("data"),
    records.c.created_at,
    records.c.updated_at,
).where(records.c.collection == bindparam("collection", type_=Text), records.c.key == ANY_KEYS, ~records.c.deleted)

# The record's revision rows and places in the outbox, from the rows that a statement has just written.
_NOTED = """
noted AS (
    INSERT INTO revisions (record_id, revision, operation, by) SELECT id, revision, :operation, :by FROM written
), queued AS (
    INSERT INTO outbox (collection, record_id) SELECT :collection, id FROM written
)
SELECT id, key FROM written ORDER BY id
"""

_INSERT = text(f"""
WITH written AS (
    INSERT INTO records (collection, key, data)
    SELECT :collection, given.key, given.data
    FROM unnest(:keys, :data) WITH ORDINALITY AS given(key, data, place) ORDER BY place
    ON CONFLICT (collection, key) WHERE NOT deleted DO NOTHING
    RETURNING id, key, revision
), {_NOTED}
""").bindparams(  # noqa: S608 -- only our own names
    bindparam("collection", type_=Text),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("data", type_=ARRAY(JSONB)),
)

# Records that changed since they were read are left out: `FOR UPDATE` waits for their writers and compares again.
_UPDATE = text(f"""
WITH given AS (
    SELECT * FROM unnest(:ids, :revisions, :data) AS given(id, revision, data)
), held AS (
    SELECT records.id, records.revision, records.data
    FROM records JOIN given USING (id, revision) WHERE NOT records.deleted
    ORDER BY records.id FOR UPDATE OF records
), moved AS (
    UPDATE revisions SET data = held.data FROM held
    WHERE revisions.record_id = held.id AND revisions.revision = held.revision
), written AS (
    UPDATE records
    SET data = given.data, revision = records.revision + 1, index_version = index_version + 1, updated_at = now()
    FROM held JOIN given USING (id) WHERE records.id = held.id
    RETURNING records.id, records.key, records.revision
), {_NOTED}
""").bindparams(  # noqa: S608 -- only our own names
    bindparam("collection", type_=Text),
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("revisions", type_=ARRAY(Integer)),
    bindparam("data", type_=ARRAY(JSONB)),
)


async def upsert_many(
    session: WriteSession,
    collection: "Collection",
    documents: Sequence[Prepared],
    by: str | None = None,
    refuse: Refusal | None = None,
    set_on_create: Sequence[str] = (),
    forbid: Refusal | None = None,
) -> list[Upserted]:
    """Create or change the records that have the documents' keys, one result a document, in their order.

    A document is merged over its record as a patch is; what changes nothing makes no revision. Of documents with
    the same key a later one is merged over an earlier one. In a collection without a key each makes a new record.
    A concurrent writer of the same keys is waited for, and its state merged with. `refuse` is asked about each
    record before and after, also where nothing would change, `forbid` about what hooks have made of it. Properties in
    `set_on_create` are for new records only.
    """
    batch = Decider(collection, documents, refuse, set_on_create, by=by, forbid=forbid)
    for places in batch.rounds():
        waiting = places
        while waiting:
            decided = batch.decide(waiting, await _current(session, collection, documents, waiting))
            created = {place: decided.hooked.get(place, documents[place]) for place in decided.created}
            batch.settled |= await _insert(session, collection, created, by)
            batch.settled |= await _update(session, collection, decided.changed, by)
            # What somebody else wrote in between is not settled yet: decide again on what stands now.
            waiting = [place for place in waiting if place not in batch.settled]
    return [batch.settled[place] for place in range(len(documents))]


async def _current(
    session: WriteSession, collection: "Collection", documents: Sequence[Prepared], places: Sequence[int]
) -> dict[str, AnyRow]:
    keys = [key for place in places if (key := documents[place].key) is not None]
    rows = await session.rows(_CURRENT, {"collection": collection.name, "keys": keys}) if keys else []
    return {row.key: row for row in rows}


async def _insert(
    session: WriteSession, collection: "Collection", documents: Mapping[int, Prepared], by: str | None
) -> dict[int, Upserted]:
    if not documents:
        return {}
    # Everybody inserts in the order of the keys, so that two that insert the same ones can't block one another.
    places = sorted(documents, key=lambda place: documents[place].key or "")
    values = {
        "collection": collection.name,
        "keys": [documents[place].key for place in places],
        "data": [documents[place].encoded for place in places],
        "operation": CREATE,
        "by": by,
    }
    rows = await session.rows(_INSERT, values)
    if collection.key is None:
        return {place: Upserted(Outcome.CREATED, row.id) for place, row in zip(places, rows, strict=True)}
    ids = {row.key: row.id for row in rows}
    return {place: Upserted(Outcome.CREATED, ids[key]) for place in places if (key := documents[place].key) in ids}


async def _update(
    session: WriteSession, collection: "Collection", changes: list[Change], by: str | None
) -> dict[int, Upserted]:
    if not changes:
        return {}
    values = {
        "collection": collection.name,
        "ids": [change.record_id for change in changes],
        "revisions": [change.revision for change in changes],
        "data": [change.encoded for change in changes],
        "operation": UPDATE,
        "by": by,
    }
    ids = {row.id for row in await session.rows(_UPDATE, values)}
    return {change.place: Upserted(Outcome.UPDATED, change.record_id) for change in changes if change.record_id in ids}
