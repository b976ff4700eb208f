"""One system for all processes between which `make test` divides the tests: who asks first starts it."""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.running import System


@contextmanager
def shared(folder: Path, start: Callable[[], AbstractContextManager[System]]) -> Iterator[tuple[System, bool]]:
    """The system that processes with this folder share, and whether it is this one that runs it.

    The one that does stops it when no other has it any more, and waits until then.
    """
    described = folder / "shared-system.json"
    with (folder / "shared-system.users").open("a") as users, ExitStack() as ours:
        with _alone(folder / "shared-system.starting"):
            # Waits while one that nobody has any more is being stopped.
            fcntl.flock(users, fcntl.LOCK_SH)
            if described.exists():
                url, data, token = json.loads(described.read_text())
                yielded = System(url, Path(data), token), False
            else:
                yielded = ours.enter_context(start()), True
                described.write_text(json.dumps([yielded[0].url, str(yielded[0].data), yielded[0].token]))
                ours.callback(described.unlink)
                ours.callback(fcntl.flock, users, fcntl.LOCK_EX)
        yield yielded


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
