"""How far the import of a task is, noted with every batch, so that another run goes on there when a worker is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from models.checkpoints import forget_checkpoint, hold_run, read_checkpoint, save_checkpoint
from models.database import Database
from models.formats import Format
from models.import_reports import Batched, ImportReport
from models.lines import Place
from models.parsing import LineProblem
from models.seen import SeenKeys
from models.tables import import_keys, tasks
from models.task_errors import TaskError, add_task_errors, forget_task_errors
from models.tasks import IS_ACTIVE, Task
from models.writes import WriteSession

_COUNTS = ("created", "updated", "unchanged", "failed")


@dataclass(frozen=True, slots=True)
class Noted:
    """Where a run goes on: the place in the file, what became of the lines before it, and which file that is."""

    place: Place
    report: ImportReport
    validator: str | None = None


class TaskJournal:
    """What the import of one task notes; `validator` tells the file from others, if its server gives one."""

    def __init__(self, database: Database, task: Task) -> None:
        self._database = database
        self._task = task
        self.validator: str | None = None

    async def read(self) -> Noted | None:
        """What an earlier run has noted last."""
        async with self._database.reading() as session:
            place = await read_checkpoint(session, self._task)
        return _noted(place) if place else None

    async def forget(self) -> None:
        """Have the import begin anew, as if it had not run yet."""

        async def work(session: WriteSession) -> None:
            await hold_run(session, self._task)
            await forget_checkpoint(session, self._task.id)
            await forget_task_errors(session, self._task.id)
            await session.run(delete(import_keys).where(import_keys.c.task_id == self._task.id))

        await self._database.write(work)

    async def recall(self, seen: SeenKeys) -> None:
        """Have the keys that earlier runs met be seen."""
        keys = select(import_keys.c["keys"], import_keys.c.lines).where(import_keys.c.task_id == self._task.id)
        async with self._database.snapshot() as session:
            async for met, lines in session.stream(keys):
                seen.remember(met, lines)

    async def note(self, session: WriteSession, batch: Batched) -> None:
        """Note a batch, in the transaction that writes it. Raises `RunLost` where another run does the task."""
        if batch.place is None:
            return await add_task_errors(session, self._task.id, _errors(batch.problems))
        counts = {name: getattr(batch.report, name) for name in _COUNTS}
        place = {**asdict(batch.place), "counts": counts, "validator": self.validator}
        await save_checkpoint(session, self._task, place)
        await add_task_errors(session, self._task.id, _errors(batch.problems))
        if batch.keys:
            lines, keys = list(batch.keys.values()), list(batch.keys)
            await session.run(insert(import_keys).values(task_id=self._task.id, keys=keys, lines=lines))
        return None


async def forget_ended_imports(session: WriteSession) -> None:
    """Forget the keys that were met by tasks that have ended: nobody goes on with them."""
    ended = select(tasks.c.id).where(~IS_ACTIVE)
    await session.run(delete(import_keys).where(import_keys.c.task_id.in_(ended)))


def _errors(problems: Sequence[LineProblem]) -> list[TaskError]:
    return [TaskError(problem.message, problem.key, problem.line) for problem in problems]


def _noted(place: Mapping[str, Any]) -> Noted:
    values = dict(place)
    counts, validator = values.pop("counts"), values.pop("validator")
    values["format"] = Format(values["format"])
    return Noted(Place(**values), ImportReport(**counts), validator)
