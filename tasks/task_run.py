"""One run of a task, as the work sees it: where it says how far it is, and learns that it is to stop."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.task_errors import TaskError
from models.tasks import Progress, Task


@dataclass(frozen=True, slots=True)
class Finished:
    """What came out of a work that went to its end; `partial` where not all that was asked for is done."""

    result: Mapping[str, Any] | None = None
    partial: bool = False
    message: str | None = None


class TaskCancelled(Exception):
    """Ends a work that was told to stop, at a place that it has chosen."""


class TaskRun:
    """Takes what the work reports, at any pace and without waiting; the runner writes it down a few times a second."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.stops_by_itself = False
        """Whether the work is not to be interrupted when it is cancelled: it calls `check` now and then."""
        self.writing = asyncio.Lock()
        """Held by who writes errors down, so that each is written once."""
        self._began = time.monotonic()
        self._done = 0
        self._total: int | None = None
        self._share: float | None = None
        self._failed = 0
        self._before = 0
        self._errors: list[TaskError] = []
        self._changed = False
        self._cancelled = False
        self._hooks: list[Callable[[], None]] = []

    def progress(self, done: int, total: int | None = None, *, share: float | None = None) -> None:
        """Say how many items are dealt with, failed ones too. Without `total`, `share` is how far that is, 0 to 1."""
        self._done, self._total, self._changed = done, total, True
        self._share = share if share is not None else done / total if total else None

    def goes_on_at(self, done: int) -> None:
        """Say how many items an earlier run has dealt with, so that the rate is that of this one."""
        self._before = done
        self._done = done

    def fail_item(self, message: str, key: str | None = None, line: int | None = None) -> None:
        """Say that one item could not be done; the others go on."""
        self._errors.append(TaskError(message, key, line))
        self._failed += 1
        self._changed = True

    def failed_items(self, number: int) -> None:
        """Say how many items could not be done so far, where the work itself writes down why."""
        self._failed = number
        self._changed = True

    def cancelled(self) -> bool:
        """Whether the run is to stop. What awaits is interrupted; only what blocks a thread has to ask."""
        return self._cancelled

    def check(self) -> None:
        """Raise `TaskCancelled` if the run is to stop."""
        if self._cancelled:
            raise TaskCancelled

    def when_interrupted(self, hook: Callable[[], None]) -> None:
        """Have `hook` called when the work is to be interrupted: it ends what a thread waits for, which can't be."""
        self._hooks.append(hook)

    def stop(self) -> None:
        """Have the work stop."""
        self._cancelled = True
        self.interrupt()

    def interrupt(self) -> None:
        """Have threads of the work wait for nothing more."""
        for hook in self._hooks:
            hook()

    @property
    def failed(self) -> int:
        return self._failed

    def state(self) -> Progress:
        """How far the run is."""
        seconds = max(time.monotonic() - self._began, 0.001)
        done = self._done - self._before
        share = self._share * done / self._done if self._share and self._done else None
        eta = seconds * (1 - self._share) / share if self._share and share else None
        return Progress(self._total, self._done, self._failed, round(done / seconds, 1), eta and round(eta, 1))

    def changes(self) -> bool:
        """Whether anything was reported since this was asked last."""
        changed, self._changed = self._changed, False
        return changed

    def errors(self) -> list[TaskError]:
        """The errors that are not written down yet."""
        return list(self._errors)

    def written_down(self, errors: int) -> None:
        """Forget the oldest errors, as many as were written down."""
        del self._errors[:errors]
