"""A network cable between us and a server, which a test can cut and mend, or have hold what it is given."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class Cable:
    """Forwards 127.0.0.1:`port` to a server; counts the `messages` that go there."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0
        self.hides_ends = False
        """Whether what the server closes stays open on our side."""
        self.messages = 0

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close all connections and take no new ones."""
        if self._server:
            self._server.close()
        self.thaw()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.02)  # for both ends to notice

    def freeze(self) -> None:
        """Take connections and bytes as ever, and pass none on."""
        self._flows.clear()

    def thaw(self) -> None:
        """Pass on what was held, and what comes."""
        self._flows.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, far_writer]
        for source, sink, count in ((reader, far_writer, 1), (far_reader, writer, 0)):
            task = asyncio.create_task(self._forward(source, sink, count))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, count: int) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                self.messages += count
                await self._flows.wait()
                sink.write(data)
                await sink.drain()
        if count or not self.hides_ends:
            sink.close()
