"""One channel of Redis: what any process publishes, every process that listens hears.

Redis only makes it quick. Whoever listens also looks at the truth, at the start, now and then, and when Redis was away,
so that a message that was lost delays a piece of news and never hides it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.ending import end

_PUBLISH_SECONDS = 1

log = structlog.get_logger()


class Channel:
    """One connection of a process while it listens, whatever the number of those who want to know.

    `hear` is called with each message; `look` once the connection stands, every `every` seconds, and while there is
    none.
    """

    def __init__(
        self,
        redis_url: str,
        name: str,
        hear: Callable[[bytes], None],
        look: Callable[[], Awaitable[None]],
        every: float,
    ) -> None:
        self._name = name
        self._hear = hear
        self._look = look
        self._every = every
        self._redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=1, health_check_interval=15)
        self._listening: asyncio.Task[None] | None = None

    async def publish(self, message: bytes) -> None:
        """Tell everybody who listens. Without Redis they find out by themselves, later."""
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._redis.publish(self._name, message)
        except (RedisError, OSError, TimeoutError) as error:
            # Those who listen find out when they look.
            log.warning("news_not_published", channel=self._name, reason=str(error))

    def listen(self) -> None:
        """Listen from now on; nothing where that goes on already."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        listening, self._listening = self._listening, None
        await end(listening)

    async def close(self) -> None:
        await self.stop()
        await self._redis.aclose()

    async def _listen(self) -> None:
        was_cut_off = False
        while True:
            try:
                if was_cut_off:
                    await self._look()
                await self._listen_until_cut_off()
            except (RedisError, OSError) as error:
                log.warning("news_cut_off", channel=self._name, reason=str(error), remedy="who listens looks meanwhile")
            except Exception:
                # A defect of ours, or a message that is none of ours. To end with it would hide all that follows.
                log.exception("news_not_understood", channel=self._name)
            was_cut_off = True
            await asyncio.sleep(1)

    async def _listen_until_cut_off(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._name)
            loop = asyncio.get_running_loop()
            due = 0.0
            while True:
                if loop.time() >= due:
                    await self._look()
                    due = loop.time() + self._every
                message = await pubsub.get_message(timeout=max(due - loop.time(), 0.01))
                if message is not None:
                    self._hear(message["data"])
