"""One server of Elasticsearch, spoken to in HTTP/1.1 over kept connections by httptools, with nothing in between.

A search page is answered in a fraction of a millisecond of our own work; the layers of a general HTTP client took most
of it. Which server is asked, and with which account and certificates, is still decided by `elastic_transport`.
"""

import asyncio
from collections.abc import Mapping
from typing import cast

import httptools
from elastic_transport import AiohttpHttpNode, NodeConfig

from models.turns import Turns

Answer = tuple[int, bytes]
"""Status and body."""
_NO_BODY = "HEAD"
_FINAL = 200
"""Statuses below announce another answer."""
ASKED_FIRST = 10_000_000
"""Bytes of a body from which on we ask whether it may come: who cuts off what is too large may lose the answer too."""
_CONTINUE_SECONDS = 1.0
"""How long a server may take to say so; one that knows no such question does not answer it."""


class Node(AiohttpHttpNode):
    """A server with at most `connections_per_node` connections. Failures are `OSError`s, `TimeoutError` if late."""

    is_suspect = False
    """Whether the last request failed, so that the next answer is news."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._turns = Turns()
        host = f"[{self.host}]" if ":" in self.host else self.host
        given = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        self._head = f" HTTP/1.1\r\nhost: {host}:{self.port}\r\n{given}"

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> Answer:
        """The answer to one request, within `timeout` seconds."""
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"content-length: {len(body)}\r\n" if body is not None else ""
        asks = body is not None and len(body) > ASKED_FIRST
        expect = "expect: 100-continue\r\n" if asks else ""
        head = f"{method} {self.path_prefix}{target}{self._head}{named}{length}{expect}\r\n".encode("ascii")
        connection = self._idle.pop() if self._idle else await self._connected(timeout)
        while connection.is_closing:
            connection = self._idle.pop() if self._idle else await self._connected(timeout)
        request, rest = (head, body) if asks else (head + body if body else head, None)
        return await connection.exchange(request, rest, timeout, bodiless=method == _NO_BODY)

    async def close(self) -> None:  # type: ignore[override]
        for connection in list(self._open):
            connection.abort()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round
        await super().close()

    def give_back(self, connection: "_Connection") -> None:
        """Take a connection whose answer is whole."""
        self._idle.append(connection)
        self._turns.pass_on()

    def forget(self, connection: "_Connection") -> None:
        """Count a connection no more that was closed."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._turns.pass_on()

    async def _connected(self, timeout: float) -> "_Connection":
        async with asyncio.timeout(timeout):
            while len(self._open) >= self.config.connections_per_node:
                await self._turns.wait()
                if self._idle:
                    return self._idle.pop()
            connection = _Connection(self)
            self._open.add(connection)
            try:
                await asyncio.get_running_loop().create_connection(
                    lambda: connection, self.host, self.port, ssl=self._ssl_context
                )
            except BaseException:
                self.forget(connection)
                raise
            return connection


class _Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._bodiless = False
        self._rest: bytes | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    async def exchange(self, request: bytes, rest: bytes | None, timeout: float, *, bodiless: bool) -> Answer:
        """Send a request and wait for its answer; a connection that does not bring it in time is closed.

        The `rest` of the request is sent when the server says so.
        """
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        answer: asyncio.Future[Answer] = loop.create_future()
        self._answer = answer
        self._bodiless = bodiless
        self._transport.write(request)
        self._rest = rest
        waited = loop.call_later(_CONTINUE_SECONDS, self._send_rest) if rest is not None else None
        late = loop.call_later(timeout, self._fail, TimeoutError())
        try:
            return await answer
        except BaseException:
            self.abort()
            raise
        finally:
            late.cancel()
            if waited is not None:
                waited.cancel()

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be sent over it any more."""
        return self._transport is None or self._transport.is_closing()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(OSError(f"the answer is no HTTP: {error}"))

    def on_headers_complete(self) -> None:
        if self._bodiless:
            self._finish(kept=False)  # the parser waits for the body that the length announces

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= _FINAL:
            # A server that refuses what it was to be sent may still wait for it.
            self._finish(kept=self._parser.should_keep_alive() and self._rest is None)
        else:
            self._send_rest()

    def _send_rest(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None and self._transport is not None:
            self._transport.write(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(exc or ConnectionResetError("the server closed the connection"))
        self._node.forget(self)

    def _finish(self, *, kept: bool) -> None:
        answer, self._answer, self._rest = self._answer, None, None
        parts, self._body = self._body, []
        if answer is None or answer.done():
            return
        answer.set_result((self._parser.get_status_code(), parts[0] if len(parts) == 1 else b"".join(parts)))
        if kept:
            self._node.give_back(self)
        else:
            self.abort()

    def _fail(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
