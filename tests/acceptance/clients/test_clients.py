"""The official clients graphql-ws and graphql-sse follow work that other processes ask for and do."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.node import node_with_packages
from tests.acceptance.serving import Served, serving
from tests.running import System, beside, part, serving_too

HERE = Path(__file__).parent
COLLECTIONS = HERE.parent / "tasks"
FOLLOW = "subscription($id: ID!) { task(id: $id) { id kind state progress { total done } } }"
RECORDS = 300


@pytest.fixture(scope="module")
def node() -> str:
    return node_with_packages(HERE)


@pytest.fixture(scope="module")
def servers(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, System]]:
    """Two servers with two workers on the same data."""
    with ExitStack() as stack:
        one = stack.enter_context(beside(system, tmp_path_factory.mktemp("clients") / "data", COLLECTIONS))
        other = stack.enter_context(serving_too(one))
        stack.enter_context(part(["worker", "--name", "second", "--data", str(one.data)], one.data / "worker-2.log"))
        yield one, other


class Client:
    """A client in a process of its own, and what it has printed until now."""

    def __init__(self, node: str, how: str, server: System, query: str, **variables: Any) -> None:
        operation = json.dumps({"query": query, "variables": variables})
        command = [node, "follow.mjs", how, server.graphql, server.token, operation]
        self._process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)
        self._results: list[Any] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            self._results += map(json.loads, lines)

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
    lines = tuple(json.dumps({"number": f"{kind}{number}"}).encode() + b"\n" for number in range(RECORDS))
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
