"""The embedded servers for a caller that is not asynchronous, such as a run of tests."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from deploy.local.data_folder import DataFolder
from deploy.local.servers import Servers
from deploy.local.supervisor import Supervisor


class EmbeddedServers:
    """PostgreSQL and, as asked, Elasticsearch and Valkey on the folder `data`, as a context.

    They are supervised: one that dies is started again on the same port. All end with the context, and with the
    process. For tests: a crash of the machine may lose what they hold.
    """

    def __init__(self, data: Path, elasticsearch: bool = True, redis: bool = True, heap: str = "512m") -> None:
        self._data = data
        self._wanted = {"elasticsearch": elasticsearch, "redis": redis}
        self._heap = heap
        self._stack = ExitStack()
        self.database_url = ""
        self.elasticsearch_url = ""
        self.redis_url = ""

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(DataFolder(self._data))
        console = Console(stderr=True)
        servers = Servers(folder, console, lambda *_: None, **self._wanted, durable=False, heap=self._heap)
        ready: Future[dict[str, str]] = Future()
        self._leave: asyncio.Event | None = None
        # The servers end with the thread that starts them, so they need one that lives as long as they do.
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(servers, ready)), daemon=True)
        self._thread.start()
        try:
            urls = ready.result()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.database_url = urls["database_url"]
        self.elasticsearch_url = urls.get("elasticsearch_url", "")
        self.redis_url = urls.get("redis_url", "")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()
        self._stack.close()

    async def _run(self, servers: Servers, ready: Future[dict[str, str]]) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with Supervisor(servers.data.logs, servers.console.print) as supervisor:
                ready.set_result(await servers.start(supervisor))
                await self._leave.wait()
        except BaseException as error:
            if ready.done():
                raise
            # Told where it is waited for.
            ready.set_exception(_single(error))
        finally:
            self._leave = None


def _single(error: BaseException) -> BaseException:
    """The first error of a group."""
    return _single(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
