"""Followers of records hear everything once, at their own pace, and cost the process no more than their place."""

import asyncio

import pytest

from models.changes import Change, Position
from models.collections.properties import Collection
from models.database import Database
from models.documents import prepare
from models.ending import end
from models.upserts import upsert_many
from tasks.change_feed import KEPT, ChangeFeed, Follower
from tests.integration.conftest import ServerUrls

pytestmark = pytest.mark.anyio


async def write(database: Database, works: Collection, numbers: range) -> None:
    async with database.writing() as session:
        await upsert_many(session, works, [prepare(works, {"number": f"{n:05}"}) for n in numbers])


async def heard(follower: Follower, count: int) -> list[str]:
    found: list[Change] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += await follower.next()
    return [change.data["number"] for change in found]


async def test_what_one_process_speaks_of_another_hears_at_once(
    database: Database, servers: ServerUrls, works: Collection
) -> None:
    here, there = (ChangeFeed(database, servers.redis_url, f"test:{id(database)}") for _ in range(2))
    async with here.follow() as follower:
        waiting = asyncio.create_task(heard(follower, 1))
        await asyncio.sleep(0.3)
        await write(database, works, range(1))
        await there.publish()
        assert await asyncio.wait_for(waiting, 0.7) == ["00000"]
    await here.close()
    await there.close()


async def test_without_redis_changes_are_heard_too(database: Database, works: Collection) -> None:
    feed = ChangeFeed(database, "redis://127.0.0.1:1/0", "test")
    async with feed.follow() as follower:
        await feed.publish()
        await write(database, works, range(1))
        assert await heard(follower, 1) == ["00000"]
    await feed.close()


async def test_who_is_slow_misses_nothing_and_makes_nothing_grow(
    database: Database, servers: ServerUrls, works: Collection
) -> None:
    feed = ChangeFeed(database, servers.redis_url, f"test:{id(database)}")
    async with feed.follow() as quick, feed.follow() as slow:
        first: list[str] = []
        for begin in range(0, 5 * KEPT, KEPT // 2):
            await write(database, works, range(begin, begin + KEPT // 2))
            await feed.publish()
            first += await heard(quick, KEPT // 2)
        assert len(feed._kept) <= KEPT
        assert first == sorted(first)
        assert await heard(slow, 5 * KEPT) == first
    assert feed._kept == []
    await feed.close()


async def test_a_replay_goes_over_into_what_is_new(database: Database, servers: ServerUrls, works: Collection) -> None:
    feed = ChangeFeed(database, servers.redis_url, f"test:{id(database)}")
    await write(database, works, range(3))
    async with feed.follow(Position(0)) as follower, feed.follow() as other:
        assert await heard(follower, 3) == ["00000", "00001", "00002"]
        await write(database, works, range(3, 5))
        assert await heard(follower, 2) == await heard(other, 2) == ["00003", "00004"]
    await feed.close()


async def test_nothing_is_left_when_the_last_follower_has_gone(
    database: Database, servers: ServerUrls, works: Collection
) -> None:
    feed = ChangeFeed(database, servers.redis_url, f"test:{id(database)}")
    before = asyncio.all_tasks()
    async with feed.follow() as one, feed.follow() as other:
        waiting = [asyncio.create_task(follower.next()) for follower in (one, other)]
        await asyncio.sleep(0.2)
        assert len(asyncio.all_tasks() - before) == 4, "two who wait, one reading, one connection"
        await end(*waiting)
    assert asyncio.all_tasks() - before == set()
    await feed.close()


async def test_who_comes_while_the_last_one_leaves_hears_everything(
    database: Database, servers: ServerUrls, works: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = ChangeFeed(database, servers.redis_url, f"test:{id(database)}")
    stop, leaves = feed._channel.stop, asyncio.Event()

    async def stop_slowly() -> None:
        await stop()
        leaves.set()
        await asyncio.sleep(0.5)

    async def follow_a_while() -> None:
        async with feed.follow() as follower:
            reading = asyncio.create_task(follower.next())
            await asyncio.sleep(0.2)
            await end(reading)

    monkeypatch.setattr(feed._channel, "stop", stop_slowly)
    leaving = asyncio.create_task(follow_a_while())
    await leaves.wait()
    async with feed.follow(Position(0)) as follower:
        waiting = asyncio.create_task(heard(follower, 3))
        for number in range(3):
            await write(database, works, range(number, number + 1))
            await asyncio.sleep(0.3)
        await leaving
        assert await waiting == ["00000", "00001", "00002"]
    await feed.close()
