"""Signs of life of Redis and of the broker."""

import asyncio

from kombu.connection import Connection
from redis.asyncio import Redis
from redis.exceptions import RedisError


async def redis_ping(url: str) -> None:
    """Raises `OSError` unless Redis answers."""
    client: Redis = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        await client.ping()
    except RedisError as error:
        raise OSError(f"Redis does not answer: {error}") from error
    finally:
        await client.aclose()


async def broker_ping(url: str) -> None:
    """Raises `OSError` unless the broker takes a connection."""
    if url.startswith("redis"):
        await redis_ping(url)
        return
    await asyncio.to_thread(_connect, url)


def _connect(url: str) -> None:
    with Connection(url, connect_timeout=1) as connection:  # type: ignore[no-untyped-call]
        try:
            connection.connect()
        except (*connection.connection_errors, *connection.channel_errors) as error:
            raise OSError(f"The broker does not answer: {error}") from error
