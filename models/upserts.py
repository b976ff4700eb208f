"""Writing many documents of one collection at once, by key: few statements, whatever the number."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, cast, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from models.collections.validation import Problem
from models.documents import Prepared, prepare
from models.merging import merge_document, same
from models.records import ANY_KEYS, CREATE, UPDATE, Record
from models.sessions import AnyRow
from models.tables import records
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

# Why the viewer may not write the second over the first (`None`: a new record); nothing if it may.
Refusal = Callable[[Record | None, dict[str, Any]], Iterable[Problem]]


class Outcome(Enum):
    """What became of a document."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Upserted:
    """One document's fate: the record that holds it, or the problems for which it was refused."""

    outcome: Outcome
    record_id: int | None = None
    problems: tuple[Problem, ...] = ()


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
) -> list[Upserted]:
    """Create or change the records that have the documents' keys, one result a document, in their order.

    A document is merged over its record as a patch is; what changes nothing makes no revision. Of documents with
    the same key a later one is merged over an earlier one. In a collection without a key each makes a new record.
    A concurrent writer of the same keys is waited for, and its state merged with. `refuse` is asked about each
    record before and after.
    """
    batch = _Batch(collection, documents, refuse)
    for places in _with_distinct_keys(collection, documents):
        waiting = places
        while waiting:
            decided = batch.decide(waiting, await _current(session, collection, documents, waiting))
            batch.settled |= await _insert(session, collection, documents, decided.created, by)
            batch.settled |= await _update(session, collection, decided.changed, by)
            # What somebody else wrote in between is not settled yet: decide again on what stands now.
            waiting = [place for place in waiting if place not in batch.settled]
    return [batch.settled[place] for place in range(len(documents))]


@dataclass(frozen=True, slots=True)
class _Change:
    place: int
    record_id: int
    revision: int
    encoded: bytes


@dataclass(slots=True)
class _Decided:
    created: list[int] = field(default_factory=list)
    changed: list[_Change] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    collection: "Collection"
    documents: Sequence[Prepared]
    refuse: Refusal | None
    settled: dict[int, Upserted] = field(default_factory=dict)

    def decide(self, places: Sequence[int], current: dict[str, AnyRow]) -> _Decided:
        """What is to be written for each document; settles those for which nothing is."""
        decided = _Decided()
        for place in places:
            document = self.documents[place]
            row = current.get(document.key) if document.key is not None else None
            if problems := self._problems(document):
                self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
            elif row is not None:
                self._decide_change(place, _record(row), decided)
            elif problems := self._refused(None, document.encoded):
                self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
            else:
                decided.created.append(place)
        return decided

    def _decide_change(self, place: int, record: Record, decided: _Decided) -> None:
        document = orjson.loads(self.documents[place].encoded)
        merged = document if _same_text(document, record.data) else merge_document(record.data, document)
        if merged is document or same(merged, record.data):
            self.settled[place] = Upserted(Outcome.UNCHANGED, record.id)
            return
        prepared = prepare(self.collection, merged)
        if problems := prepared.problems or self._refused(record, prepared.encoded):
            self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
        else:
            decided.changed.append(_Change(place, record.id, record.revision, prepared.encoded))

    def _problems(self, document: Prepared) -> tuple[Problem, ...]:
        if document.key is None and self.collection.key and not document.problems:
            return (Problem("is missing: records are recognised by it", (self.collection.key.field,)),)
        return document.problems

    def _refused(self, record: Record | None, encoded: bytes) -> tuple[Problem, ...]:
        return tuple(self.refuse(record, orjson.loads(encoded))) if self.refuse else ()


def _same_text(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two documents are written alike: a short cut, as most that come again are."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _with_distinct_keys(collection: "Collection", documents: Sequence[Prepared]) -> Iterator[list[int]]:
    """The documents' places in rounds, so that no key stands twice in one round."""
    if collection.key is None:
        yield list(range(len(documents)))
        return
    rounds: list[list[int]] = []
    seen: dict[str | None, int] = {}
    for place, document in enumerate(documents):
        turn = seen[document.key] = seen.get(document.key, -1) + 1 if document.key is not None else 0
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    yield from rounds


async def _current(
    session: WriteSession, collection: "Collection", documents: Sequence[Prepared], places: Sequence[int]
) -> dict[str, AnyRow]:
    keys = [key for place in places if (key := documents[place].key) is not None]
    rows = await session.rows(_CURRENT, {"collection": collection.name, "keys": keys}) if keys else []
    return {row.key: row for row in rows}


def _record(row: AnyRow) -> Record:
    record_id, collection, key, revision, index_version, data, created_at, updated_at = row
    return Record(record_id, collection, key, revision, index_version, orjson.loads(data), created_at, updated_at)


async def _insert(
    session: WriteSession, collection: "Collection", documents: Sequence[Prepared], places: list[int], by: str | None
) -> dict[int, Upserted]:
    if not places:
        return {}
    # Everybody inserts in the order of the keys, so that two that insert the same ones can't block one another.
    places = sorted(places, key=lambda place: documents[place].key or "")
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
    session: WriteSession, collection: "Collection", changes: list[_Change], by: str | None
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
