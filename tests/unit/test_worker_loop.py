"""What a worker begins without waiting for it is not lost from sight."""

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from indexing.services import Services
from tasks.loop import WorkerLoop
from tests.unit.collections.files import WORK, settings_of_nobody


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


async def nothing() -> None:
    """Close nothing more."""
