"""The state of each collection: which index serves it, made for which schema, and its generation."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from models.sessions import Session
from models.tables import collection_state
from models.writes import WriteSession


@dataclass(frozen=True, slots=True)
class CollectionState:
    """`generation` grows whenever a change of the collection has become visible to search.

    `building_index` is the index that a rebuild is filling: every write goes to it too.
    """

    name: str
    fingerprint: str | None = None
    index_name: str | None = None
    building_index: str | None = None
    generation: int = 0


_COLUMNS = (
    collection_state.c.name,
    collection_state.c.fingerprint,
    collection_state.c.index_name,
    collection_state.c.building_index,
    collection_state.c.generation,
)


async def read_states(session: Session) -> dict[str, CollectionState]:
    """The states of all collections that have one."""
    return {row.name: CollectionState(*row) for row in await session.rows(select(*_COLUMNS))}


async def read_state(session: Session, name: str) -> CollectionState:
    """The state of one collection; generation 0 and nothing else if it has none yet."""
    row = await session.row(select(*_COLUMNS).where(collection_state.c.name == name))
    return CollectionState(*row) if row else CollectionState(name)


async def save_state(
    session: WriteSession,
    name: str,
    *,
    fingerprint: str | None,
    index_name: str | None,
    building_index: str | None = None,
) -> None:
    """Note which index serves the collection, the schema that it was made for, and which index is being built."""
    values = {"fingerprint": fingerprint, "index_name": index_name, "building_index": building_index}
    statement = insert(collection_state).values(name=name, **values)
    await session.run(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def bump_generation(session: WriteSession, names: Iterable[str]) -> dict[str, int]:
    """Count one generation more for each collection, once a change of it is visible to search; the new ones."""
    # In one order, so that two that count for the same collections can't block one another.
    rows = [{"name": name, "generation": 1} for name in sorted(set(names))]
    if not rows:
        return {}
    statement = insert(collection_state).values(rows)
    counted = statement.on_conflict_do_update(
        index_elements=["name"], set_={"generation": collection_state.c.generation + 1}
    ).returning(collection_state.c.name, collection_state.c.generation)
    return {row.name: row.generation for row in await session.rows(counted)}
