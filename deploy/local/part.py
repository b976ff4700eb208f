"""One part of the running system, as a value: what to run and how to tell that it is ready."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.account import Account


def started(_pid: int) -> bool:
    """Ready as soon as it runs."""
    return True


@dataclass(frozen=True)
class Part:
    """A process to keep running.

    `ready` is asked, with the process's pid and outside the event loop, until it says yes. `tier` orders the end:
    higher tiers stop first. `death_signal` is what the kernel sends it when we are gone. `stdin` is written to it at
    the start, through a pipe that stays open while both live unless `closes_stdin`.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    account: Account | None = None
    ready: Callable[[int], bool] = started
    stdin: bytes | None = None
    closes_stdin: bool = False
    tier: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    start_seconds: float = 120.0
    stop_seconds: float = 6.0
