"""Parts are killed while records are written: what was acknowledged ends in both stores."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.running import ROOT, System, running

IMPORTED = 6_000
WRITTEN = 60
PARTS = ("cli worker", "cli serve", "elasticsearch")
SETTLED_SECONDS = 120
CREATE = "mutation C($input: ArtworkInput!) { createArtwork(input: $input) { record { key } errors { message } } }"
STATE = "{ collections { name recordCount indexedCount pending } }"
PAGE = """query P($after: String) { artworks(first: 1000, after: $after, orderBy: [{acno: ASC}]) {
    nodes { key } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system of the test's own, since it is broken on purpose."""
    with running(tmp_path / "data", ROOT / "examples" / "tate") as started:
        yield started


def test_what_was_acknowledged_is_in_both_stores_after_parts_were_killed(system: System, tmp_path: Path) -> None:
    file = tmp_path / "works.ndjson"
    imported = [f"I{number:05}" for number in range(IMPORTED)]
    file.write_text("".join(json.dumps({"acno": key, "title": f"Work {key}"}) + "\n" for key in imported))
    command = [sys.executable, "-m", "cli", "import", "Artwork", str(file), "--data", str(system.data)]
    importing = subprocess.Popen(command, cwd=ROOT)

    acknowledged: list[str] = []
    for part in PARTS:
        kill(system, part)
        acknowledged += list(write(system, part))
    assert importing.wait(120) == 0

    with system.client(system.token) as client:
        wait_until_settled(client, IMPORTED + len(acknowledged))
        # A write whose answer was cut off may have been stored too: nothing is promised of it.
        assert {*imported, *acknowledged} - searchable(client) == set()


def kill(system: System, part: str) -> None:
    """SIGKILL the process of a part, which `up` then starts again."""
    up = psutil.Process(int((system.data / "lock").read_text().split()[0]))
    chosen = [process for process in up.children(recursive=True) if part in " ".join(process.cmdline())]
    assert chosen, f"no process of {part}"
    for process in chosen:
        process.send_signal(signal.SIGKILL)


def write(system: System, part: str) -> Iterator[str]:
    """Keys of records whose creation was acknowledged while a part was away."""
    with system.client(system.token) as client:
        for number in range(WRITTEN):
            key = f"W{part[-3:]}{number:03}"
            try:
                answer = client.post(
                    "/graphql", json={"query": CREATE, "variables": {"input": {"acno": key, "title": key}}}
                )
            except httpx.TransportError:
                time.sleep(0.2)  # the server itself is away: nothing was acknowledged
                continue
            assert answer.json()["data"]["createArtwork"] == {"record": {"key": key}, "errors": []}
            yield key


def wait_until_settled(client: httpx.Client, least: int) -> None:
    """Wait until nothing is pending and both stores have as many records."""
    deadline = time.monotonic() + SETTLED_SECONDS
    state: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        try:
            state = client.post("/graphql", json={"query": STATE}).json()["data"]["collections"]
        except httpx.TransportError:
            time.sleep(0.5)
            continue
        works = next(one for one in state if one["name"] == "Artwork")
        if works["pending"] == 0 and works["recordCount"] == works["indexedCount"] >= least:
            return
        time.sleep(0.5)
    raise AssertionError(f"not settled within {SETTLED_SECONDS} s: {state}")


def searchable(client: httpx.Client) -> set[str]:
    """The keys of all records that searches find."""
    found: set[str] = set()
    after = None
    while True:
        page = client.post("/graphql", json={"query": PAGE, "variables": {"after": after}}).json()["data"]["artworks"]
        found.update(node["key"] for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
