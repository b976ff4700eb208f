"""A limit of time for what one task does, as `asyncio.timeout`, for a third of its cost."""

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """Cancels the current task when a block takes longer than so many seconds, or when somebody says so before; the
    block raises `TimeoutError` then.
    """

    __slots__ = ("_cancelling", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._expired = False

    def expired(self) -> bool:
        """Whether the time was over before the block was."""
        return self._expired

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        loop = asyncio.get_running_loop()
        self._timer = None if self._seconds is None else loop.call_later(self._seconds, self.expire)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
        # Ours, unless somebody else cancelled this task as well.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End the block now."""
        self._expired = True
        self._task.cancel()
