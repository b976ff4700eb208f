"""Measures how soon a title is suggested while somebody types it, letter by letter, rightly or with a wrong letter."""

import gzip
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import httpx
import orjson

from benchmarks.dataset import Dataset
from benchmarks.measures import Measure, percentile
from benchmarks.system import System

PART = "suggesting"
TITLES = 40
APART = 1_700
"""Records from one title to the next."""
LONGEST = 20
"""Letters that are typed of a title."""
TOLERANT = 4
"""From how many letters on a wrong one is forgiven."""
P50_MS = 10.0
DOCUMENT = "query Typed($prefix: String!) { artworkSuggestions(prefix: $prefix) { text } }"


def measure_suggesting(system: System, dataset: Dataset) -> list[Measure]:
    """Each beginning of `TITLES` titles, asked for twice on one connection; the second time counts."""
    titles = list(_titles(dataset))
    mistyped = [
        title[: TOLERANT - 1] + ("y" if title[TOLERANT - 1] == "x" else "x") + title[TOLERANT:] for title in titles
    ]
    with httpx.Client(base_url=f"http://127.0.0.1:{system.port}", timeout=60) as client:
        right = _measured(client, "beginnings of titles", titles, 1)
        return [*right, *_measured(client, "with a wrong letter", mistyped, TOLERANT)]


def _titles(dataset: Dataset) -> Iterator[str]:
    with gzip.open(dataset.artworks) as lines:
        apart = APART if dataset.whole else APART // 50
        titles = (orjson.loads(line)["title"] for line in islice(lines, 0, None, apart))
        yield from islice((title for title in titles if len(title) > TOLERANT), TITLES)


def _measured(client: httpx.Client, name: str, titles: Sequence[str], first: int) -> Iterator[Measure]:
    typed = [title[:length] for title in titles for length in range(first, min(len(title), LONGEST) + 1)]
    for prefix in typed:
        _seconds(client, prefix)
    taken = sorted(_seconds(client, prefix) * 1000 for prefix in typed)
    yield Measure(PART, f"{len(typed)} {name}: p50", percentile(taken, 0.5), "ms", at_most=P50_MS)
    yield Measure(PART, f"{len(typed)} {name}: p95", percentile(taken, 0.95), "ms")


def _seconds(client: httpx.Client, prefix: str) -> float:
    began = time.perf_counter()
    answer = (
        client.post("/graphql", json={"query": DOCUMENT, "variables": {"prefix": prefix}}).raise_for_status().json()
    )
    if "errors" in answer:
        raise RuntimeError(f"Suggestions for {prefix!r} have errors: {answer['errors']}")
    return time.perf_counter() - began
