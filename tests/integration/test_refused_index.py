"""A collection whose index Elasticsearch refuses waits by itself: what is done for the others goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.importing import run_import
from indexing.indexes import IndexRefused
from indexing.preparing import prepare_index
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.sync import drain
from models.outbox import backlog
from models.records import count_records
from models.states import save_state
from models.tasks import Kind, Order, State, find_task, list_tasks
from tasks.desk import TaskDesk
from tasks.kinds import run_rebuild
from tasks.runner import Runner
from tasks.worker import rebuild_outdated
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import indexed_services

pytestmark = pytest.mark.anyio

FILES = {
    "a.yaml": """
name: Refused
key: id
schema:
  type: object
  properties:
    id: {type: string}
    title: {type: string, x-search: {text: klingon}}
""",
    "b.yaml": """
name: Taken
key: id
schema:
  type: object
  properties:
    id: {type: string}
""",
}


@pytest.fixture
async def services(servers: ServerUrls, database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Two collections, of which the first has an analyzer that no server has."""
    async with indexed_services(servers, database_url, tmp_path, FILES) as opened:
        yield opened


async def test_the_records_of_the_others_are_indexed(services: Services) -> None:
    async with services.database.writing() as session:
        for name in ("Refused", "Taken"):
            for number in range(60):
                await session.create(services.catalog[name], {"id": str(number)})
    drained = await drain(services)
    assert (drained.indexed, drained.buried) == (60, 0)
    async with services.database.reading() as session:
        assert {name: left.pending for name, left in (await backlog(session)).items()} == {"Refused": 60}


async def test_who_waits_for_an_import_is_told_at_once_what_the_index_is_refused_for(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "records.ndjson"
    file.write_text('{"id": "1"}\n')
    async with asyncio.timeout(20):
        with pytest.raises(IndexRefused, match="klingon") as refused:
            await run_import(services.settings, "Refused", str(file), wait=True)
    assert refused.value.exit_status == 2
    async with services.database.reading() as session:
        assert (await count_records(session))["Refused"] == 1


async def test_the_others_are_rebuilt_when_their_file_has_changed(services: Services) -> None:
    await prepare_index(services, services.catalog["Taken"])
    async with services.database.writing() as session:
        await save_state(session, "Taken", fingerprint="of another file")
    desk = TaskDesk.open(services)
    comparing = asyncio.create_task(rebuild_outdated(desk, services))
    try:
        async with asyncio.timeout(10):
            while not await _rebuilds(services):  # noqa: ASYNC110 - nobody here could set an event
                await asyncio.sleep(0.1)
    finally:
        comparing.cancel()
        await desk.close()
    assert await _rebuilds(services) == ["Taken"]


async def _rebuilds(services: Services) -> list[str | None]:
    async with services.database.reading() as session:
        return [task.collection for task in await list_tasks(session, 10) if task.kind is Kind.REBUILD]


async def test_a_rebuild_that_goes_on_ends_as_partial_for_what_was_refused_before(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, told = services.catalog["Taken"], list[str | None]()
    builder = services.builders["Taken"]
    build = builder.build
    monkeypatch.setattr(
        builder, "build", lambda *given: build(*given) | ({"seq": "no number"} if given[0].key == "3" else {})
    )
    async with services.database.writing() as session:
        for number in range(120):
            await session.create(taken, {"id": str(number)})
    await drain(services)

    def stop(done: int, total: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await rebuild(services, taken, stop, lambda outcome, key: told.append(key))
    assert told == ["3"]
    desk = TaskDesk.open(services)
    task = await desk.start(Order(Kind.REBUILD, "Taken", {}))
    await Runner(desk).run(task.id, run_rebuild)
    await desk.close()
    async with services.database.reading() as reading:
        ended = await find_task(reading, task.id)
    assert ended
    assert (ended.state, ended.message) == (State.PARTIAL, "Records that could not be indexed: 1. See `deadLetters`.")
    assert ended.result["indexed"] == 70
