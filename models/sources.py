"""Sources: addresses that records of a collection are harvested from, again and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, func, insert, null, select, update

from models.cron import read_cron
from models.schedules import remove_schedule, set_schedule
from models.sessions import AnyRow, Session
from models.tables import source_records, sources, tasks
from models.tasks import COLUMNS, Kind, Order, Task, task_of
from models.writes import WriteSession

DEFAULT_PREFIX = "oai_dc"
"""The format of metadata that each repository gives: Dublin Core."""


class SourceKind(StrEnum):
    """How a source gives its records."""

    OAI_PMH = "OAI_PMH"
    NDJSON = "NDJSON"


@dataclass(frozen=True, slots=True)
class SourceValues:
    """What a curator says of a source. `mapping` is as it was written, `schedule` a cron line with its time zone."""

    name: str
    collection: str
    kind: SourceKind
    url: str
    metadata_prefix: str | None = None
    set: str | None = None
    schedule: str | None = None
    mapping: Mapping[str, Any] | None = None

    @property
    def gives(self) -> tuple[object, ...]:
        """What decides which records come from it and what becomes of them."""
        return (self.collection, self.kind, self.url, self.metadata_prefix, self.set, self.mapping)


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it stands. What came before `harvested_at` need not be asked for again, nor what its answer's
    `validators` (`ETag`, `Last-Modified`) name.
    """

    id: int
    values: SourceValues
    created_at: datetime
    updated_at: datetime
    harvested_at: datetime | None
    validators: Mapping[str, str]
    version: int


_BY = "schedule"
"""Who asks for a harvest that is due."""
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_VALUES = tuple(sources.c[name] for name in SourceValues.__dataclass_fields__)
_COLUMNS = (
    sources.c.id,
    *_VALUES,
    sources.c.created_at,
    sources.c.updated_at,
    sources.c.harvested_at,
    sources.c.validators,
    sources.c.version,
)


async def create_source(session: WriteSession, values: SourceValues) -> Source:
    """A new source, of which nothing is harvested yet."""
    row = await session.row(insert(sources).values(_row(values)).returning(*_COLUMNS))
    assert row is not None
    return await _scheduled(session, _source(row))


async def update_source(session: WriteSession, source: Source, values: SourceValues) -> Source:
    """The source with other values. If it gives other records than before, the next harvest is a whole one."""
    changed = {**_row(values), "updated_at": func.now()}
    if values.gives != source.values.gives:
        changed |= {"harvested_at": None, "validators": null(), "version": sources.c.version + 1}
    row = await session.row(update(sources).where(sources.c.id == source.id).values(changed).returning(*_COLUMNS))
    assert row is not None
    if (values.collection, values.mapping) != (source.values.collection, source.values.mapping):
        # Which record an item was belongs to what items were made into: another one may have its key now.
        await session.run(delete(source_records).where(source_records.c.source_id == source.id))
    return await _scheduled(session, _source(row))


async def delete_source(session: WriteSession, source_id: int) -> None:
    """Forget the source; the records that came from it stay."""
    await session.run(delete(sources).where(sources.c.id == source_id))
    await session.run(delete(source_records).where(source_records.c.source_id == source_id))
    await remove_schedule(session, _schedule_name(source_id))


async def source_for_update(session: WriteSession, source_id: int) -> Source | None:
    """The source, kept from other writers until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(sources.c.id == source_id).with_for_update())
    return _source(row) if row else None


async def find_source(session: Session, source_id: int) -> Source | None:
    """The source with this number."""
    row = await session.row(select(*_COLUMNS).where(sources.c.id == source_id))
    return _source(row) if row else None


async def list_sources(session: Session, first: int, before: int | None = None) -> Sequence[Source]:
    """The newest sources, older than `before` if that is given."""
    statement = select(*_COLUMNS).order_by(sources.c.id.desc()).limit(first)
    if before is not None:
        statement = statement.where(sources.c.id < before)
    return [_source(row) for row in await session.rows(statement)]


async def last_harvests(session: Session, source_ids: Sequence[int]) -> dict[int, Task]:
    """The newest task of each source that has one."""
    source = tasks.c.arguments["source"].as_integer()
    newest = select(*COLUMNS).where(tasks.c.kind == Kind.HARVEST.value, source == func.any(_IDS))
    statement = newest.distinct(source).order_by(source, tasks.c.id.desc())
    found = [task_of(row) for row in await session.rows(statement, {"ids": list(source_ids)})]
    return {task.arguments["source"]: task for task in found}


async def note_harvested(
    session: WriteSession, source: Source, began_at: datetime, validators: Mapping[str, str] | None = None
) -> None:
    """Note that all that the source had until `began_at` is taken, unless it was changed meanwhile."""
    await session.run(
        update(sources)
        .where(sources.c.id == source.id, sources.c.version == source.version)
        .values(harvested_at=began_at, validators=dict(validators) if validators else null())
    )


async def _scheduled(session: WriteSession, source: Source) -> Source:
    """Have the source harvested when it says so, and not at other times."""
    name, line = _schedule_name(source.id), source.values.schedule
    if line is None:
        await remove_schedule(session, name)
    else:
        order = Order(Kind.HARVEST, source.values.collection, {"source": source.id}, _BY)
        await set_schedule(session, name, read_cron(line), order)
    return source


def _schedule_name(source_id: int) -> str:
    return f"source:{source_id}"


def _row(values: SourceValues) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(values, name) for name in SourceValues.__dataclass_fields__}
    mapping = null() if values.mapping is None else dict(values.mapping)
    return row | {"kind": values.kind.value, "mapping": mapping}


def _source(row: AnyRow) -> Source:
    id_, name, collection, kind, *rest, created_at, updated_at, harvested_at, validators, version = row
    values = SourceValues(name, collection, SourceKind(kind), *rest)
    return Source(id_, values, created_at, updated_at, harvested_at, validators or {}, version)
