"""Requests that take long share the question whether anybody is there."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from errors import SearchUnavailable
from models.outages import Outages

pytestmark = pytest.mark.anyio


def searches(ping: Callable[[], Awaitable[None]]) -> Outages:
    return Outages("elasticsearch", ping, lambda: SearchUnavailable("away"))


async def test_many_slow_requests_are_answered_while_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.outages.PATIENCE_SECONDS", 0.001)

    async def ping() -> None:
        await asyncio.sleep(0)

    async def slow(number: int) -> int:
        await asyncio.sleep(0.05)
        return number

    outages = searches(ping)
    answers = await asyncio.gather(*(outages.guard(lambda n=n: slow(n)) for n in range(200)))  # type: ignore[misc]
    assert answers == list(range(200))
    assert not outages.known


async def test_a_process_that_was_busy_itself_does_not_take_that_for_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.outages.PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("models.outages.PROBE_SECONDS", 0.2)

    async def ping() -> None:
        await asyncio.sleep(0.05)

    async def slow() -> str:
        await asyncio.sleep(0.5)
        return "found"

    outages = searches(ping)
    searching = asyncio.create_task(outages.guard(slow))
    await asyncio.sleep(0.03)
    time.sleep(0.3)  # noqa: ASYNC251 - as when a large answer is read
    assert await searching == "found"


async def test_a_server_that_does_not_answer_the_question_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.outages.PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("models.outages.PROBE_SECONDS", 0.05)

    async def forever() -> None:
        await asyncio.Event().wait()

    outages = searches(forever)
    with pytest.raises(SearchUnavailable):
        await outages.guard(forever)
    assert outages.known
    await outages.close()


async def test_a_question_that_fails_unexpectedly_does_not_keep_searches_away_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.outages.PATIENCE_SECONDS", 0.001)
    monkeypatch.setattr("models.outages.RETRY_SECONDS", 0.001)
    failures = [RuntimeError(), RuntimeError(), SearchUnavailable("away")]

    async def ping() -> None:
        if failures:
            raise failures.pop()

    outages = searches(ping)
    with pytest.raises(SearchUnavailable):
        await outages.guard(lambda: asyncio.sleep(10))
    for _ in range(1_000):
        if not outages.known:
            break
        await asyncio.sleep(0.001)
    assert await outages.guard(lambda: asyncio.sleep(0, "found")) == "found"
