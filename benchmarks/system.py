"""A whole system of its own to measure: `catalograph up` on a folder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from benchmarks.dataset import COLLECTIONS, ROOT
from benchmarks.processes import SERVER, processes_of
from config import SETTINGS_FILE, Settings, load_settings
from deploy.local.ports import free_ports

START_SECONDS = 600
STOP_SECONDS = 30
_ASKING = {"CATALOGRAPH_RESULT_CACHE": "0"}
"""The same is asked again and again; what is measured is what it takes to ask the stores."""


class SystemFailed(Exception):
    """A command ended as it should not: its output says why."""


@dataclass(frozen=True)
class System:
    """A running system: the process id of `up`, its data folder, the server's port, and the seconds until `ready`."""

    up: int
    data: Path
    port: int
    seconds: float

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.data, environment={})

    def pid(self, role: str) -> int:
        """The first process of a role."""
        return next(pid for pid, found in processes_of(self.up).items() if found == role)


@contextmanager
def running(
    data: Path, load: Sequence[tuple[str, Path]] = (), heap: str = "1g", collections: Path = COLLECTIONS
) -> Iterator[System]:
    """A system on collections (Tate's), ready, and stopped afterwards. Raises `SystemFailed` if it does not start."""
    (port,) = free_ports(1)
    loaded = [part for name, file in load for part in ("--load", f"{name}={file}")]
    options = ["--collections", str(collections), "--data", str(data), "--port", str(port), "--heap", heap, *loaded]
    said = data.with_suffix(".log")
    with said.open("w") as log:
        began = time.monotonic()
        process = subprocess.Popen(command("up", *options), cwd=ROOT, env=environment(), stdout=log, stderr=log)
    try:
        _until_ready(process, said)
        yield System(process.pid, data, port, time.monotonic() - began)
    finally:
        _stop(process)


@contextmanager
def loaded(data: Path, load: Sequence[tuple[str, Path]]) -> Iterator[System]:
    """A system on a folder: the one that runs there, or one that is started, and loaded where the folder is new."""
    holder = _holder(data)
    if holder:
        yield System(holder, data, _port_of(holder), 0.0)
        return
    with running(data, () if (data / SETTINGS_FILE).exists() else load) as system:
        yield system


def _holder(data: Path) -> int:
    """The process id of `up` that holds the folder's lock, 0 if none does."""
    try:
        return int((data / "lock").read_text() or 0)
    except OSError:
        return 0


def _port_of(up: int) -> int:
    pid = next(pid for pid, role in processes_of(up).items() if role == SERVER)
    line = psutil.Process(pid).cmdline()
    return int(line[line.index("--port") + 1])


def command(*arguments: str) -> list[str]:
    """How one of our own commands is run, in the checkout's folder."""
    return [sys.executable, "-m", "cli", *arguments]


def environment() -> dict[str, str]:
    """The environment without settings of ours, which would change what is measured, but for `_ASKING`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CATALOGRAPH_")} | _ASKING


def _until_ready(process: subprocess.Popen[bytes], said: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while not any(line.startswith("ready ") for line in said.read_text().splitlines()):
        if process.poll() is not None or time.monotonic() > ends:
            raise SystemFailed(said.read_text())
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
