"""What is ended has ended, also where it misses that it was to end."""

import asyncio

import pytest

from models import ending
from models.ending import end

pytestmark = pytest.mark.anyio


async def test_a_task_that_misses_that_it_is_to_end_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AGAIN_SECONDS", 0.01)
    missed: list[int] = []

    async def go_on() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if len(missed) == 2:
                    raise
                missed.append(1)

    async def fail() -> None:
        raise ValueError

    going, done, failed = (asyncio.create_task(one) for one in (go_on(), asyncio.sleep(0), fail()))
    await asyncio.sleep(0.01)
    await end(going, None, done, failed)
    assert going.cancelled()
    assert not done.cancelled()
