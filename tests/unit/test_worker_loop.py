"""What a worker begins without waiting for it is not lost from sight."""

import asyncio
import gc
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from indexing.services import Services, open_services
from models.collections.properties import Collection
from tasks.desk import TaskDesk
from tasks.loop import WorkerLoop
from tasks.worker import rebuild_outdated
from tests.unit.collections.files import ARTIST, WORK, settings_of_nobody


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_what_fails_while_nobody_waits_is_logged(tmp_path: Path) -> None:
    async def work(_: Services) -> None:
        raise RuntimeError("unheard of")

    loop = WorkerLoop(settings_of_nobody(tmp_path, work_yaml=WORK))
    loop.start()
    with capture_logs() as entries:
        loop.begin(work)
        deadline = time.monotonic() + 5
        while not entries and time.monotonic() < deadline:
            time.sleep(0.01)
        loop.stop(nothing)
    ((event, error),) = [(entry["event"], entry["exc_info"]) for entry in entries]
    assert (event, str(error)) == ("background_work_failed", "unheard of")


def test_stopping_does_not_wait_for_what_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.loop.STOP_SECONDS", 0.1)

    async def hang() -> None:
        await asyncio.Event().wait()

    loop = WorkerLoop(settings_of_nobody(tmp_path, work_yaml=WORK))
    loop.start()
    began = time.monotonic()
    with capture_logs() as entries:
        loop.stop(hang)
    assert time.monotonic() - began < 5
    assert [entry["event"] for entry in entries] == ["services_not_closed"]
    del loop
    gc.collect()  # what was left pending is told now


async def nothing() -> None:
    """Close nothing more."""


@pytest.mark.anyio
async def test_what_nobody_expected_of_one_collection_keeps_no_other_from_being_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def retire(_: Services, collection: Collection) -> None:
        asked.append(collection.name)
        if len(asked) == 1:
            raise RuntimeError("unheard of")

    async def is_outdated(_: Services, __: Collection) -> bool:
        return False

    monkeypatch.setattr("tasks.worker.retire", retire)
    monkeypatch.setattr("tasks.worker.is_outdated", is_outdated)
    monkeypatch.setattr("tasks.worker.COMPARE_AGAIN_SECONDS", 0)
    settings = settings_of_nobody(tmp_path, artist_yaml=ARTIST, work_yaml=WORK)
    async with open_services(settings) as services:
        desk = TaskDesk.open(services)
        with capture_logs() as entries:
            await rebuild_outdated(desk, services)
        await desk.close()
    assert asked == ["Artist", "Work", "Artist"]
    assert [entry["event"] for entry in entries] == ["index_not_compared"]
