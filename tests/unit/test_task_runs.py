"""What the work of a task reports, and what becomes of it on its way to whoever watches."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.tasks import Kind, Progress, State, Task
from tasks.feed import Listener
from tasks.messages import decode_task, encode_task
from tasks.task_run import TaskCancelled, TaskRun

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TASK = Task(
    id=7,
    kind=Kind.IMPORT,
    state=State.RUNNING,
    collection="Work",
    arguments={"url": "http://example.org"},
    by="admin",
    parent_id=None,
    created_at=NOON,
    started_at=NOON,
    ended_at=None,
    progress=Progress(total=10, done=3, rate=1.5),
    message=None,
    result={"created": 3},
    attempts=1,
    version=4,
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds on the run's clock."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_rate_and_remaining_time_follow_from_what_is_done(clock: list[float]) -> None:
    run = TaskRun(TASK)
    clock[0] += 10
    run.progress(200, 1_000)
    assert run.state() == Progress(total=1_000, done=200, failed=0, rate=20.0, eta_seconds=40.0)


def test_without_a_total_the_share_that_is_done_tells_the_remaining_time(clock: list[float]) -> None:
    run = TaskRun(TASK)
    clock[0] += 10
    run.progress(200, share=0.25)
    assert run.state() == Progress(total=None, done=200, failed=0, rate=20.0, eta_seconds=30.0)


def test_before_anything_is_done_the_remaining_time_is_unknown(clock: list[float]) -> None:
    run = TaskRun(TASK)
    run.progress(0, 10)
    assert run.state().eta_seconds is None


def test_errors_wait_until_they_are_written_down() -> None:
    run = TaskRun(TASK)
    run.fail_item("first", line=1)
    written = run.errors()
    run.fail_item("second", key="N2")
    run.written_down(len(written))
    assert [(error.message, error.key, error.line) for error in run.errors()] == [("second", "N2", None)]
    assert run.failed == 2


def test_a_run_that_is_to_stop_says_so_and_calls_its_hooks() -> None:
    run = TaskRun(TASK)
    stopped: list[str] = []
    run.when_interrupted(lambda: stopped.append("file"))
    run.check()
    run.stop()
    assert run.cancelled()
    assert stopped == ["file"]
    with pytest.raises(TaskCancelled):
        run.check()


def test_a_task_survives_being_sent() -> None:
    assert decode_task(encode_task(TASK)) == TASK


@pytest.mark.anyio
async def test_who_is_slow_hears_the_newest_state_of_each_task_and_never_an_older_one_after_it() -> None:
    listener = Listener(lambda task: True)
    other = replace(TASK, id=8)
    for task in (TASK, other, replace(TASK, version=6), replace(TASK, version=5)):
        listener.offer(task)
    assert [await listener.next(), await listener.next()] == [replace(TASK, version=6), other]
    listener.offer(replace(TASK, version=6))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listener.next(), 0.01)


@pytest.mark.anyio
async def test_a_listener_hears_only_of_what_it_wants() -> None:
    listener = Listener(lambda task: task.kind is Kind.VERIFY)
    listener.offer(TASK)
    wanted = replace(TASK, kind=Kind.VERIFY)
    listener.offer(wanted)
    assert await listener.next() == wanted
