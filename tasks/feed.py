"""Live news of tasks: what any process publishes over Redis, every process that listens hears.

Redis only makes it quick. What is listened to is read from PostgreSQL too, at the start and every few seconds, so that
a message that was lost, or a Redis that was away, delays a state and never hides it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from errors import CatalographError
from models.database import Database
from models.tasks import Task, recent_tasks
from tasks.messages import decode_task, encode_task

REFRESH_SECONDS = 5.0
_RECENT = timedelta(seconds=60)
_REMEMBERED = 1_000

log = structlog.get_logger()


class Listener:
    """The newest state of each task that somebody waits to hear of: who is slow misses states, never the last one."""

    def __init__(self, wanted: Callable[[Task], bool], task_id: int | None) -> None:
        self.task_id = task_id
        self._wanted = wanted
        self._waiting: OrderedDict[int, Task] = OrderedDict()
        self._versions: OrderedDict[int, int] = OrderedDict()
        self._there_is_more = asyncio.Event()

    def offer(self, task: Task) -> None:
        """Have `next` give this state, unless it is an old one."""
        if not self._wanted(task) or task.version <= self._versions.get(task.id, 0):
            return
        self._versions[task.id] = task.version
        self._versions.move_to_end(task.id)
        if len(self._versions) > _REMEMBERED:
            self._versions.popitem(last=False)
        self._waiting[task.id] = task
        self._there_is_more.set()

    async def next(self) -> Task:
        """The state that has waited longest."""
        while not self._waiting:
            self._there_is_more.clear()
            await self._there_is_more.wait()
        return self._waiting.popitem(last=False)[1]


class TaskFeed:
    """The news of one process: one connection to Redis while anybody listens, whatever their number."""

    def __init__(self, database: Database, redis_url: str, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=1, health_check_interval=15)
        self._listeners: set[Listener] = set()
        self._hearing: asyncio.Task[None] | None = None

    async def close(self) -> None:
        await self._stop()
        await self._redis.aclose()

    async def publish(self, task: Task) -> None:
        """Tell everybody how a task stands. Without Redis they find out by themselves, later."""
        try:
            async with asyncio.timeout(1):
                await self._redis.publish(self._channel, encode_task(task))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("task_not_published", task=task.id, reason=str(error))

    @asynccontextmanager
    async def listen(self, wanted: Callable[[Task], bool], task_id: int | None = None) -> AsyncIterator[Listener]:
        """A listener for as long as the block runs. Whoever waits for one task alone names it."""
        listener = Listener(wanted, task_id)
        self._listeners.add(listener)
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                await self._stop()

    async def _stop(self) -> None:
        hearing, self._hearing = self._hearing, None
        while hearing and not hearing.done():
            hearing.cancel()  # again: on Python 3.11 `wait_for` may swallow it, where drivers use that
            await asyncio.wait([hearing], timeout=1)

    async def _hear(self) -> None:
        while True:
            try:
                await self._hear_until_cut_off()
            except (RedisError, OSError) as error:
                log.warning("task_news_cut_off", reason=str(error))
                await self._refresh()
                await asyncio.sleep(1)

    async def _hear_until_cut_off(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._channel)
            loop = asyncio.get_running_loop()
            due = 0.0
            while True:
                if loop.time() >= due:
                    await self._refresh()
                    due = loop.time() + REFRESH_SECONDS
                message = await pubsub.get_message(timeout=max(due - loop.time(), 0.01))
                if message is not None:
                    self._offer(decode_task(message["data"]))

    async def _refresh(self) -> None:
        ids = [listener.task_id for listener in self._listeners if listener.task_id is not None]
        try:
            async with self._database.reading() as session:
                found = await recent_tasks(session, ids, _RECENT)
        except CatalographError as error:
            log.warning("tasks_not_read", code=error.code, reason=error.message)
            return
        for task in found:
            self._offer(task)

    def _offer(self, task: Task) -> None:
        for listener in self._listeners:
            listener.offer(task)
