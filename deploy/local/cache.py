"""The user's cache folder, a lock on it that the kernel gives back when its holder dies, and what a full disk says."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import EmbeddedServerError


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/catalograph`, or `~/.cache/catalograph`; made where it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    # A relative path counts as unset: XDG Base Directory Specification, "Environment variables".
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    folder = root / "catalograph"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(
            f"{folder} can't be used as a cache: {error.strerror}.", "Set XDG_CACHE_HOME to another folder."
        ) from error
    return folder


def when_full(error: OSError, folder: Path, needed: int, remedy: str) -> Exception:
    """`error`, or one that says what is missing where, if it came of a full disk. `needed` in bytes."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return error
    free = shutil.disk_usage(folder).free
    return EmbeddedServerError(
        f"The disk is full: {folder} needs about {needed // 1_000_000} MB, and {free // 1_000_000} MB are free.",
        f"Make room or {remedy}, and start again.",
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`, waiting for whoever has it; never stale, since it ends with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
