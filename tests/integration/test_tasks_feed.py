"""News of tasks cross processes, and what Redis loses PostgreSQL tells."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from models.database import Database
from models.task_runs import claim_task
from models.tasks import Kind, Order, Task, create_task
from tasks.feed import TaskFeed
from tests.integration.conftest import ServerUrls

pytestmark = pytest.mark.anyio


async def created(database: Database) -> Task:
    task, _ = await database.write(lambda session: create_task(session, Order(Kind.REBUILD, "Work", {})))
    return task


async def test_what_one_process_publishes_another_hears_at_once(database: Database, servers: ServerUrls) -> None:
    here, there = (TaskFeed(database, servers.redis_url, f"test:{id(database)}") for _ in range(2))
    task = await created(database)
    async with here.listen(lambda one: True) as listener:
        assert await asyncio.wait_for(listener.next(), 5) == task  # read once the connection stands
        changes = [replace(task, version=version) for version in (2, 3)]
        for changed in changes:
            await there.publish(changed)
        assert [await asyncio.wait_for(listener.next(), 1) for _ in changes] == changes, "also of two in one moment"
    await here.close()
    await there.close()


async def test_a_change_that_nobody_published_is_heard_all_the_same(database: Database, servers: ServerUrls) -> None:
    feed = TaskFeed(database, servers.redis_url, f"test:{id(database)}")
    task = await created(database)
    async with feed.listen(lambda one: one.id == task.id, task.id) as listener:
        await asyncio.wait_for(listener.next(), 5)
        claimed = await database.write(lambda session: claim_task(session, task.id))
        assert await asyncio.wait_for(listener.next(), 7) == claimed
    await feed.close()


async def test_without_redis_changes_are_heard_too(database: Database) -> None:
    feed = TaskFeed(database, "redis://127.0.0.1:1/0", "test")
    task = await created(database)
    async with feed.listen(lambda one: True) as listener:
        assert await asyncio.wait_for(listener.next(), 5) == task
        await feed.publish(task)
        claimed = await database.write(lambda session: claim_task(session, task.id))
        assert await asyncio.wait_for(listener.next(), 5) == claimed
    await feed.close()


async def test_a_message_of_somebody_else_ends_no_listening(database: Database, servers: ServerUrls) -> None:
    name = f"test:{id(database)}"
    here, there = (TaskFeed(database, servers.redis_url, name) for _ in range(2))
    task = await created(database)
    async with here.listen(lambda one: True) as listener, Redis.from_url(servers.redis_url) as redis:
        await asyncio.wait_for(listener.next(), 5)
        await redis.publish(name, b"what nobody of us says")
        changed = replace(task, version=2)
        telling = asyncio.create_task(_tell_again_and_again(there, changed))
        assert await asyncio.wait_for(listener.next(), 20) == changed
        telling.cancel()
    await here.close()
    await there.close()


async def _tell_again_and_again(feed: TaskFeed, task: Task) -> None:
    while True:
        await feed.publish(task)
        await asyncio.sleep(0.1)


async def test_nothing_is_left_when_the_last_listener_has_gone(database: Database, servers: ServerUrls) -> None:
    feed = TaskFeed(database, servers.redis_url, f"test:{id(database)}")
    before = asyncio.all_tasks()
    async with feed.listen(lambda one: True), feed.listen(lambda one: True):
        await asyncio.sleep(0.2)
        assert len(asyncio.all_tasks() - before) == 1
    assert asyncio.all_tasks() - before == set()
    await feed.close()
