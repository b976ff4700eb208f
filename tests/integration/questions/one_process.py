"""A real system in one process, on the servers of the run: filled, indexed and asked without a worker."""

import asyncio
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette

from config import Settings
from indexing.preparing import prepare_index
from indexing.server import SearchServer
from indexing.services import Services
from indexing.sync import drain
from models.collections.loading import load_catalog
from models.database import Database
from models.imports import import_records
from models.states import read_states
from models.tables import metadata
from schema.explaining import HEADER
from server import make_app
from tests.integration.questions.catalogs import File, Record

AT_ONCE = 10
"""Systems of which the indices stand at one time, each under a prefix of its own."""


class OneProcess:
    """Holds one catalog at a time."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._number = 0
        self._left: list[str] = []
        self._services: Services | None = None
        self._app: Starlette | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def services(self) -> Services:
        assert self._services
        return self._services

    async def take(self, files: Mapping[str, File]) -> None:
        """Begin anew with these collections, empty."""
        await self.clear()
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        for name, file in files.items():
            with (folder / f"{name.lower()}.json").open("wb") as output:
                output.write(orjson.dumps(file))
        prefix = f"one{os.getpid()}_{self._number % AT_ONCE}"
        settings = self._settings.model_copy(update={"collections": folder, "index_prefix": prefix})
        database = self._services.database if self._services else Database(settings.database_url, 5)
        search = self._services.search if self._services else SearchServer(settings.elasticsearch_url, 30)
        self._services = Services(settings, load_catalog(folder), database, search)
        await asyncio.gather(*(prepare_index(self._services, collection) for collection in self._services.catalog))
        self._app = make_app(self._services)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://localhost")

    async def load(self, records: Mapping[str, list[Record]]) -> None:
        """Import records and have them indexed, what links to them too."""
        if not any(records.values()):
            return
        for name, several in records.items():
            lines = b"".join(orjson.dumps(record) + b"\n" for record in several)
            problems: list[Any] = []
            report = await import_records(
                self.services.database, self.services.catalog[name], io.BytesIO(lines), on_problem=problems.append
            )
            assert report.is_clean, problems
        await self.index()

    async def index(self) -> None:
        """Have searches see all that was written."""
        drained = await drain(self.services)
        assert (drained.postponed, drained.buried) == (0, 0)
        await self.services.indexes.refresh_serving(self.services.catalog.collections)

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an operation that has no errors."""
        data: dict[str, Any] = (await self._answer(document, variables or {}))["data"]
        return data

    async def explained(self, document: str, **variables: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The data, and what was sent to the stores for it."""
        answer = await self._answer(document, variables, {HEADER: "true"})
        return answer["data"], answer["extensions"]["explain"]

    async def change(self, document: str, **variables: Any) -> None:
        """Run a mutation, and have what it wrote indexed."""
        (payload,) = (await self._answer(document, variables))["data"].values()
        assert payload["errors"] == []
        await self.index()

    async def _answer(self, document: str, variables: Mapping[str, Any], headers: Mapping[str, str] = {}) -> Any:
        assert self._client
        token = {"authorization": f"Bearer {self.services.settings.admin_token}"}
        sent = orjson.dumps({"query": document, "variables": variables})
        given = {"content-type": "application/json", **token, **headers}
        answer = (await self._client.post("/graphql", content=sent, headers=given)).json()
        assert "errors" not in answer, answer["errors"]
        return answer

    async def clear(self) -> None:
        """Remove what is there; its indices a few at once, since each removal takes a while whatever it removes."""
        if self._services is None:
            return
        if self._app:
            await self._app.state.close()
        async with self._services.database.writing() as session:
            states = await read_states(session)
            for table in reversed(metadata.sorted_tables):  # to truncate so many takes longer than to ask all questions
                await session.run(table.delete())
        self._left += [state.index_name for state in states.values() if state.index_name]
        if self._number % AT_ONCE == AT_ONCE - 1:
            await self._remove_indexes()

    async def _remove_indexes(self) -> None:
        if self._left:
            await self.services.indexes.remove(",".join(self._left))
        self._left = []

    async def close(self) -> None:
        await self.clear()
        if self._services:
            await self._remove_indexes()
            await self._services.search.close()
            await self._services.database.close()
