"""The servers that are compared, each one process on a core of its own, and what they use as the kernel counts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dataset import ROOT
from benchmarks.processes import processes_of
from benchmarks.system import SystemFailed, command, environment
from deploy.local.ports import free_ports

FLOOR, OURS, CORE, BY_HAND = "floor", "ours", "ours on graphql-core", "Strawberry by hand"
_SETTINGS = {CORE: {"CATALOGRAPH_COMPILED": "false"}}
_START_SECONDS = 300.0


@dataclass(frozen=True)
class Served:
    """A server that answers at `port`."""

    name: str
    pid: int
    port: int


@dataclass(frozen=True)
class Cores:
    """Which cores the server has to itself, and which the stores and the load share; one core is both."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def divided(cls) -> "Cores":
        """One for the server, the rest for the others."""
        cores = os.sched_getaffinity(0)
        first = frozenset({min(cores)})
        return cls(first, frozenset(cores - first) or first)

    @contextmanager
    def apart(self, up: int) -> Iterator[None]:
        """All processes below `up`, and what is started meanwhile, on the cores of the others."""
        for pid in processes_of(up):
            for task in _tasks(pid):
                os.sched_setaffinity(task, self.others)
        with _only_on(self.others):
            yield


@contextmanager
def _only_on(cores: frozenset[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def served(name: str, data: Path, cores: Cores) -> Iterator[Served]:
    """One of the servers, on its core and on the stores of the system in `data`."""
    (port,) = free_ports(1)
    with _only_on(cores.server):
        process = subprocess.Popen(_command(name, data, port), cwd=ROOT, env=environment() | _SETTINGS.get(name, {}))
    try:
        _until_listening(process, port)
        yield Served(name, process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _command(name: str, data: Path, port: int) -> Sequence[str]:
    if name in (FLOOR, BY_HAND):
        module = "floor" if name == FLOOR else "by_hand"
        return [sys.executable, "-m", f"benchmarks.speed.{module}", str(data), str(port)]
    return command("serve", "--data", str(data), "--port", str(port))


def _until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + _START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > ends:
            raise SystemFailed(f"{process.args!r} does not answer.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def cpu_micros(pid: int) -> float:
    """Microseconds of processor time, user and system, of all threads of a process until now."""
    total = 0
    for task in _tasks(pid):
        try:
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1_000


def _tasks(pid: int) -> list[int]:
    try:
        return [int(task) for task in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []
