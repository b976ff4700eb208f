"""Measures the start of a system with the sample, as `make demo` has it, and the memory of its processes."""

from pathlib import Path

from benchmarks.dataset import SAMPLE
from benchmarks.measures import Measure
from benchmarks.processes import BEAT, SERVER, WORKER, resident_mb
from benchmarks.system import System, running

PART = "start"
SECONDS = 25
SERVER_MB = 200


def measure_start(data: Path) -> list[Measure]:
    """Start on an empty folder, whose servers are downloaded already, and then again on what it holds."""
    with running(data, SAMPLE.load) as first:
        measures = [Measure(PART, "up with the sample, empty data folder", first.seconds, "s", at_most=SECONDS)]
    with running(data, SAMPLE.load) as again:
        measures.append(Measure(PART, "up with the sample, again", again.seconds, "s", at_most=SECONDS))
        return measures + _memory(again)


def _memory(system: System) -> list[Measure]:
    limits = {SERVER: SERVER_MB, WORKER: None, BEAT: None}
    return [
        Measure(PART, f"memory of the {role} after the start", resident_mb(system.pid(role)), "MB", at_most=limit)
        for role, limit in limits.items()
    ]
