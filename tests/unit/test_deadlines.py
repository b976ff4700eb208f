"""A block ends when its time is over, and is never blamed for what others cancel."""

import asyncio

import pytest

from models.deadlines import Deadline

pytestmark = pytest.mark.anyio


async def test_a_block_that_takes_too_long_is_ended_and_told_so() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01) as limit:
        await asyncio.sleep(5)
    assert limit.expired()
    await asyncio.sleep(0)


async def test_a_block_in_time_leaves_nothing_behind() -> None:
    with Deadline(0.01) as limit:
        await asyncio.sleep(0)
    await asyncio.sleep(0.03)
    assert not limit.expired()


async def test_a_block_without_time_ends_when_somebody_says_so() -> None:
    limit = Deadline()
    asyncio.get_running_loop().call_later(0.01, limit.expire)
    with pytest.raises(TimeoutError), limit:
        await asyncio.sleep(5)


async def test_who_is_cancelled_by_another_meanwhile_stays_cancelled() -> None:
    async def work() -> None:
        with Deadline(0.01):
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                task.cancel()
                raise

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_told_as_it_is() -> None:
    with pytest.raises(ValueError, match="of its own"), Deadline(5):
        raise ValueError("of its own")
