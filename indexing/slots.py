"""What all processes share, in Redis: a fixed number of places, so that no cache fills what carries tasks.

A key has one place, found by its hash; what comes there later replaces what was there. A body stands behind its
key and a stamp, such as the moment that it is of, and is taken only for these. Redis may lose or keep whatever it
likes.
"""

import asyncio
from typing import Any

import structlog
from prometheus_client import Counter
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

PATIENCE_SECONDS = 0.02
"""How long an answer of Redis is waited for."""
AWAY_SECONDS = 1.0
"""How long Redis is let alone once it did not answer in time."""
CONNECTIONS = 8
MOST_WRITES = 32
"""Bodies that may be on their way to Redis; further ones are not shared."""

log = structlog.get_logger()


class Slots:
    """`places` bodies of at most `most` bytes below `prefix`; each is forgotten `seconds` after it was written.

    `written` counts the bytes.
    """

    def __init__(
        self,
        redis_url: str,
        prefix: str,
        places: int,
        most: int,
        seconds: int,
        written: Counter,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._patience = patience
        self._prefix = f"{prefix}:"
        self._written = written
        self._places = places
        self._most = most
        self._seconds = seconds
        self._redis: Redis = Redis.from_pool(
            BlockingConnectionPool.from_url(
                redis_url, max_connections=CONNECTIONS, timeout=patience, socket_connect_timeout=1
            )
        )
        self._away_until = 0.0
        self._writing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._writing:
            task.cancel()
        await self._redis.aclose()

    async def settle(self) -> None:
        """Wait for what is on its way to Redis."""
        await asyncio.gather(*self._writing)

    async def get(self, key: bytes, stamp: bytes = b"") -> bytes | None:
        """What is shared under this key with this stamp; nothing without Redis."""
        if self._is_away():
            return None
        try:
            async with asyncio.timeout(self._patience):
                found: Any = await self._redis.get(self._place(key))
        except (RedisError, OSError) as error:
            self._leave_alone(error)
            return None
        head = key + stamp
        return found[len(head) :] if found and found.startswith(head) else None

    def put(self, key: bytes, body: bytes, stamp: bytes = b"") -> bool:
        """Share a body, soon; whether that can be tried now."""
        if len(body) > self._most or len(self._writing) >= MOST_WRITES or self._is_away():
            return False
        task = asyncio.create_task(self._put(self._place(key), key + stamp + body))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return True

    async def _put(self, place: str, value: bytes) -> None:
        try:
            async with asyncio.timeout(max(AWAY_SECONDS, self._patience)):
                await self._redis.set(place, value, ex=self._seconds)
            self._written.inc(len(value))
        except (RedisError, OSError) as error:
            self._leave_alone(error)

    def _place(self, key: bytes) -> str:
        return f"{self._prefix}{int.from_bytes(key[:8], 'big') % self._places}"

    def _is_away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until

    def _leave_alone(self, error: Exception) -> None:
        log.warning("nothing_shared", prefix=self._prefix, reason=str(error) or type(error).__name__)
        self._away_until = asyncio.get_running_loop().time() + AWAY_SECONDS
