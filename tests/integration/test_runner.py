"""What becomes of tasks, and of a server that starts, when what they need is away or hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from indexing.services import Services, open_services
from models.collections.loading import Catalog
from models.task_runs import waiting_tasks
from models.tasks import Kind, Order, State, Task, find_task
from server import prepare_indices
from tasks.desk import TaskDesk
from tasks.importing import run_import
from tasks.kinds import run_rebuild
from tasks.nudging import Nudges
from tasks.runner import Runner
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import settings_on

pytestmark = pytest.mark.anyio
NOBODY = "http://127.0.0.1:1"
BEGINNING = b'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n{"number": "1"}\n{"number":'


@asynccontextmanager
async def hanging(answer: bytes = b"") -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A server that begins an answer and then sends blanks without end; where it is, and that it was asked."""
    asked, over = asyncio.Event(), asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        asked.set()
        while not over.is_set() and not writer.is_closing():
            writer.write(b" " if answer else b"")
            await asyncio.sleep(0.1)
        writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        over.set()
        server.close()
        await asyncio.sleep(0.2)


@asynccontextmanager
async def opened(
    servers: ServerUrls, database_url: str, catalog: Catalog, elasticsearch_url: str
) -> AsyncIterator[Services]:
    settings = settings_on(
        servers, database_url, elasticsearch_url=elasticsearch_url, collections=".", allow_private_urls=True
    )
    async with open_services(settings, catalog) as services:
        yield services


async def current(services: Services, task: Task) -> Task:
    async with services.database.reading() as session:
        found = await find_task(session, task.id)
    assert found
    return found


async def test_a_task_that_elasticsearch_is_away_for_waits_for_it_and_loses_no_attempt(
    servers: ServerUrls, database_url: str, catalog: Catalog
) -> None:
    async with opened(servers, database_url, catalog, NOBODY) as services:
        desk = TaskDesk.open(services)
        task = await desk.start(Order(Kind.REBUILD, "Work", {}))
        for _ in range(2):
            await Runner(desk).run(task.id, run_rebuild)
            left = await current(services, task)
            assert (left.state, left.attempts) == (State.QUEUED, 0)
            assert str(left.message).startswith("Elasticsearch does not answer")
            assert await services.database.write(lambda session: waiting_tasks(session, timedelta(0))) == []
        await desk.close()


async def test_an_import_is_given_back_at_once_when_its_worker_stops_though_its_file_never_ends(
    servers: ServerUrls, database_url: str, catalog: Catalog
) -> None:
    async with opened(servers, database_url, catalog, NOBODY) as services, hanging(BEGINNING) as (url, asked):
        desk = TaskDesk.open(services)
        task = await desk.start(Order(Kind.IMPORT, "Work", {"url": f"{url}/works.ndjson"}))
        runner = Runner(desk)
        nudges = Nudges(desk.app, desk.changes)
        running = asyncio.create_task(runner.run(task.id, lambda services, run: run_import(services, run, nudges)))
        await asyncio.wait_for(asked.wait(), 20)
        await asyncio.sleep(0.5)
        runner.stop()
        await asyncio.wait([running], timeout=10)
        assert running.done()
        left = await current(services, task)
        assert (left.state, left.attempts) == (State.QUEUED, 0)
        await desk.close()


async def test_a_server_does_not_wait_for_an_elasticsearch_that_hangs_once_for_each_collection(
    servers: ServerUrls, database_url: str, catalog: Catalog
) -> None:
    async with hanging() as (url, _), opened(servers, database_url, catalog, url) as services:
        async with asyncio.timeout(8):
            await prepare_indices(services, patience=1)
