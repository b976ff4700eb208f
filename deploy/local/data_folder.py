"""The data folder of one running system: its layout, its lock, its secrets."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from errors import EmbeddedServerError


class DataFolder:
    """A folder that one `up` at a time may use, as a context that holds its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Raises `EmbeddedServerError`, naming folder and process, when the folder is in use."""
        descriptor = self._open_lock()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            os.close(descriptor)
            raise EmbeddedServerError(
                f"{self.path} is in use by process {holder or '(unknown)'}.",
                "Stop that one first, or give another folder with --data.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor
        return self

    def _open_lock(self) -> int:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise EmbeddedServerError(
                f"{self.path} can't be used as a data folder: {error.strerror}.", "Give another folder with --data."
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def folder(self, name: str) -> Path:
        return self.path / name

    def secret(self, name: str, given: str | None = None) -> str:
        """The secret in the file `name`: the one given, else the one kept there, else a new one."""
        if given:
            return self.write_private(name, given + "\n").read_text().strip()
        with suppress(FileNotFoundError):  # nothing is kept yet
            if kept := (self.path / name).read_text().strip():
                return kept
        return self.write_private(name, secrets.token_urlsafe(32) + "\n").read_text().strip()

    def write_private(self, name: str, text: str) -> Path:
        """The file `name` with `text`, readable by nobody else at any moment."""
        path, unfinished = self.path / name, self.path / f"{name}.new"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(text)
        return unfinished.rename(path)
