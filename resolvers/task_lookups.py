"""Look-ups of tasks by what they belong to: all of one tick become one statement."""

from collections.abc import Mapping

from indexing.services import Services
from models.sources import last_harvests
from models.tasks import Task, children_of, tasks_by_id
from resolvers.loading import Loader


class TasksById(Loader[int, Task | None]):
    """Tasks by number."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    async def look_up(self, keys: list[int]) -> Mapping[int, Task | None]:
        async with self._services.database.reading() as session:
            found = await tasks_by_id(session, keys)
        return {key: found.get(key) for key in keys}


class TaskChildren(Loader[int, list[Task]]):
    """The tasks that have come from others, by the number of these."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    async def look_up(self, keys: list[int]) -> Mapping[int, list[Task]]:
        async with self._services.database.reading() as session:
            found = await children_of(session, keys)
        return {key: [task for task in found if task.parent_id == key] for key in keys}


class LastHarvests(Loader[int, Task | None]):
    """The newest harvest of each source, by the number of the source."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    async def look_up(self, keys: list[int]) -> Mapping[int, Task | None]:
        async with self._services.database.reading() as session:
            found = await last_harvests(session, keys)
        return {key: found.get(key) for key in keys}
