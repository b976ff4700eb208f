"""What can go wrong, done to a running system on purpose."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from config import load_settings
from models.connections import driver_url
from tests.running import System

PARTS = {"worker": " worker", "server": " serve", "beat": " beat", "elasticsearch": "elasticsearch", "valkey": "valkey"}


@dataclass(frozen=True)
class Breaker:
    """Does faults, one after the other, in an order that follows from the seed."""

    system: System
    seed: str

    async def run(self, number: int, note: Callable[[str], None]) -> None:
        """Do `number` faults; every kind comes before any comes again."""
        source = random.Random(self.seed)
        kinds: list[str] = []
        for place in range(number):
            kinds = kinds or source.sample(sorted(self._faults), len(self._faults))
            kind = kinds.pop()
            note(f"{place + 1}/{number} {kind}")
            await self._faults[kind](source)
            await asyncio.sleep(source.uniform(0.2, 2.0))

    @property
    def _faults(self) -> dict[str, Callable[[random.Random], Awaitable[None]]]:
        return {
            **{f"kill {part}": self._kill(part) for part in PARTS},
            "kill postgresql": self._kill_postgresql,
            "stop and resume elasticsearch": self._freeze("elasticsearch"),
            "stop and resume the broker": self._freeze("valkey"),
            "stop and resume the worker": self._freeze("worker"),
            "flush redis": self._flush,
            "fill the queue": self._fill,
            "rebuild": self._rebuild,
        }

    def _kill(self, part: str) -> Callable[[random.Random], Awaitable[None]]:
        async def fault(_: random.Random) -> None:
            self._signal(PARTS[part], signal.SIGKILL)

        return fault

    def _freeze(self, part: str) -> Callable[[random.Random], Awaitable[None]]:
        async def fault(source: random.Random) -> None:
            self._signal(PARTS[part], signal.SIGSTOP)
            await asyncio.sleep(source.uniform(0.5, 4.0))
            self._signal(PARTS[part], signal.SIGCONT)

        return fault

    async def _kill_postgresql(self, _: random.Random) -> None:
        """The postmaster alone: its children notice, and end."""
        self._signal("postgres -D", signal.SIGKILL)

    async def _flush(self, _: random.Random) -> None:
        async with Redis.from_url(load_settings(self.system.data, environment={}).redis_url) as redis:
            with suppress(RedisError):  # it was killed a moment ago
                await redis.flushall()

    async def _fill(self, _: random.Random) -> None:
        """Ask for every record to be indexed again, as if a nudge had been given for each many times."""
        settings = load_settings(self.system.data, environment={})
        engine = create_async_engine(driver_url(settings.database_url))
        queue = text("INSERT INTO outbox (collection, record_id) SELECT collection, id FROM records")
        with suppress(OSError, DBAPIError):  # PostgreSQL was killed a moment ago
            async with engine.begin() as connection:
                await connection.execute(queue)
        await engine.dispose()

    async def _rebuild(self, source: random.Random) -> None:
        name = source.choice(["Work", "Maker"])
        query = f"mutation {{ rebuildIndex(collection: {name}) {{ task {{ id }} errors {{ code }} }} }}"
        headers = {"authorization": f"Bearer {self.system.token}"}
        async with httpx.AsyncClient(base_url=self.system.url, headers=headers, timeout=20) as client:
            with suppress(httpx.TransportError):  # the server was killed a moment ago
                await client.post("/graphql", json={"query": query})

    def _signal(self, part: str, number: signal.Signals) -> None:
        for process in self._processes(part):
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile
                process.send_signal(number)

    def _processes(self, part: str) -> list[psutil.Process]:
        up = psutil.Process(int((self.system.data / "lock").read_text().split()[0]))
        found = []
        for process in up.children(recursive=True):
            try:
                if part in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue  # it ended meanwhile
        return found
