"""Keeps parts running: starts them, starts them again when they die, and stops all of them in order."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.local.part import Part
from deploy.local.process import Keeper, RunningPart
from errors import EmbeddedServerError

_POLL_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_HEALTHY_SECONDS = 30.0
_TAIL_BYTES = 3_000


class PartError(EmbeddedServerError):
    """A part ended, or was not ready in time; the end of its log is in the message."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        self.tail = _tail(log)
        super().__init__(f"{name} {what}. The end of {log}:\n{self.tail}".rstrip())


class Supervisor:
    """The running parts of one system, as an asynchronous context: on leaving it all of them are stopped.

    `logs` is the folder of one `NAME.log` a part; `report` receives a sentence about each part that died.
    """

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._report = report
        self._keeper: Keeper | None = None
        self._running: dict[str, RunningPart] = {}
        self._watches: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._keeper = await Keeper.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._keeper is not None
        for watch in self._watches:
            watch.cancel()
        for error in await asyncio.gather(*self._watches, return_exceptions=True):
            if isinstance(error, Exception):
                self._tell(f"a part was not watched any more: {error!r}")
        by_tier = sorted(self._running.values(), key=lambda each: -each.part.tier)
        for _, tier in groupby(by_tier, key=lambda each: each.part.tier):
            await asyncio.gather(*(each.stop() for each in tier))
        await self._keeper.close()

    async def start(self, part: Part) -> None:
        """Start `part`, wait until it is ready, and keep it running from then on.

        Raises `PartError` when it ends before it is ready, or takes longer than `start_seconds`.
        """
        self._rotate_log(part)
        running = await self._launch(part)
        await self._until_ready(running)
        self._watches.append(asyncio.create_task(self._watch(running)))

    async def run(self, part: Part, to_log: bool = True) -> int:
        """Run `part` to its end; its exit status. Without a log it writes to our own output."""
        if to_log:
            self._rotate_log(part)
        running = await self._launch(part, to_log)
        return await self._reap(running)

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def _launch(self, part: Part, to_log: bool = True) -> RunningPart:
        assert self._keeper is not None
        if to_log:
            with self.log_of(part.name).open("ab") as log:
                running = await RunningPart.start(part, log, self._keeper)
        else:
            running = await RunningPart.start(part, None, self._keeper)
        self._running[part.name] = running
        return running

    async def _reap(self, running: RunningPart) -> int:
        status = await running.ended()
        self._running.pop(running.part.name, None)
        return status

    async def _until_ready(self, running: RunningPart) -> None:
        part, deadline = running.part, time.monotonic() + running.part.start_seconds
        while not (running.alive and await asyncio.to_thread(part.ready, running.pid)):
            if not running.alive:
                status = await self._reap(running)
                raise PartError(part.name, f"ended with status {status} before it was ready", self.log_of(part.name))
            if time.monotonic() > deadline:
                what = f"was not ready after {part.start_seconds:.0f} s"
                raise PartError(part.name, what, self.log_of(part.name))
            await asyncio.sleep(_POLL_SECONDS)

    async def _watch(self, running: RunningPart) -> None:
        part, pause, again = running.part, _FIRST_PAUSE_SECONDS, running
        while True:
            began = time.monotonic()
            status = await self._reap(again)
            if time.monotonic() - began > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._tell(f"{part.name} ended with status {status}; starting it again. See {self.log_of(part.name)}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            again = await self._launch_at_last(part)

    async def _launch_at_last(self, part: Part) -> RunningPart:
        while True:
            try:
                return await self._launch(part)
            except OSError as error:
                self._tell(f"{part.name} can't be started: {error}")
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)

    def _tell(self, sentence: str) -> None:
        # Nobody may read what we say any more, which is no reason to let parts lie dead.
        with suppress(OSError, ValueError):
            self._report(sentence)

    def _rotate_log(self, part: Part) -> None:
        log = self.log_of(part.name)
        with suppress(FileNotFoundError):  # it is the first
            log.rename(log.with_suffix(".log.1"))
        log.touch(mode=0o600)


def _tail(log: Path) -> str:
    # What it wrote only helps to tell why it ended.
    with suppress(OSError), log.open("rb") as file:
        return _last(file).decode(errors="replace").strip()
    return ""


def _last(file: IO[bytes]) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read()
