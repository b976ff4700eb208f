"""The comparison itself: each work on each server, in turns, so that what else the machine does meets all of them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg
import httpx

from benchmarks.load import Answered, Load, Request, run_load
from benchmarks.measures import Measure
from benchmarks.processes import ELASTICSEARCH, POSTGRESQL, processes_of
from benchmarks.speed.chart import PREFIX
from benchmarks.speed.serving import BY_HAND, CORE, FLOOR, OURS, Cores, Served, cpu_micros, served
from benchmarks.speed.tables import drop_tables, make_tables
from benchmarks.speed.works import Work, works_of
from benchmarks.system import System

CONNECTIONS = 16
ROUNDS = 3
WARM_UP = 300
TAIL = 2.5
"""What p99 may be of p50 at most."""
_SLOWNESS = {CORE: 0.3, BY_HAND: 0.2}
"""The part of the requests that slow servers get."""


@dataclass(frozen=True)
class Cost:
    """What one request took: microseconds of the server's and of the stores' processors; how fast it was answered."""

    server: float
    stores: Mapping[str, float]
    rate: float
    answered: Answered


async def measure_speed(system: System, count: int) -> list[Measure]:
    """Each work with about `count` requests a round; the best round counts, since others on the machine only add."""
    connection = await asyncpg.connect(system.settings.database_url)
    try:
        await make_tables(connection)
        works = await works_of(system, connection)
        measures = await asyncio.to_thread(_measured, system, works, count)
        await drop_tables(connection)
    finally:
        await connection.close()
    return measures


def _measured(system: System, works: Sequence[Work], count: int) -> list[Measure]:
    measures: list[Measure] = []
    cores = Cores.divided()
    with cores.apart(system.up), ExitStack() as servers:
        running = [servers.enter_context(served(name, system.data, cores)) for name in (FLOOR, OURS, CORE, BY_HAND)]
        for work in works:
            _check_same(work, running)
            costs = _compared(system, work, running, count)
            measures += _named(work, costs)
    return measures


def _requests(work: Work, server: Served) -> Sequence[Request]:
    return {FLOOR: work.floor, BY_HAND: work.by_hand}.get(server.name, work.ours)


def _check_same(work: Work, servers: Sequence[Served]) -> None:
    """Raises where servers that should give the same answers do not."""
    for place in range(3 if work.same else 0):
        requests = [(server, _requests(work, server)) for server in servers]
        answers = [_ask(server, several[place % len(several)]) for server, several in requests]
        for server, answer in zip(servers, answers, strict=True):
            if answer != answers[0]:
                raise RuntimeError(
                    f"{work.name}: {server.name} answers {str(answer)[:2000]}, not {str(answers[0])[:2000]}"
                )


def _ask(server: Served, request: Request) -> object:
    headers = {"content-type": "application/json"}
    url = f"http://127.0.0.1:{server.port}{request.path}"
    return httpx.post(url, content=request.body, headers=headers, timeout=30).raise_for_status().json()


def _compared(system: System, work: Work, servers: Sequence[Served], count: int) -> dict[str, Cost]:
    best: dict[str, Cost] = {}
    for number in range(ROUNDS + 1):
        for server in servers:
            asked = max(int(count * work.share * _SLOWNESS.get(server.name, 1.0)), 50)
            cost = _cost(system, server, _requests(work, server), asked if number else min(WARM_UP, asked))
            if number and (server.name not in best or cost.server < best[server.name].server):
                best[server.name] = cost
    return best


def _cost(system: System, server: Served, requests: Sequence[Request], count: int) -> Cost:
    stores, before = _stores(system), cpu_micros(server.pid)
    answered = run_load(Load(server.port, requests, count, CONNECTIONS))
    used, after = cpu_micros(server.pid) - before, _stores(system)
    if answered.failed:
        raise RuntimeError(f"{server.name}: {answered.failed:,} of {count:,} answers are errors.")
    return Cost(
        used / count,
        {role: (after[role] - stores[role]) / count for role in after},
        answered.rate(count),
        answered,
    )


def _stores(system: System) -> dict[str, float]:
    found = {ELASTICSEARCH: 0.0, POSTGRESQL: 0.0}
    for pid, role in processes_of(system.up).items():
        if role in found:
            found[role] += cpu_micros(pid)
    return found


def _named(work: Work, costs: Mapping[str, Cost]) -> Iterator[Measure]:
    part = f"{PREFIX}{work.name}"
    for name, cost in costs.items():
        yield Measure(part, f"{name}: CPU of the server", cost.server, "µs/request")
        for role, micros in cost.stores.items():
            if micros >= 1 and work.store:
                yield Measure(part, f"{name}: CPU of {role}", micros, "µs/request")
        yield Measure(part, f"{name}: rate", cost.rate, "requests/s")
        yield Measure(part, f"{name}: p50", cost.answered.p50, "ms")
        yield Measure(part, f"{name}: p99", cost.answered.p99, "ms")
    ours, tail = costs[OURS], costs[OURS].answered
    yield Measure(part, "ours / floor", ours.server / costs[FLOOR].server, "floors", at_most=work.at_most)
    yield Measure(part, "ours: p99 / p50", tail.p99 / tail.p50, "", at_most=TAIL)
    for name in (CORE, BY_HAND):
        yield Measure(part, f"{name} / ours", costs[name].server / ours.server, "")
