"""The user's cache folder, and a lock on it that the kernel gives back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/catalograph`, or `~/.cache/catalograph`; made where it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    # A relative path counts as unset: XDG Base Directory Specification, "Environment variables".
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    folder = root / "catalograph"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`, waiting for whoever has it; never stale, since it ends with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
