"""Holds both stores to what the clients were told."""

import time
from typing import Any

import httpx

from tests.faults.clients import FIELDS
from tests.faults.ledger import Ledger
from tests.running import System

SETTLED_SECONDS = 180
"""An Elasticsearch that was killed takes a while to start on a machine with other work."""
STATE = "{ collections { name recordCount indexedCount pending deadLetters } }"
Nodes = dict[str, dict[str, Any]]


def check(system: System, ledgers: dict[str, Ledger], imported: Nodes) -> None:
    """None lost, none resurrected, none stale, no duplicate, both stores equal."""
    with system.client(system.token) as client:
        counts = {name: len(ledger.living()) for name, ledger in ledgers.items()}
        settle(client, counts | {"Page": len(imported)})
        found = searched(client, "Page")
        assert {key: {**node, "id": ""} for key, node in found.items()} == {
            key: {**page, "id": ""} for key, page in imported.items()
        }
        for name, ledger in ledgers.items():
            expected = {
                key: {"id": state.id, "key": key, "revision": state.revision, **state.data}
                for key, state in ledger.living().items()
            }
            assert searched(client, name) == expected
            assert looked_up(client, name, [state.id for state in ledger.states.values() if state.id]) == expected
        _check_included(client, ledgers)
    verified = system.command("index", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def settle(client: httpx.Client, counts: dict[str, int]) -> None:
    """Wait until nothing is pending and both stores have as many records as there should be, while anything moves."""
    moved = time.monotonic()
    wanted = {
        name: {"name": name, "recordCount": count, "indexedCount": count, "pending": 0, "deadLetters": 0}
        for name, count in counts.items()
    }
    found: Any = None
    while time.monotonic() < moved + SETTLED_SECONDS:
        before = found
        try:
            found = client.post("/graphql", json={"query": STATE}).json()
        except httpx.TransportError:
            found = None
        if found != before:
            moved = time.monotonic()
        if found and "errors" not in found and {one["name"]: one for one in found["data"]["collections"]} == wanted:
            return
        time.sleep(0.5)
    raise AssertionError(f"nothing has moved for {SETTLED_SECONDS} s: {found}, and should be {wanted}")


def searched(client: httpx.Client, name: str) -> Nodes:
    """All records that searches find, by key, each once."""
    plural = f"{name.lower()}s"
    query = f"""query($after: String) {{ p: {plural}(first: 500, after: $after) {{
        nodes {{ id key revision {FIELDS[name]} }} pageInfo {{ hasNextPage endCursor }} totalCount }} }}"""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = client.post("/graphql", json={"query": query, "variables": {"after": after}}).json()["data"]["p"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(found) == page["totalCount"] == len({node["key"] for node in found})
    return {node["key"]: node for node in found}


def looked_up(client: httpx.Client, name: str, ids: list[str]) -> Nodes:
    """The records by their ids, those that are deleted left out."""
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {name} {{ id key revision {FIELDS[name]} }} }} }}"
    nodes: list[dict[str, Any] | None] = []
    for place in range(0, len(ids), 100):
        variables = {"ids": ids[place : place + 100]}
        nodes += client.post("/graphql", json={"query": query, "variables": variables}).json()["data"]["nodes"]
    return {node["key"]: node for node in nodes if node}


def _check_included(client: httpx.Client, ledgers: dict[str, Ledger]) -> None:
    """Works are found by what their makers are called now."""
    makers = ledgers["Maker"].living()
    works = ledgers["Work"].living()
    query = "query($f: WorkFilter) { works(filter: $f, first: 1000) { nodes { key } } }"
    for name in sorted({state.data["name"] for state in makers.values()}):
        variables = {"f": {"by": {"name": {"eq": name}}}}
        answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
        called = {key for key, state in makers.items() if state.data["name"] == name}
        expected = {key for key, state in works.items() if state.data["maker"] in called}
        assert {node["key"] for node in answer["data"]["works"]["nodes"]} == expected, name
