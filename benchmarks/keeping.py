"""Measures how the index follows: rebuild, searches meanwhile, writes until they are searchable, comparison."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from benchmarks.ceilings import bulk_ceiling
from benchmarks.dataset import ROOT, Dataset
from benchmarks.measures import Measure, percentile
from benchmarks.searching import PAGE, WARM_UP, WORDS
from benchmarks.system import System, command, environment
from indexing.indexes import alias_of
from indexing.services import Services, open_services

PART = "keeping"
PACE = 50
"""Searches a second."""
QUIET_SECONDS = 10
WRITES = 30
AT_ONCE = 200
_POLL_SECONDS = 0.02

CREATE = """mutation($input: ArtworkInput!, $wait: Visibility) {
  createArtwork(input: $input, waitFor: $wait) { record { id } errors { message } } }"""
DELETE = "mutation($id: ID!) { deleteArtwork(id: $id) { errors { message } } }"
MOST_FOLLOWED = """{ artists(first: 1, orderBy: [{totalWorks: DESC}]) {
  nodes { id fc artworks(first: 0) { totalCount } } } }"""
CHANGE = "mutation($id: ID!, $name: String) { updateArtist(id: $id, patch: {fc: $name}) { errors { message } } }"
FIND = "query($key: String!) { artworks(filter: {acno: {eq: $key}}, first: 1) { nodes { id } } }"


async def measure_keeping(system: System, dataset: Dataset) -> list[Measure]:
    """All of it on a system that has the whole data set."""
    async with open_services(system.settings) as services, _client(system) as client:
        ceiling = await bulk_ceiling(services, services.catalog["Artwork"], dataset)
        await _warm_up(client)
        quiet = await _searches(client, until=_after(QUIET_SECONDS))
        rebuilding = asyncio.create_task(_run("index", "rebuild", "Artwork", "--data", str(system.data)))
        busy = await _searches(client, until=rebuilding.done)
        seconds = await rebuilding
        alone = await _run("index", "rebuild", "Artwork", "--data", str(system.data))
        verified = await _run("index", "verify", "Artwork", "--data", str(system.data))
        shown = [await _until_found(client, number) for number in range(WRITES)]
        waited = [await _until_answered(client, number) for number in range(WRITES)]
        refreshes, together = await _at_once(services, client)
        followers, beside = await _beside_followers(client)
    rate = ceiling.records / alone
    return [
        Measure(PART, "rebuild", rate, "records/s"),
        Measure(PART, "rebuild, share of the ceiling of bulk", rate / ceiling.rate * 100, "%", at_least=50),
        Measure(PART, f"rebuild during {PACE} searches a second", ceiling.records / seconds, "records/s"),
        Measure(PART, f"p99 of {PACE} searches a second, quiet", quiet, "ms"),
        Measure(PART, f"p99 of {PACE} searches a second during a rebuild", busy, "ms", at_most=3 * quiet),
        Measure(PART, "comparison of the stores", verified, "s", at_most=10),
        Measure(PART, "write until searchable, p50", statistics.median(shown), "ms", at_most=1_200),
        Measure(PART, "write with waitFor: SEARCHABLE, p50", statistics.median(waited), "ms", at_most=150),
        Measure(PART, f"{AT_ONCE} writes with waitFor at once", together, "ms"),
        Measure(PART, f"the longest of such writes while {followers:,} records follow another", beside, "ms"),
        Measure(PART, "what that is more than alone", beside - statistics.median(waited), "ms", at_most=1_000),
        Measure(PART, f"refreshes for {AT_ONCE} writes with waitFor at once", refreshes, "", at_most=12),
    ]


def _client(system: System) -> httpx.AsyncClient:
    token = (system.data / "admin-token").read_text().strip()
    limits = httpx.Limits(max_connections=AT_ONCE)
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{system.port}", headers=headers, timeout=60, limits=limits)


def _after(seconds: float) -> Callable[[], bool]:
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() > ends


async def _run(*arguments: str) -> float:
    """The seconds that one of our commands takes."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command(*arguments), cwd=ROOT, env=environment(), stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait() != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return time.monotonic() - began


async def _searches(client: httpx.AsyncClient, until: Callable[[], bool]) -> float:
    """p99 in milliseconds of searches that begin at an even pace, whatever the ones before them take."""
    running: list[asyncio.Task[float]] = []
    began = time.monotonic()
    while not until():
        words = WORDS[len(running) % len(WORDS)]
        running.append(asyncio.create_task(_timed(lambda words=words: _ask(client, PAGE, search=words))))  # type: ignore[misc]
        await asyncio.sleep(max(0.0, began + len(running) / PACE - time.monotonic()))
    return percentile(sorted(await asyncio.gather(*running)), 0.99)


async def _warm_up(client: httpx.AsyncClient) -> None:
    """Have a server that was just started compile what searching takes, one search after the other."""
    for number in range(WARM_UP):
        await _ask(client, PAGE, search=WORDS[number % len(WORDS)])


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1_000


async def _ask(client: httpx.AsyncClient, document: str, **variables: Any) -> Any:
    answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"]))
    return answer["data"]


async def _create(client: httpx.AsyncClient, key: str, wait: str) -> str:
    made = await _ask(client, CREATE, input={"acno": key, "title": f"Bench {key}"}, wait=wait)
    return str(made["createArtwork"]["record"]["id"])


async def _until_found(client: httpx.AsyncClient, number: int) -> float:
    key = f"bench-found-{number}"

    async def work() -> None:
        await _create(client, key, "COMMITTED")
        while True:
            if (await _ask(client, FIND, key=key))["artworks"]["nodes"]:
                return
            await asyncio.sleep(_POLL_SECONDS)

    return await _cleaned(client, key, work)


async def _until_answered(client: httpx.AsyncClient, number: int) -> float:
    key = f"bench-waited-{number}"
    return await _cleaned(client, key, lambda: _create(client, key, "SEARCHABLE"))


async def _cleaned(client: httpx.AsyncClient, key: str, work: Callable[[], Awaitable[Any]]) -> float:
    took = await _timed(work)
    found = (await _ask(client, FIND, key=key))["artworks"]["nodes"]
    await _ask(client, DELETE, id=found[0]["id"])
    return took


async def _at_once(services: Services, client: httpx.AsyncClient) -> tuple[float, float]:
    """How many refreshes many writes that wait at the same time cause, and the milliseconds until all are answered."""
    before = await _refreshes(services)
    began = time.perf_counter()
    ids = await asyncio.gather(*(_create(client, f"bench-once-{n}", "SEARCHABLE") for n in range(AT_ONCE)))
    took = (time.perf_counter() - began) * 1_000
    refreshes = await _refreshes(services) - before
    for id_ in ids:
        await _ask(client, DELETE, id=id_)
    return refreshes, took


async def _beside_followers(client: httpx.AsyncClient) -> tuple[int, float]:
    """How many works follow the artist of the most when that changes, and the longest that one write took meanwhile."""
    (artist,) = (await _ask(client, MOST_FOLLOWED))["artists"]["nodes"]
    await _ask(client, CHANGE, id=artist["id"], name=f"{artist['fc']} once more")
    ids: list[str] = []
    taken: list[float] = []
    while await _pending(client):
        began = time.perf_counter()
        ids.append(await _create(client, f"bench-beside-{len(ids)}", "SEARCHABLE"))
        taken.append((time.perf_counter() - began) * 1_000)
    await _ask(client, CHANGE, id=artist["id"], name=artist["fc"])
    for id_ in ids:
        await _ask(client, DELETE, id=id_)
    while await _pending(client):  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(1)
    return int(artist["artworks"]["totalCount"]), max(taken)


async def _pending(client: httpx.AsyncClient) -> int:
    return sum(one["pending"] for one in (await _ask(client, "{ collections { pending } }"))["collections"])


async def _refreshes(services: Services) -> float:
    alias = alias_of(services.settings.index_prefix, "Artwork")
    answer = await services.search.ask("GET", f"/{alias}/_stats/refresh?filter_path=_all.primaries.refresh.total")
    return float(answer["_all"]["primaries"]["refresh"]["total"])
