"""Persisted and trusted documents on running servers, asked for by the official client and by hand."""

import json
import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.node import node_with_packages
from tests.running import System, run_command, serving_too

CLIENTS = Path(__file__).parent / "clients"
PAGE = "query Page($first: Int) {\n  artworks(first: $first) {\n    nodes {\n      key\n    }\n  }\n}\n"


@pytest.fixture(scope="module")
def node() -> str:
    return node_with_packages(CLIENTS)


@pytest.fixture(scope="module")
def other(system: System) -> Iterator[System]:
    """Another server on the same data."""
    with serving_too(system) as more:
        yield more


def asked(node: str, query: str, *servers: System) -> list[dict[str, Any]]:
    """The requests that Apollo's client makes at each of the servers, each followed by its answer."""
    operation = json.dumps({"query": query, "variables": {"first": 1}})
    command = [node, "persist.mjs", operation, *(server.graphql for server in servers)]
    done = subprocess.run(command, cwd=CLIENTS, check=True, capture_output=True, text=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_apollo_sends_a_text_once_and_its_hash_to_every_server_from_then_on(
    node: str, system: System, other: System
) -> None:
    alias = f"a{os.urandom(4).hex()}"
    query = f"query Page($first: Int) {{ {alias}: artworks(first: $first) {{ nodes {{ key }} }} }}"
    unknown, text, answer, *rest = asked(node, query, system, system, other)
    assert unknown == {"method": "GET", "text": False, "status": 200}
    assert text == {"method": "POST", "text": True, "status": 200}
    assert answer["data"][alias]["nodes"]
    assert rest == [unknown, answer] * 2


def test_a_server_of_trusted_documents_runs_them_and_no_others(system: System, tmp_path: Path) -> None:
    (tmp_path / "page.graphql").write_text(PAGE)
    persisted = {"version": 1, "sha256Hash": sha256(PAGE.encode()).hexdigest()}
    by_hash = {"extensions": {"persistedQuery": persisted}, "variables": {"first": 2}}
    with serving_too(system, None, "--documents", str(tmp_path)) as trusting:
        with trusting.client() as anybody:
            nodes = anybody.post("/graphql", json=by_hash).json()["data"]["artworks"]["nodes"]
            assert len(nodes) == 2
            refused = anybody.post("/graphql", json={"query": PAGE}).json()
            assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        with trusting.client(system.token) as admin:
            assert admin.post("/graphql", json={"query": "{ viewer { id } }"}).json()["data"]["viewer"]


def test_wrong_trusted_documents_are_told_with_file_and_line_before_anything_starts(
    system: System, tmp_path: Path
) -> None:
    (tmp_path / "a.graphql").write_text("{\n  artworks {\n    nodez { key }\n  }\n}\n")
    (tmp_path / "b.graphql").write_text("{ artworks\n")
    collections = ["--collections", str(Path(__file__).parents[2] / "examples" / "tate")]
    data = ["--data", str(tmp_path / "data")]
    serve = ["serve", "--data", str(system.data)]
    for command in (["up", *collections, *data], ["schema", "check", *collections], serve):
        done = run_command(*command, "--documents", str(tmp_path))
        assert done.returncode == 2, done.stderr
        first, second = done.stderr.splitlines()
        assert first.startswith(f"{tmp_path}/a.graphql:3: ")
        assert "Did you mean 'nodes'?" in first
        assert second.startswith(f"{tmp_path}/b.graphql:2: Syntax Error")
        assert "Traceback" not in done.stderr
