"""What the layers above work with: the catalog, the stores, and what was made of the catalog once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from config import Settings
from indexing.documents import DocumentBuilder
from indexing.indexes import Indexes, fingerprint
from indexing.pace import Pace
from indexing.server import SearchServer
from models.collections.loading import Catalog
from models.database import Database
from models.extensions import load_extended
from models.links import LinkPath
from models.tracing import Trace


@dataclass(frozen=True)
class Services:
    """One for a process; opened and closed by `open_services`."""

    settings: Settings
    catalog: Catalog
    database: Database
    search: SearchServer

    def traced(self, trace: Trace) -> "Services":
        """The same services; what is sent to the stores through these is written to `trace`."""
        return replace(self, database=self.database.traced(trace), search=self.search.traced(trace))

    @cached_property
    def indexes(self) -> Indexes:
        return Indexes(self.search, self.settings.index_prefix, self.settings.refresh_interval or None)

    @cached_property
    def pace(self) -> Pace:
        return Pace(self.settings.index_batch_bytes)

    @cached_property
    def touching(self) -> asyncio.Lock:
        """Held while a batch of what was only touched is indexed."""
        return asyncio.Lock()

    @cached_property
    def builders(self) -> dict[str, DocumentBuilder]:
        """The document builders by collection."""
        return {collection.name: DocumentBuilder(collection) for collection in self.catalog}

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What the index of each collection must have been made for."""
        return {collection.name: fingerprint(collection) for collection in self.catalog}

    @cached_property
    def link_paths(self) -> dict[str, list[LinkPath]]:
        """The ways by which records link, by the collection that they link to."""
        found: dict[str, dict[LinkPath, None]] = {}
        for collection in self.catalog:
            for path in collection.links:
                assert path.last.link
                link = LinkPath(collection.name, tuple(step.name for step in path.steps))
                found.setdefault(path.last.link.collection, {})[link] = None
        return {name: list(paths) for name, paths in found.items()}


@asynccontextmanager
async def open_services(settings: Settings, catalog: Catalog | None = None) -> AsyncIterator[Services]:
    """The services of a process. Raises `CollectionErrors` for wrong collection files, `ExtensionErrors` so."""
    catalog = catalog or load_extended(settings.collections, settings.extension_modules, settings.extension_path)
    database = Database(settings.database_url, settings.database_pool)
    search = SearchServer(settings.elasticsearch_url, settings.search_timeout)
    try:
        yield Services(settings, catalog, database, search)
    finally:
        await search.close()
        await database.close()
