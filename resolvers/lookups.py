"""Look-ups by id and by key: all of one tick become one statement for each collection."""

import re
from collections.abc import Mapping
from typing import TypeVar

from indexing.services import Services
from models.collections.conditions import ALWAYS, NEVER, Condition, holds
from models.collections.dates import Clock
from models.collections.properties import Collection
from models.collections.rules import Subject, reach
from models.records import Record, Revision, histories
from resolvers.loading import Loader
from resolvers.nodes import Node, node_of_record

K = TypeVar("K")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Readable:
    """Which records of each collection the viewer may read; decided once a request."""

    def __init__(self, subject: Subject, clock: Clock) -> None:
        self._subject = subject
        self._clock = clock
        self._conditions: dict[str, Condition] = {}
        self.texts: dict[str, frozenset[str] | None] = {}
        """The full text that may be searched, by collection, as far as it was asked."""

    def condition(self, collection: Collection) -> Condition:
        """What the records must meet."""
        found = self._conditions.get(collection.name)
        if found is None:
            found = self._conditions[collection.name] = reach(collection, "read", self._subject, self._clock)
        return found

    def may_read(self, collection: Collection, record: Record) -> bool:
        condition = self.condition(collection)
        return condition == ALWAYS or (condition != NEVER and holds(condition, record.data))


class Level(Loader[K, Node | None]):
    """Looks up what is not known yet. What is known waits for the rest of its tick, so that the records of one level
    come together and what is below them is one statement again.
    """

    def __init__(self, services: Services, readable: Readable) -> None:
        super().__init__()
        self._services = services
        self._readable = readable
        self._known: dict[K, Node | None] = {}

    async def look_up(self, keys: list[K]) -> Mapping[K, Node | None]:
        known = self._known
        if unknown := [key for key in keys if key not in known]:
            known |= await self.find(unknown)
        return known

    async def find(self, keys: list[K]) -> Mapping[K, Node | None]:
        """What each of the keys names, or nothing."""
        raise NotImplementedError

    def forget(self) -> None:
        """Look up again what was looked up."""
        self._known = {}


class NodesById(Level[tuple[str, int]]):
    """Records by collection and number; what is not there or may not be read is `None`."""

    async def find(self, keys: list[tuple[str, int]]) -> Mapping[tuple[str, int], Node | None]:
        found = await self._services.database.records.by_id([record_id for _, record_id in keys])
        return {key: self._node(key[0], found.get(key[1])) for key in keys}

    def _node(self, name: str, record: Record | None) -> Node | None:
        collection = self._services.catalog.get(name)
        if collection is None or record is None or record.collection != name:
            return None
        if not self._readable.may_read(collection, record):
            return None
        return node_of_record(collection, record)


class NodesByKey(Level[tuple[str, str]]):
    """Records by collection and key; what is not there or may not be read is `None`."""

    async def find(self, keys: list[tuple[str, str]]) -> Mapping[tuple[str, str], Node | None]:
        wanted: dict[str, list[str]] = {}
        for name, key in keys:
            wanted.setdefault(name, []).append(key)
        found: dict[tuple[str, str], Node | None] = dict.fromkeys(keys)
        for name, several in wanted.items():
            collection = self._services.catalog[name]
            records = await self._services.database.records.by_key(name, _storable(several))
            for key in several:
                record = records.get(key)
                if record is not None and self._readable.may_read(collection, record):
                    found[name, key] = node_of_record(collection, record)
        return found


class Histories(Loader[tuple[int, int, int | None], list[Revision]]):
    """Revisions by record, how many of them, and the revision that they are older than."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    async def look_up(
        self, keys: list[tuple[int, int, int | None]]
    ) -> Mapping[tuple[int, int, int | None], list[Revision]]:
        wanted: dict[tuple[int, int | None], list[int]] = {}
        for record_id, count, before in keys:
            wanted.setdefault((count, before), []).append(record_id)
        found: dict[tuple[int, int, int | None], list[Revision]] = {key: [] for key in keys}
        statements = self._services.database.statements
        for (count, before), several in wanted.items():
            for record_id, revisions in (await histories(statements, several, count, before)).items():
                found[record_id, count, before] = revisions
        return found


def _storable(keys: list[str]) -> list[str]:
    """Keys that PostgreSQL can be asked for: no record has one with NUL or half a surrogate pair in it."""
    return [key for key in keys if not _UNSTORABLE.search(key)]
