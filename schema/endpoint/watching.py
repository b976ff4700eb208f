"""Ends connections whose token has ended or was revoked: asks again and again, once for all that came with the same."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import structlog

from errors import CatalographError, Forbidden, Unauthenticated
from schema.endpoint.request import RequestHead

WATCH_SECONDS = 2.0

log = structlog.get_logger()


class Watched(Protocol):
    """A connection that lasts."""

    @property
    def head(self) -> RequestHead: ...

    async def end(self) -> None:
        """Tell the client that it may not stay, and see that it goes."""

    def abandon(self) -> None:
        """End it without a word, if it would not end with its server."""


class Watch:
    """Runs while there are connections. `check` raises `Unauthenticated` or `Forbidden` for who may not stay."""

    def __init__(self, check: Callable[[RequestHead], Awaitable[None]], every: float = WATCH_SECONDS) -> None:
        self._check = check
        self._every = every
        self._connections: set[Watched] = set()
        self._watching: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Watched]:
        return iter(self._connections)

    def add(self, connection: Watched) -> None:
        """Watch a connection from now on."""
        self._connections.add(connection)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def discard(self, connection: Watched) -> None:
        """Watch it no more."""
        self._connections.discard(connection)
        if not self._connections and self._watching:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            by_credentials: dict[tuple[str | None, str | None], list[Watched]] = {}
            for connection in self._connections:
                head = connection.head
                by_credentials.setdefault((head.authorization, head.headers.get("cookie")), []).append(connection)
            for several in by_credentials.values():
                if not await self._may_stay(several[0].head):
                    for connection in several:
                        self._end(connection)

    async def _may_stay(self, head: RequestHead) -> bool:
        try:
            await self._check(head)
        except (Unauthenticated, Forbidden):  # that is the answer
            return False
        except CatalographError as error:
            # PostgreSQL is away: nobody is cut off for that, and asking goes on.
            log.warning("connections_not_checked", code=error.code, reason=error.message)
        except Exception:
            # A defect of ours. If asking ended with it, revoked tokens would stay for ever.
            log.exception("connections_not_checked")
        return True

    def _end(self, connection: Watched) -> None:
        ending = asyncio.create_task(connection.end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
