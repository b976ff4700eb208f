"""The official clients graphql-ws and graphql-sse follow work that other processes ask for and do."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.node import node_with_packages
from tests.acceptance.serving import Served, serving
from tests.acceptance.task_work import until
from tests.running import System, part, serving_too

CLIENTS = Path(__file__).parents[1] / "clients"
FOLLOW = "subscription($id: ID!) { task(id: $id) { id kind state progress { total done } } }"
RECORDS = 300
STOP_SECONDS = 2.5


@pytest.fixture(scope="module")
def node() -> str:
    return node_with_packages(CLIENTS)


@pytest.fixture(scope="module")
def one(works: System) -> Iterator[System]:
    """A server with two workers."""
    with part(["worker", "--name", "second", "--data", str(works.data)], works.data / "worker-second.log"):
        yield works


@pytest.fixture(scope="module")
def stopping_other(one: System) -> Iterator[tuple[System, Callable[[], None]]]:
    """A server more on the same data, and what stops it."""
    with ExitStack() as stack:
        yield stack.enter_context(serving_too(one)), stack.close


@pytest.fixture(scope="module")
def servers(one: System, stopping_other: tuple[System, Callable[[], None]]) -> tuple[System, System]:
    """Two servers with two workers on the same data."""
    return one, stopping_other[0]


class Client:
    """A client in a process of its own, and what it has printed until now; it comes back as often as `retries` says."""

    def __init__(self, node: str, how: str, server: System, query: str, *, retries: int = 0, **variables: Any) -> None:
        operation = json.dumps({"query": query, "variables": variables})
        command = [node, "follow.mjs", how, server.graphql, server.token, operation, str(retries)]
        self._process = subprocess.Popen(command, cwd=CLIENTS, stdout=subprocess.PIPE, text=True)
        self._results: list[Any] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            self._results += map(json.loads, lines)

    def has_begun(self) -> bool:
        """Whether it has heard anything."""
        return bool(self._results)

    def results(self) -> list[Any]:
        """Everything, once the client has ended by itself."""
        try:
            self._process.wait(60)
        finally:
            self._process.kill()
        self._reading.join()
        return self._results


@pytest.mark.parametrize("kind", ["IMPORT", "REBUILD"])
def test_both_clients_follow_on_any_server_what_another_was_asked_for(
    servers: tuple[System, System], node: str, kind: str
) -> None:
    asked, other = servers
    lines = lines_of(kind, RECORDS)
    mutations = {"IMPORT": "importRecords(collection: Work, url: $url)", "REBUILD": "rebuildIndex(collection: Work)"}
    declared = {"IMPORT": "($url: String!)", "REBUILD": ""}
    with serving() as files, asked.client(asked.token) as client:
        files["/works"] = Served(lines, pause=0.01)
        document = f"mutation{declared[kind]} {{ p: {mutations[kind]} {{ task {{ id }} errors {{ code }} }} }}"
        started = Api(client).ask(document, **({"url": files.url("/works")} if kind == "IMPORT" else {}))["p"]
        assert started["errors"] == []
        id_ = started["task"]["id"]
        followers = [Client(node, how, server, FOLLOW, id=id_) for how in ("ws", "sse") for server in (asked, other)]
        found = [follower.results() for follower in followers]
    for results in found:
        *events, end = results
        tasks = [event["data"]["task"] for event in events]
        assert end == {"completed": True}
        assert {task["id"] for task in tasks} == {id_}
        assert tasks[-1]["state"] == "SUCCEEDED"
        assert tasks[-1]["progress"]["done"] == tasks[-1]["progress"]["total"] >= (RECORDS if kind == "IMPORT" else 0)
        done = [task["progress"]["done"] for task in tasks]
        assert done == sorted(done)
    if kind == "IMPORT":
        assert any(0 < event["data"]["task"]["progress"]["done"] < RECORDS for event in found[0][:-1])


@pytest.mark.parametrize("how", ["ws", "sse"])
def test_both_clients_understand_why_they_are_refused(servers: tuple[System, System], node: str, how: str) -> None:
    first, *rest = Client(node, how, servers[0], FOLLOW, id="nonsense").results()
    assert [error["extensions"]["code"] for error in first["errors"]] == ["NOT_FOUND"]
    assert rest == ([] if how == "ws" else [{"completed": True}])


def test_both_clients_come_back_when_their_server_was_stopped_in_the_middle(
    one: System, stopping_other: tuple[System, Callable[[], None]], node: str
) -> None:
    other, stop_other = stopping_other
    is_back = threading.Event()
    sent: list[bytes] = []

    def lines() -> Iterator[bytes]:
        while not is_back.wait(0.1):
            sent.append(json.dumps({"number": f"twice{len(sent)}"}).encode() + b"\n")
            yield sent[-1]

    with serving() as files, one.client(one.token) as client:
        files["/works"] = Served(lines())
        document = "mutation($url: String!) { p: importRecords(collection: Work, url: $url) { task { id } } }"
        id_ = Api(client).ask(document, url=files.url("/works"))["p"]["task"]["id"]
        followers = [Client(node, how, other, FOLLOW, retries=3_000, id=id_) for how in ("ws", "sse")]
        until(lambda: all(follower.has_begun() for follower in followers))
        began = time.monotonic()
        stop_other()
        assert time.monotonic() - began < STOP_SECONDS
        with serving_too(one, int(other.url.rpartition(":")[2])):
            is_back.set()
            found = [follower.results() for follower in followers]
    for results in found:
        *events, end = results
        assert end == {"completed": True}
        assert events[-1]["data"]["task"]["state"] == "SUCCEEDED"
        assert events[-1]["data"]["task"]["progress"]["done"] == len(sent)


def lines_of(name: str, number: int) -> tuple[bytes, ...]:
    return tuple(json.dumps({"number": f"{name}{one}"}).encode() + b"\n" for one in range(number))
