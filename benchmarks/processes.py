"""What processes use: CPU seconds by what they are, and resident memory, as the kernel counts both."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import psutil

SERVER, WORKER, BEAT = "server", "worker", "beat"
ELASTICSEARCH, POSTGRESQL, VALKEY = "Elasticsearch", "PostgreSQL", "Valkey"
_MARKS = {
    " cli serve": SERVER,
    " cli worker": WORKER,
    " cli beat": BEAT,
    "org.elasticsearch": ELASTICSEARCH,
    "postgres": POSTGRESQL,
    "valkey": VALKEY,
}
ROLES = tuple(_MARKS.values())


def processes_of(up: int) -> dict[int, str]:
    """The processes below `catalograph up` that have a role, by their ids."""
    found: dict[int, str] = {}
    for process in psutil.Process(up).children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        role = next((role for mark, role in _MARKS.items() if mark in line), None)
        if role:
            found[process.pid] = role
    return found


def cpu_seconds(up: int) -> dict[str, float]:
    """User and system time of each role until now, with that of its children that have ended."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for pid, role in processes_of(up).items():
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        seconds[role] += times.user + times.system + times.children_user + times.children_system
    return dict(seconds)


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each role used between two readings."""
    return {role: after[role] - before.get(role, 0.0) for role in ROLES if role in after}


def resident_mb(pid: int) -> float:
    """What the process holds in memory now, in 10^6 bytes."""
    return _status(pid, "VmRSS")


def peak_resident_mb(pid: int) -> float:
    """The most that it has held, in 10^6 bytes; 0 once it has ended."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(next(sizes, "0")) * 1024 / 1e6
