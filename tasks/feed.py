"""Live news of tasks: each message carries a whole task; PostgreSQL is asked at the start and every few seconds."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from errors import CatalographError
from metrics import SUBSCRIPTIONS
from models.database import Database
from models.tasks import Task, recent_tasks
from tasks.channel import Channel
from tasks.messages import decode_task, encode_task

REFRESH_SECONDS = 5.0
GATHER_SECONDS = 0.01
"""How long news wait for those of other tasks: who follows several tasks gets them with one message of the network."""
_RECENT = timedelta(seconds=60)
_REMEMBERED = 1_000

log = structlog.get_logger()


class Listener:
    """The newest state of each task that somebody waits to hear of: who is slow misses states, never the last one."""

    def __init__(self, wanted: Callable[[Task], bool]) -> None:
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
        self._channel = Channel(redis_url, channel, self._hear, self._refresh, REFRESH_SECONDS)
        self._listeners: defaultdict[int | None, set[Listener]] = defaultdict(set)
        self._heard: dict[int, Task] = {}
        self._delivering: asyncio.TimerHandle | None = None

    async def close(self) -> None:
        await self._channel.close()

    async def publish(self, task: Task) -> None:
        """Tell everybody how a task stands. Without Redis they find out by themselves, later."""
        await self._channel.publish(encode_task(task))

    @asynccontextmanager
    async def listen(self, wanted: Callable[[Task], bool], task_id: int | None = None) -> AsyncIterator[Listener]:
        """A listener for as long as the block runs. Whoever waits for one task alone names it."""
        listener = Listener(wanted)
        self._listeners[task_id].add(listener)
        self._channel.listen()
        SUBSCRIPTIONS.labels("tasks").inc()
        try:
            yield listener
        finally:
            self._listeners[task_id].discard(listener)
            if not self._listeners[task_id]:
                del self._listeners[task_id]
            if not self._listeners:
                self._deliver()
                await self._channel.stop()

    async def _refresh(self) -> None:
        ids = [task_id for task_id in self._listeners if task_id is not None]
        try:
            async with self._database.reading() as session:
                found = await recent_tasks(session, ids, _RECENT)
        except CatalographError as error:
            # The channel goes on, and looks again in a few seconds.
            log.warning("tasks_not_read", code=error.code, reason=error.message)
            return
        for task in found:
            self._offer(task)

    def _hear(self, message: bytes) -> None:
        task = decode_task(message)
        if task.id in self._heard:
            self._deliver()  # each change counts: two of one task are not made one
        self._heard[task.id] = task
        if self._delivering is None:
            self._delivering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._deliver)

    def _deliver(self) -> None:
        if self._delivering:
            self._delivering.cancel()
            self._delivering = None
        heard, self._heard = self._heard, {}
        for task in heard.values():
            self._offer(task)

    def _offer(self, task: Task) -> None:
        for wanted in (task.id, None):
            for listener in self._listeners.get(wanted, ()):
                listener.offer(task)
