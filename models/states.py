"""The state of each collection: which indices it has, made for which schema, and how far each is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.sessions import Session
from models.tables import collection_state
from models.writes import WriteSession


@dataclass(frozen=True, slots=True)
class CollectionState:
    """Every write goes to all indices that are named here. A fingerprint tells what mapping an index was made for."""

    name: str
    fingerprint: str | None = None
    index_name: str | None = None
    """The index that serves."""
    building_index: str | None = None
    """The index that a rebuild is filling."""
    building_fingerprint: str | None = None
    built_until: int = 0
    """The id up to which the index being built has all records."""
    retiring_index: str | None = None
    """The index that served before and is about to be removed: searches may still go to it."""
    changes: int = 0
    """Grows with every change that an index takes."""
    generation: int = 0
    """The number of `changes` that searches are known to see."""
    verified_until: int = 0
    """The id up to which the continuous comparison with PostgreSQL has come."""


_COLUMNS = tuple(collection_state.c[name] for name in CollectionState.__dataclass_fields__)


async def read_states(session: Session) -> dict[str, CollectionState]:
    """The states of all collections that have one."""
    return {row.name: CollectionState(*row) for row in await session.rows(select(*_COLUMNS))}


async def read_state(session: Session, name: str) -> CollectionState:
    """The state of one collection; one without anything if it has none yet."""
    row = await session.row(select(*_COLUMNS).where(collection_state.c.name == name))
    return CollectionState(*row) if row else CollectionState(name)


async def save_state(session: WriteSession, name: str, **values: Any) -> None:
    """Note these of the fields of a `CollectionState`; the others stay."""
    statement = insert(collection_state).values(name=name, **values)
    await session.run(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def count_changes(session: WriteSession, names: Iterable[str]) -> None:
    """Count one change more of each collection, in the transaction that knows the index to have taken it."""
    # In one order, so that two that count for the same collections can't block one another.
    rows = [{"name": name, "changes": 1} for name in sorted(set(names))]
    if rows:
        statement = insert(collection_state).values(rows)
        counted = {"changes": collection_state.c.changes + 1}
        await session.run(statement.on_conflict_do_update(index_elements=["name"], set_=counted))


async def unseen_changes(session: Session) -> dict[str, int]:
    """The collections with changes that searches may not see yet, and how many changes there are by now."""
    found = select(collection_state.c.name, collection_state.c.changes)
    rows = await session.rows(found.where(collection_state.c.changes > collection_state.c.generation))
    return {row.name: row.changes for row in rows}


async def note_seen(session: WriteSession, seen: Mapping[str, int]) -> None:
    """Searches see that many changes of each collection: its generation, which never falls."""
    for name in sorted(seen):
        await session.run(
            update(collection_state)
            .where(collection_state.c.name == name)
            .values(generation=func.greatest(collection_state.c.generation, seen[name]))
        )
