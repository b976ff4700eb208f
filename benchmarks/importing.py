"""Measures an import: how fast records become searchable, against what the stores could take, and who works for it."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ceilings import Ceiling, bulk_ceiling, copy_ceiling
from benchmarks.dataset import ROOT, Dataset
from benchmarks.measures import Measure
from benchmarks.processes import ELASTICSEARCH, POSTGRESQL, cpu_seconds, peak_resident_mb, spent
from benchmarks.steps import Step, Steps, measure_steps
from benchmarks.system import System, SystemFailed, command, environment
from indexing.services import open_services
from models.records import count_records

PART = "import"
RATE = 4_000
MEMORY_MB = 300
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Imported:
    """One run of `catalograph import --wait-searchable`; CPU seconds by role."""

    seconds: float
    peak_mb: float
    cpu: dict[str, float]


def measure_first_import(system: System, dataset: Dataset) -> list[Measure]:
    """Import the data set into a system that has just been started: Java still compiles what it runs."""
    _import(system, "Artist", dataset.artists)
    imported = _import(system, "Artwork", dataset.artworks)
    records = asyncio.run(_searchable(system))
    cpu = imported.cpu[ELASTICSEARCH] / records * 1e6
    return [
        Measure(PART, "rate, just after the start", records / imported.seconds, "records/s"),
        Measure(PART, "CPU of Elasticsearch, just after the start", cpu, "µs/record"),
    ]


async def measure_import(system: System, dataset: Dataset) -> list[Measure]:
    """Have the stores take the records from us alone, and then import them into the same system."""
    _import(system, "Artist", dataset.artists)
    async with open_services(system.settings) as services:
        copy = await copy_ceiling(services, dataset)
        bulk = await bulk_ceiling(services, services.catalog["Artwork"], dataset)
    imported = _import(system, "Artwork", dataset.artworks)
    records = await _searchable(system)
    return [
        *_rates(records, imported, copy, bulk),
        *_costs(records, imported),
        *_steps(measure_steps(dataset), records, imported),
    ]


def _import(system: System, name: str, file: Path) -> Imported:
    """Exit status 1 is right too: Tate's files have lines with a key that stood before."""
    arguments = command("import", name, str(file), "--wait-searchable", "--data", str(system.data))
    said = system.data.with_name(f"import-{name}.log")
    before = cpu_seconds(system.up)
    with said.open("w") as log:
        began = time.perf_counter()
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=log, stderr=log)
    peak = 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        peak = max(peak, peak_resident_mb(process.pid))
        time.sleep(_POLL_SECONDS)
    seconds = time.perf_counter() - began
    _, status, usage = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemFailed(said.read_text())
    cpu = {"import": usage.ru_utime + usage.ru_stime, **spent(before, cpu_seconds(system.up))}
    return Imported(seconds, peak, cpu)


async def _searchable(system: System) -> int:
    """How many artworks searches see, which must be all of them."""
    async with open_services(system.settings) as services:
        async with services.database.reading() as session:
            stored = (await count_records(session))["Artwork"]
        found = await services.indexes.count("Artwork")
    if found != stored:
        raise SystemFailed(f"{stored:,} records are stored and {found:,} searchable.")
    return found


def _rates(records: int, imported: Imported, copy: Ceiling, bulk: Ceiling) -> Iterator[Measure]:
    rate = records / imported.seconds
    yield Measure(PART, "artworks", records, "records")
    yield Measure(PART, "until all are searchable", imported.seconds, "s")
    yield Measure(PART, "rate", rate, "records/s", at_least=RATE)
    yield Measure(PART, "ceiling: COPY into jsonb", copy.rate, "records/s")
    yield Measure(PART, "ceiling: bulk of ready-made bytes", bulk.rate, "records/s")
    yield Measure(PART, "share of the ceiling of COPY", rate / copy.rate * 100, "%")
    yield Measure(PART, "share of the ceiling of bulk", rate / bulk.rate * 100, "%")
    yield Measure(PART, "bytes of a record", copy.bytes / copy.records, "bytes")
    yield Measure(PART, "bytes of a bulk item", bulk.bytes / bulk.records, "bytes")
    yield Measure(PART, "memory of the import process, at most", imported.peak_mb, "MB", at_most=MEMORY_MB)


def _costs(records: int, imported: Imported) -> Iterator[Measure]:
    for role, seconds in imported.cpu.items():
        yield Measure(PART, f"CPU of {role}", seconds / records * 1e6, "µs/record")
    yield Measure(PART, "CPU of all", sum(imported.cpu.values()) / records * 1e6, "µs/record")


def _steps(steps: Steps, records: int, imported: Imported) -> Iterator[Measure]:
    """Each step of ours is held to what the store that it feeds spends on a record."""
    for store, several in ((POSTGRESQL, steps.importing), (ELASTICSEARCH, steps.indexing)):
        cost = imported.cpu[store] / records * 1e6
        for step in several:
            yield Measure(PART, _named(step), step.micros, "µs/record", at_most=cost)


def _named(step: Step) -> str:
    return f"step: {step.within} › {step.name}" if step.within else f"step: {step.name}"
