"""Measures what a page far down a list costs beside the first one, the two asked in turn so that both meet the same."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.dataset import Dataset
from benchmarks.measures import Measure
from benchmarks.system import System, running

PART = "paging"
PAGE = 20
NUMBER = 3_000
STEP = 1_000
WARM_UP = 50
RATIO = 1.3
ORDERS: Mapping[str, str] = {
    "by default": "",
    "by title": "orderBy: [{title: ASC}], ",
    "by two keys": "orderBy: [{classification: ASC}, {acquisitionYear: DESC}], ",
}
FIELDS = "nodes { acno title classification acquisitionYear } pageInfo { hasNextPage endCursor }"


def measure_paging(folder: Path, dataset: Dataset, count: int) -> list[Measure]:
    """Each order, by `count` requests of both pages on one connection to a system of its own."""
    with running(folder, dataset.load) as system, httpx.Client(base_url=_url(system), timeout=60) as client:
        return [measure for name, order in ORDERS.items() for measure in _measured(client, name, order, count)]


def _url(system: System) -> str:
    return f"http://127.0.0.1:{system.port}"


def _measured(client: httpx.Client, name: str, order: str, count: int) -> Iterator[Measure]:
    cursor, skipped = _cursor(client, order, PAGE * (NUMBER - 1))
    number = skipped // PAGE + 1
    near, far = (
        f"{{ artworks({order}first: {PAGE}{after}) {{ {FIELDS} }} }}" for after in ("", f', after: "{cursor}"')
    )
    for document in (near, far) * WARM_UP:
        _seconds(client, document)
    taken = [(_seconds(client, near), _seconds(client, far)) for _ in range(count)]
    first, last = (median(times) * 1000 for times in zip(*taken, strict=True))
    yield Measure(PART, f"page 1 {name}: p50", first, "ms")
    yield Measure(PART, f"page {number:,} {name}: p50", last, "ms")
    yield Measure(PART, f"page {number:,} beside page 1, {name}", last / first, "times", at_most=RATIO)


def _cursor(client: httpx.Client, order: str, wanted: int) -> tuple[str, int]:
    """The cursor behind the first `wanted` records, or as many full pages as there are."""
    (total,) = _ask(client, "{ artworks(first: 0) { totalCount } }").values()
    wanted = min(wanted, (total - 1) // PAGE * PAGE)
    cursor, skipped = "", 0
    while skipped < wanted:
        after = f', after: "{cursor}"' if cursor else ""
        size = min(STEP, wanted - skipped)
        page = _ask(client, f"{{ artworks({order}first: {size}{after}) {{ pageInfo {{ endCursor }} }} }}")
        cursor, skipped = page["pageInfo"]["endCursor"], skipped + size
    return cursor, skipped


def _seconds(client: httpx.Client, document: str) -> float:
    began = time.perf_counter()
    _ask(client, document)
    return time.perf_counter() - began


def _ask(client: httpx.Client, document: str) -> dict[str, Any]:
    answer = client.post("/graphql", json={"query": document}).raise_for_status().json()
    if "errors" in answer:
        raise RuntimeError(f"A page has errors: {answer['errors']}")
    found: dict[str, Any] = answer["data"]["artworks"]
    return found
