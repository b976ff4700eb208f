"""The indices of the collections: their names, how they are made, and which of them serves."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from errors import CatalographError
from indexing.mappings import ADDED, mapping_changes, mapping_of, settings_of
from indexing.server import SearchRefused, SearchServer
from models.collections.properties import Collection


class IndexRefused(CatalographError):
    """Elasticsearch does not take the mapping of a collection: correct what it names in the collection file."""

    exit_status = 2


def alias_of(prefix: str, collection: str) -> str:
    """The alias that searches go to."""
    return f"{prefix}-{collection.lower()}"


def new_index_name(prefix: str, collection: str) -> str:
    """A name that no index has had."""
    return f"{alias_of(prefix, collection)}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"


def fingerprint(collection: Collection) -> str:
    """What an index of the collection was made for: changes with its mapping, and with nothing else."""
    return hashlib.sha256(orjson.dumps(mapping_of(collection), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


@dataclass(frozen=True)
class Indexes:
    """Makes and removes indices, and points aliases at them."""

    server: SearchServer
    prefix: str
    refresh_interval: str | None

    async def create(self, collection: Collection, *, building: bool) -> str:
        """A new, empty index: one that serves, or one that is being built and not refreshed. Raises `IndexRefused`."""
        await self._forbid_accidents()
        name = new_index_name(self.prefix, collection.name)
        interval = "-1" if building else self.refresh_interval
        body: dict[str, Any] = {
            "settings": {"index": settings_of(collection, interval)},
            "mappings": mapping_of(collection),
            # In one step with the index: each change of the cluster's state is written to disk.
            "aliases": {} if building else {alias_of(self.prefix, collection.name): {}},
        }
        try:
            await self.server.ask("PUT", f"/{name}", body, timeout=60)
        except SearchRefused as error:
            raise IndexRefused(f"{collection.file}: {error.message}") from error
        return name

    async def _forbid_accidents(self) -> None:
        """Have no bulk request make an index that was lost: its fields would be guessed from the first document."""
        template = {"index_patterns": [f"{self.prefix}-*"], "allow_auto_create": False, "priority": 500}
        await self.server.ask("PUT", f"/_index_template/{self.prefix}", template, timeout=60)

    async def mapping(self, index: str) -> dict[str, Any]:
        """The mapping that an index has; empty where it is gone."""
        answer = await self.server.ask("GET", f"/{index}/_mapping?ignore_unavailable=true")
        return dict(next(iter(answer.values()))["mappings"]) if answer else {}

    async def add_fields(self, index: str, collection: Collection) -> None:
        """Give an index the fields that it lacks, where all that it has is as it should be."""
        wanted = mapping_of(collection)
        if all(line.startswith(ADDED) for line in mapping_changes(await self.mapping(index), wanted)):
            await self.server.ask("PUT", f"/{index}/_mapping", {"properties": wanted["properties"]}, timeout=60)

    async def serves(self, collection: str, index: str) -> bool:
        """Whether searches of the collection go to `index`, and to no other."""
        alias = alias_of(self.prefix, collection)
        answer = await self.server.ask("GET", f"/{alias}/_settings/index.uuid?ignore_unavailable=true")
        return set(answer) == {index}

    async def serve(self, collection: str, index: str) -> None:
        """Point the alias at `index` alone, in one step."""
        alias = alias_of(self.prefix, collection)
        actions = [
            {"remove": {"index": f"{alias}-*", "alias": alias, "must_exist": False}},
            {"add": {"index": index, "alias": alias}},
        ]
        await self.server.ask("POST", "/_aliases", {"actions": actions}, timeout=60)

    async def finish(self, index: str) -> None:
        """Make all that was written to an index that was being built visible, and let it refresh by itself."""
        await self.server.ask("POST", f"/{index}/_refresh", timeout=300)
        settings = {"index": {"refresh_interval": self.refresh_interval}}
        await self.server.ask("PUT", f"/{index}/_settings", settings, timeout=60)

    async def refresh(self, index: str) -> None:
        await self.server.ask("POST", f"/{index}/_refresh", timeout=60)

    async def refresh_serving(self, collections: Iterable[str]) -> None:
        """Have searches see what was indexed; what has no index yet has nothing to be seen."""
        # By their aliases: a rebuild may remove the index that serves at any moment.
        aliases = ",".join(alias_of(self.prefix, name) for name in sorted(set(collections)))
        if aliases:
            await self.server.ask("POST", f"/{aliases}/_refresh?ignore_unavailable=true", timeout=60)

    async def count(self, collection: str) -> int:
        """The records that searches see."""
        answer = await self.server.search(f"/{alias_of(self.prefix, collection)}/_count", b"{}")
        return int(answer["count"])

    async def exists(self, index: str) -> bool:
        return await self.server.exists(f"/{index}")

    async def remove(self, index: str) -> None:
        try:
            await self.server.ask("DELETE", f"/{index}", timeout=60)
        except SearchRefused as error:
            if error.status != 404:  # it is gone, which is what was wanted
                raise
