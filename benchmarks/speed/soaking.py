"""Sixteen connections for half an hour: whether memory stays flat and latency does not grow."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from benchmarks.load import Load, Request, run_load
from benchmarks.measures import Measure
from benchmarks.processes import resident_mb
from benchmarks.speed.comparing import CONNECTIONS
from benchmarks.speed.serving import OURS, Cores, Served, served
from benchmarks.speed.tables import drop_tables, make_tables
from benchmarks.speed.works import works_of
from benchmarks.system import System

PART = "soak"
SLICE_REQUESTS = 3_000
POINTS = 10
GROWTH_MB = 15
GROWTH_OF_P99 = 1.3


@dataclass(frozen=True)
class Moment:
    """How the server was some minutes after the start."""

    minutes: float
    megabytes: float
    p50: float
    p99: float
    rate: float


async def measure_soak(system: System, minutes: float) -> list[Measure]:
    """All works mixed, for so many minutes; the first tenth is the warm-up."""
    connection = await asyncpg.connect(system.settings.database_url)
    try:
        await make_tables(connection)
        works = await works_of(system, connection)
        await drop_tables(connection)
    finally:
        await connection.close()
    mixed = [work.ours[place % len(work.ours)] for place in range(500) for work in works]
    return await asyncio.to_thread(_soak, system, mixed, minutes)


def _soak(system: System, requests: Sequence[Request], minutes: float) -> list[Measure]:
    cores = Cores.divided()
    with cores.apart(system.up), served(OURS, system.data, cores) as server:
        moments = _moments(server, requests, minutes)
    warm = [one for one in moments if one.minutes > minutes / 10] or moments
    third = max(len(warm) // 3, 1)
    first, last = warm[:third], warm[-third:]
    shown = warm[:: max(len(warm) // POINTS, 1)]
    grown = statistics.median(one.megabytes for one in last) - statistics.median(one.megabytes for one in first)
    slower = statistics.median(one.p99 for one in last) / statistics.median(one.p99 for one in first)
    return [
        *(Measure(PART, f"memory after {one.minutes:.1f} minutes", one.megabytes, "MB") for one in shown),
        *(Measure(PART, f"p99 after {one.minutes:.1f} minutes", one.p99, "ms") for one in shown),
        Measure(PART, "rate", statistics.median(one.rate for one in warm), "requests/s"),
        Measure(PART, "memory: last third less first third", grown, "MB", at_most=GROWTH_MB),
        Measure(PART, "p99: last third / first third", slower, "", at_most=GROWTH_OF_P99),
    ]


def _moments(server: Served, requests: Sequence[Request], minutes: float) -> list[Moment]:
    began = time.monotonic()
    found: list[Moment] = []
    while (passed := (time.monotonic() - began) / 60) < minutes or not found:
        answered = run_load(Load(server.port, requests, SLICE_REQUESTS, CONNECTIONS))
        if answered.failed:
            raise RuntimeError(f"{answered.failed:,} of {SLICE_REQUESTS:,} answers are errors.")
        rate = answered.rate(SLICE_REQUESTS)
        found.append(Moment(passed, resident_mb(server.pid), answered.p50, answered.p99, rate))
    return found
