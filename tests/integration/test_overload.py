"""More than Elasticsearch can take at once is sent in smaller parts; on servers that nobody else has meanwhile."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from config import load_settings
from errors import SearchOverloaded
from indexing.services import Services
from indexing.sync import drain, drain_batch
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import create, indexed_services
from tests.running import System

pytestmark = pytest.mark.anyio

BOOK = """
name: Book
key: id
schema:
  type: object
  properties:
    id: {type: string}
    title: {type: string, x-search: {text: standard}}
"""


@pytest.fixture
async def services(servers: ServerUrls, lone: System, database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    elasticsearch_url = load_settings(lone.data, environment={}).elasticsearch_url
    files = {"books.yaml": BOOK}
    async with indexed_services(
        replace(servers, elasticsearch_url=elasticsearch_url), database_url, tmp_path, files
    ) as opened:
        yield opened


async def test_what_is_too_much_for_elasticsearch_at_once_is_sent_in_smaller_parts(services: Services) -> None:
    books = [{"id": str(n), "title": "word " * 10_000} for n in range(60)]
    await create(services, "Book", *books)
    await create(services, "Book", {"id": "larger than all", "title": "word " * 100_000})
    services.pace.bytes = 1_000_000
    await limit_requests(services, "400kb")
    try:
        with pytest.raises(SearchOverloaded):
            await drain_batch(services)
        drained = await drain(services)
        assert (drained.indexed, drained.postponed, drained.buried) == (60, 1, 0)
        assert services.pace.bytes < 400_000
    finally:
        await limit_requests(services, None)
    async with services.database.writing() as session:
        await session.run(text("UPDATE outbox SET not_before = now()"))
    assert (await drain(services)).indexed == 1
    await services.indexes.refresh_serving(services.catalog.collections)
    counted = await services.search.ask("GET", f"/{services.settings.index_prefix}-book/_count")
    assert counted["count"] == 61


async def limit_requests(services: Services, size: str | None) -> None:
    """Have Elasticsearch refuse larger requests as too much for now, with the status 429."""
    setting = {"persistent": {"network.breaker.inflight_requests.limit": size}}
    await services.search.ask("PUT", "/_cluster/settings", setting)
