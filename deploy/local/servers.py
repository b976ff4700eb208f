"""Starts the embedded PostgreSQL, Valkey and Elasticsearch side by side, on free ports."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console

from deploy.local import rabbitmq
from deploy.local.account import server_account
from deploy.local.data_folder import DataFolder
from deploy.local.elasticsearch import Elasticsearch, prepare
from deploy.local.ports import free_ports
from deploy.local.postgresql import Postgresql
from deploy.local.supervisor import PartError, Supervisor
from deploy.local.valkey import Valkey

_ATTEMPTS = 3
_PORT_TAKEN = ("Address already in use", "address already in use", "could not bind", "BindException")

Report = Callable[[str, float], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Servers:
    """Which servers to start, and how. `durable` is for data worth keeping, its absence for tests."""

    data: DataFolder
    console: Console
    report: Report
    elasticsearch: bool = True
    redis: bool = True
    rabbitmq: bool = False
    durable: bool = True
    heap: str = "1g"

    async def start(self, supervisor: Supervisor) -> dict[str, str]:
        """Start them; the addresses as `database_url`, `redis_url`, `broker_url`, `elasticsearch_url`."""
        starts = {"database_url": self._timed("PostgreSQL", self._postgresql(supervisor))}
        if self.redis:
            starts["redis_url"] = self._timed("Valkey", self._valkey(supervisor))
        if self.elasticsearch:
            starts["elasticsearch_url"] = self._timed("Elasticsearch", self._elasticsearch(supervisor))
        if self.rabbitmq:
            starts["broker_url"] = self._timed("RabbitMQ", self._rabbitmq(supervisor))
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(start) for name, start in starts.items()}
        urls = {name: task.result() for name, task in tasks.items()}
        if "redis_url" in urls:
            # A database beside the cache's: what empties the one leaves the other.
            urls.setdefault("broker_url", urls["redis_url"].removesuffix("/0") + "/1")
        return urls

    async def _postgresql(self, supervisor: Supervisor) -> str:
        folder, password = self.data.folder("postgresql"), self.data.secret("postgresql-password")

        async def attempt() -> str:
            (port,) = free_ports(1)
            server = Postgresql(folder, port, password, server_account(), self.durable)
            await server.start(supervisor)
            return server.url

        return await on_free_ports(attempt)

    async def _valkey(self, supervisor: Supervisor) -> str:
        async def attempt() -> str:
            (port,) = free_ports(1)
            server = Valkey(self.data.folder("valkey"), port, server_account(), self.durable)
            await server.start(supervisor)
            return server.url

        return await on_free_ports(attempt)

    async def _elasticsearch(self, supervisor: Supervisor) -> str:
        home, java = await in_daemon_thread(lambda: prepare(self.console))

        async def attempt() -> str:
            port, transport = free_ports(2)
            folder = self.data.folder("elasticsearch")
            server = Elasticsearch(folder, port, transport, server_account(), self.heap, self.durable)
            await server.start(supervisor, home, java)
            return server.url

        return await on_free_ports(attempt)

    async def _rabbitmq(self, supervisor: Supervisor) -> str:
        program = await in_daemon_thread(lambda: rabbitmq.prepare(self.console))
        folder, password = self.data.folder("rabbitmq"), self.data.secret("rabbitmq-password")

        async def attempt() -> str:
            (port,) = free_ports(1)
            server = rabbitmq.Rabbitmq(folder, port, password, server_account())
            await server.start(supervisor, program)
            return server.url

        return await on_free_ports(attempt)

    async def _timed(self, name: str, start: Awaitable[str]) -> str:
        began = time.monotonic()
        url = await start
        self.report(name, time.monotonic() - began)
        return url


async def on_free_ports(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `attempt`, made again with other ports when somebody took its port meanwhile."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await attempt()
        except PartError as failure:
            if not any(sign in failure.tail for sign in _PORT_TAKEN):
                raise
            # Somebody took the port in between: the next attempt takes another.
    return await attempt()


async def in_daemon_thread(work: Callable[[], Result]) -> Result:
    """The result of `work`, which blocks. A program that is stopped meanwhile ends without waiting for it."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited.
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
