"""The files of exports: in one folder that servers and workers share, named by their tasks."""

import asyncio
import os
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self, cast

from config import Settings
from errors import SettingsError
from models.tasks import Task

ENDING = ".ndjson.gz"
_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS
_BLOCK = 1_000_000
_OURS = re.compile(rf"(\d+){re.escape(ENDING)}(\.\d+\.part)?")


class ExportFiles:
    """Finished files appear whole; what a run has not finished has a name of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The folder that the settings name. Raises `SettingsError` where they name none."""
        if not settings.export_folder:
            raise SettingsError(
                "There is no folder for exports.",
                "CATALOGRAPH_EXPORT_FOLDER names one that servers and workers share.",
            )
        return cls(Path(settings.export_folder))

    def path(self, task_id: int) -> Path:
        """Where the file of a task is once it is finished."""
        return self._folder / f"{task_id}{ENDING}"

    @asynccontextmanager
    async def writing(self, task: Task) -> AsyncIterator["PackedFile"]:
        """The file of a task, to be written: there when the block is left, gone when that raises."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        path = self.path(task.id)
        unfinished = path.with_name(f"{path.name}.{task.attempts}.part")
        try:
            with _opened(unfinished) as raw:
                file = PackedFile(raw)
                yield file
                await file.finish()
            unfinished.replace(path)
        finally:
            with suppress(FileNotFoundError):  # it is finished
                unfinished.unlink()

    def ids(self) -> set[int]:
        """The tasks that have files, finished or not."""
        return {int(found[1]) for name in self._names() if (found := _OURS.fullmatch(name))}

    def keep(self, tasks: dict[int, Task], ids: set[int]) -> None:
        """Of the files of `ids`, remove what belongs to none of these tasks, and what ended ones did not finish.

        Files of other ids have appeared since it was asked which tasks there are.
        """
        for name in self._names():
            found = _OURS.fullmatch(name)
            if not found or int(found[1]) not in ids:
                continue
            task = tasks.get(int(found[1]))
            if task is None or (found[2] and task.is_over):
                (self._folder / name).unlink(missing_ok=True)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:  # nothing was exported yet
            return []


class PackedFile:
    """A file that is packed while it is written, in blocks, away from the event loop."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._waiting: list[bytes] = []
        self._size = 0
        self.packed_size = 0
        """Bytes of the file once it is finished."""

    async def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _BLOCK:
            await self._flush()

    async def finish(self) -> None:
        """Write what waits, and have all of it on the disk."""
        await self._flush()
        await asyncio.to_thread(self._close)
        self.packed_size = self._raw.tell()

    async def _flush(self) -> None:
        block, self._waiting, self._size = b"".join(self._waiting), [], 0
        await asyncio.to_thread(lambda: self._raw.write(self._packer.compress(block)))

    def _close(self) -> None:
        self._raw.write(self._packer.flush())
        self._raw.flush()
        os.fsync(self._raw.fileno())


def _opened(path: Path) -> BinaryIO:
    """A new file that its owner alone may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return cast("BinaryIO", os.fdopen(descriptor, "wb"))
