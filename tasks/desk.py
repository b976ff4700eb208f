"""Where tasks are asked for: the row first, in a transaction; then the broker and everybody who watches are told."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from celery import Celery
from kombu.exceptions import KombuError

from errors import Conflict, NotFound
from indexing.services import Services
from models.import_journals import forget_ended_imports
from models.schedules import fire_schedules
from models.task_runs import cancel_task, revive_tasks, waiting_tasks
from models.tasks import Order, State, Task, create_task, find_task, forget_tasks
from tasks.app import WORK, celery_app, send, task_name
from tasks.change_feed import ChangeFeed
from tasks.exporting import forget_files
from tasks.feed import TaskFeed

PATIENCE = timedelta(seconds=10)
"""A task that was handed over and that nobody has begun for so long is handed over again."""
MOST_ATTEMPTS = 5

_MAY_BE_RETRIED = (State.PARTIAL, State.FAILED, State.CANCELLED)

log = structlog.get_logger()


class AlreadyRunning(Conflict):
    """A task of this kind works on the collection, or waits to: wait until it has ended, or cancel it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        super().__init__(f"A task {task.kind} of {task.collection} has not ended yet.", "Wait for it, or cancel it.")


class NotPossibleNow(Conflict):
    """What is asked for makes no sense in the state that the task is in."""

    def __init__(self, task: Task, message: str) -> None:
        self.task = task
        super().__init__(message)


@dataclass(frozen=True)
class TaskDesk:
    """Starts, cancels and retries tasks; one for a process."""

    services: Services
    app: Celery
    feed: TaskFeed
    changes: ChangeFeed

    @classmethod
    def open(cls, services: Services, app: Celery | None = None) -> "TaskDesk":
        """A desk that connects when it is first used; `close` gives back what it holds."""
        settings = services.settings
        feed = TaskFeed(services.database, settings.redis_url, f"{settings.index_prefix}:tasks")
        changes = ChangeFeed(services.database, settings.redis_url, f"{settings.index_prefix}:changes")
        return cls(services, app or celery_app(settings), feed, changes)

    async def close(self) -> None:
        await self.feed.close()
        await self.changes.close()

    async def start(self, order: Order) -> Task:
        """A new task, handed over. Raises `AlreadyRunning` where one of its kind and collection has not ended."""
        task, is_new = await self.services.database.write(lambda session: create_task(session, order))
        if not is_new:
            raise AlreadyRunning(task)
        await self._tell([task])
        await self.hand_over([task])
        return task

    async def cancel(self, task_id: int) -> Task:
        """The task, cancelled or about to be. Raises `NotFound`, or `NotPossibleNow` if it has ended otherwise."""
        changed = await self.services.database.write(lambda session: cancel_task(session, task_id))
        if changed:
            await self._tell([changed])
            return changed
        task = await self._known(task_id)
        if task.state in (State.CANCELLING, State.CANCELLED):
            return task
        raise NotPossibleNow(task, f"The task has ended: {task.state}.")

    async def retry(self, task_id: int, by: str | None) -> Task:
        """A new task that does the same, the child of the one that did not succeed."""
        task = await self._known(task_id)
        if task.state not in _MAY_BE_RETRIED:
            raise NotPossibleNow(task, f"Only what did not succeed is retried; this task is {task.state}.")
        return await self.start(Order(task.kind, task.collection, task.arguments, by, parent_id=task.id))

    async def fire(self) -> None:
        """Start what is due by its schedule."""
        fired = await self.services.database.write(fire_schedules)
        await self._tell(fired)
        await self.hand_over(fired)

    async def sweep(self) -> None:
        """Take up what was lost: runs whose worker died, and tasks whose message never arrived."""
        silence = timedelta(seconds=self.services.settings.task_silence)
        revived = await self.services.database.write(lambda session: revive_tasks(session, silence, MOST_ATTEMPTS))
        for task in revived:
            log.warning("task_lost_its_worker", task=task.id, kind=task.kind, state=task.state)
        await self._tell(revived)
        await self.hand_over_waiting(PATIENCE)
        age = timedelta(days=self.services.settings.task_days)
        if await self.services.database.write(lambda session: forget_tasks(session, age)):
            await forget_files(self.services)
        await self.services.database.write(forget_ended_imports)

    async def hand_over_waiting(self, patience: timedelta) -> None:
        """Hand over again what nobody has begun since it was handed over."""
        await self.hand_over(await self.services.database.write(lambda session: waiting_tasks(session, patience)))

    async def hand_over(self, tasks: Iterable[Task]) -> None:
        """Give tasks to the broker. If that fails, the sweep does it when the broker is back."""
        for task in tasks:
            try:
                await asyncio.to_thread(send, self.app, task_name(task.kind), task.id, queue=WORK)
            except (OSError, KombuError) as error:
                log.warning("task_not_handed_over", task=task.id, reason=str(error), remedy="the sweep does it later")

    async def _known(self, task_id: int) -> Task:
        async with self.services.database.reading() as session:
            task = await find_task(session, task_id)
        if task is None:
            raise NotFound("There is no such task.")
        return task

    async def _tell(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            await self.feed.publish(task)
