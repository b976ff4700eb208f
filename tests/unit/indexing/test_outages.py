"""Requests that take long share the question whether anybody is there."""

import asyncio

import pytest

from indexing.outages import Outages

pytestmark = pytest.mark.anyio


async def test_many_slow_requests_are_answered_while_the_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexing.outages.PATIENCE_SECONDS", 0.001)

    async def ping() -> None:
        await asyncio.sleep(0)

    async def slow(number: int) -> int:
        await asyncio.sleep(0.05)
        return number

    outages = Outages(ping)
    answers = await asyncio.gather(*(outages.guard(lambda n=n: slow(n)) for n in range(200)))  # type: ignore[misc]
    assert answers == list(range(200))
    assert not outages.known
