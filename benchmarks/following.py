"""Measures subscriptions: how soon a task runs, how soon its progress is heard, and what a crowd of followers costs."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from statistics import median
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.measures import Measure, percentile
from benchmarks.processes import SERVER, cpu_seconds, resident_mb
from benchmarks.system import System
from indexing.services import Services, open_services
from models.tasks import Kind, Order, Task, create_task
from resolvers.tasks import task_id
from tasks.desk import TaskDesk
from tasks.runner import AT_ONCE, Runner
from tasks.task_run import Finished, TaskRun

PART = "following"
TASKS = 10
CONNECTIONS = 200
EACH = 10
"""Subscriptions of a connection, one to each task."""
ROUNDS = 20
STARTS = 20
REPORTS = 100
_PATIENCE = 30

VERIFY = "mutation { verifyIndex(collection: Artist) { task { id } errors { message } } }"
STATE = "query($id: ID!) { task(id: $id) { state startedAt } }"
FOLLOW = "subscription($id: ID!) { task(id: $id) { id state message progress { total done failed rate etaSeconds } } }"


async def measure_following(system: System) -> list[Measure]:
    """All of it on an idle system; the work is done by this process, as a worker does it."""
    starts = await _starts(system)
    async with open_services(system.settings) as services, _desk(services) as desk:
        heard = await _progress_heard(system, desk)
        crowd = await _crowd(system, desk)
    return [
        Measure(PART, "mutation until its task runs, p50", median(starts), "ms", at_most=200),
        Measure(PART, "report of progress until it is heard, p50", median(heard), "ms"),
        Measure(PART, "report of progress until it is heard, p99", percentile(sorted(heard), 0.99), "ms", at_most=300),
        *crowd,
    ]


class Followers:
    """Subscriptions over one connection, one for each task: how far each is, and since when that is known."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.running: set[str] = set()
        self.done: dict[str, int] = {}
        self.at: dict[str, float] = {}

    @classmethod
    @asynccontextmanager
    async def connected(cls, system: System, ids: list[str]) -> AsyncIterator["Followers"]:
        url = f"ws://127.0.0.1:{system.port}/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            payload = {"authorization": f"Bearer {_token(system)}"}
            await _send(socket, type="connection_init", payload=payload)
            await socket.recv()
            for number, id_ in enumerate(ids):
                operation = {"query": FOLLOW, "variables": {"id": id_}}
                await _send(socket, type="subscribe", id=str(number), payload=operation)
            followers = cls(socket)
            reading = asyncio.create_task(followers._read())
            try:
                yield followers
            finally:
                reading.cancel()

    async def _read(self) -> None:
        async for text in self._socket:
            now, message = time.perf_counter(), orjson.loads(text)
            if message["type"] == "next":
                task = message["payload"]["data"]["task"]
                if task["state"] == "RUNNING":
                    self.running.add(task["id"])
                self.done[task["id"]], self.at[task["id"]] = task["progress"]["done"], now
            elif message["type"] != "complete":
                raise RuntimeError(f"A subscription has ended: {message}")


async def _starts(system: System) -> list[float]:
    """Milliseconds from each mutation to the moment at which its task was begun."""
    taken = []
    headers = {"authorization": f"Bearer {_token(system)}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{system.port}", headers=headers, timeout=60) as client:
        for _ in range(STARTS):
            began = time.time()
            payload = (await _ask(client, VERIFY))["verifyIndex"]
            state: dict[str, Any] = {"state": "QUEUED"}
            while state["state"] in ("QUEUED", "RUNNING"):
                await asyncio.sleep(0.05)
                state = (await _ask(client, STATE, id=payload["task"]["id"]))["task"]
            taken.append((_moment(state["startedAt"]) - began) * 1000)
            await asyncio.sleep(0.1)
    return taken


async def _progress_heard(system: System, desk: TaskDesk) -> list[float]:
    """Milliseconds from each report of a work to its arrival at a follower."""
    reported: dict[int, float] = {}
    heard: list[float] = []
    task, id_ = await _new_task(desk)
    async with Followers.connected(system, [id_]) as followers:

        async def work(_: Services, run: TaskRun) -> Finished:
            for number in range(1, REPORTS + 1):
                await asyncio.sleep(random.uniform(0.25, 0.6))  # noqa: S311 - no secret
                reported[number] = time.perf_counter()
                run.progress(number, REPORTS)
                await _until(lambda: followers.done.get(id_, 0) >= number)  # noqa: B023 - awaited
                heard.append((followers.at[id_] - reported[number]) * 1000)
            return Finished()

        await Runner(desk).run(task.id, work)
    return heard


async def _crowd(system: System, desk: TaskDesk) -> list[Measure]:
    server = system.pid(SERVER)
    made = [await _new_task(desk) for _ in range(TASKS)]
    ids = [id_ for _, id_ in made]
    async with AsyncExitStack() as stack:
        warm = await stack.enter_async_context(Followers.connected(system, ids))
        await _until(lambda: len(warm.done) == TASKS)
        before = resident_mb(server)
        entering = [stack.enter_async_context(Followers.connected(system, ids)) for _ in range(CONNECTIONS)]
        crowd = await asyncio.gather(*entering)
        await _until(lambda: all(len(followers.done) == TASKS for followers in crowd))
        spent = cpu_seconds(system.up).get(SERVER, 0.0)
        slowest = await _rounds(desk, [task for task, _ in made], ids, crowd)
        spent = cpu_seconds(system.up).get(SERVER, 0.0) - spent
        held = resident_mb(server) - before
    subscriptions = CONNECTIONS * EACH
    return [
        Measure(
            PART, f"{subscriptions:,} subscriptions: memory of each", held * 1000 / subscriptions, "kB", at_most=40
        ),
        Measure(
            PART, "CPU of the server for each event of each subscription", spent / subscriptions / ROUNDS * 1e6, "µs"
        ),
        Measure(PART, f"{subscriptions:,} subscriptions: until all have heard, p50", median(slowest), "ms"),
        Measure(
            PART, f"{subscriptions:,} subscriptions: until all have heard, most", max(slowest), "ms", at_most=1_000
        ),
    ]


async def _rounds(desk: TaskDesk, tasks: list[Task], ids: list[str], crowd: list[Followers]) -> list[float]:
    """Milliseconds of each round: all tasks report at once, and all subscriptions hear it."""
    rounds = [asyncio.Event() for _ in range(ROUNDS + 1)]

    async def work(_: Services, run: TaskRun) -> Finished:
        for number in range(1, ROUNDS + 1):
            await rounds[number].wait()
            run.progress(number, ROUNDS)
        return Finished()

    runners = [Runner(desk) for _ in range(-(-TASKS // AT_ONCE))]
    running = [asyncio.create_task(runners[n % len(runners)].run(task.id, work)) for n, task in enumerate(tasks)]
    await _until(lambda: all(len(followers.running) == TASKS for followers in crowd))
    taken = []
    for number in range(1, ROUNDS + 1):
        began = time.perf_counter()
        rounds[number].set()
        await _until(lambda: all(f.done.get(id_, 0) >= number for f in crowd for id_ in ids))  # noqa: B023 - awaited
        taken.append((max(f.at[id_] for f in crowd for id_ in ids) - began) * 1000)
        await asyncio.sleep(0.5)
    await asyncio.gather(*running)
    return taken


@asynccontextmanager
async def _desk(services: Services) -> AsyncIterator[TaskDesk]:
    desk = TaskDesk.open(services)
    try:
        yield desk
    finally:
        await desk.close()


async def _new_task(desk: TaskDesk) -> tuple[Task, str]:
    task, _ = await desk.services.database.write(lambda s: create_task(s, Order(Kind.EXTENSION, None, {})))
    return task, task_id(task)


async def _until(met: Any) -> None:
    ends = time.monotonic() + _PATIENCE
    while not met():
        if time.monotonic() > ends:
            raise RuntimeError("Not every subscription was answered.")
        await asyncio.sleep(0.01)


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


async def _ask(client: httpx.AsyncClient, document: str, **variables: Any) -> dict[str, Any]:
    answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"]))
    data: dict[str, Any] = answer["data"]
    return data


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _token(system: System) -> str:
    return (system.data / "admin-token").read_text().strip()
