"""What is said to one server of Elasticsearch, over a connection that stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elastic_transport import NodeConfig

from indexing.node import Node

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Answers what it is asked one after the other, and counts connections."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.connections = 0
        self.asked: list[bytes] = []
        self.serving: list[asyncio.Task[Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        serving = asyncio.current_task()
        assert serving
        self.serving.append(serving)
        try:
            while head := await _head(reader):
                self.asked.append(head)
                answer = self._answers.pop(0) if self._answers else OK
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        return head + await reader.readexactly(int(length.partition(b":")[2]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@asynccontextmanager
async def asked(server: Server, connections: int = 1) -> AsyncIterator[Node]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    node = Node(NodeConfig("http", "127.0.0.1", port, path_prefix="/es", connections_per_node=connections))
    async with listening:
        try:
            yield node
        finally:
            await node.close()
            await asyncio.wait(server.serving)


async def test_one_connection_answers_many_requests_whole_whatever_pieces_they_come_in() -> None:
    chunked = b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server = Server(chunked)
    async with asked(server) as node:
        assert await node.exchange("POST", "/a/_search", {"x-opaque-id": "7"}, b"{}", 5) == (404, b"abcde")
        assert await asyncio.gather(*(node.exchange("GET", "/", {}, None, 5) for _ in range(20))) == [(200, b"{}")] * 20
    assert server.connections == 1
    assert server.asked[0].startswith(b"POST /es/a/_search HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"x-opaque-id: 7\r\n" in server.asked[0]
    assert server.asked[0].endswith(b"content-length: 2\r\n\r\n{}")


async def test_a_head_request_has_an_answer_without_the_body_that_it_announces() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n")
    async with asked(server) as node:
        assert await node.exchange("HEAD", "/a", {}, None, 5) == (200, b"")
        assert await node.exchange("GET", "/a", {}, None, 5) == (200, b"{}")


async def test_a_connection_that_the_server_closes_is_replaced() -> None:
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
    server = Server(closing, None)
    async with asked(server) as node:
        assert await node.exchange("GET", "/", {}, None, 5) == (200, b"{}")
        with pytest.raises(ConnectionError):
            await node.exchange("GET", "/", {}, None, 5)
        assert await node.exchange("GET", "/", {}, None, 5) == (200, b"{}")
    assert server.connections == 3


async def test_an_answer_that_comes_too_late_is_never_taken_for_another_request_s() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
    async with asked(server) as node:
        with pytest.raises(TimeoutError):
            await node.exchange("GET", "/slow", {}, None, 0.05)
        assert await node.exchange("GET", "/", {}, None, 5) == (200, b"{}")
    assert server.connections == 2


async def test_who_stops_waiting_for_a_connection_leaves_it_to_others() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
    async with asked(server) as node:
        first = asyncio.create_task(node.exchange("GET", "/slow", {}, None, 5))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(node.exchange("GET", "/", {}, None, 5))
        third = asyncio.create_task(node.exchange("GET", "/", {}, None, 5))
        await asyncio.sleep(0.02)
        second.cancel()
        first.cancel()
        assert await third == (200, b"{}")


async def test_what_is_no_http_is_an_error_of_the_connection() -> None:
    async with asked(Server(b"220 mail.example.org ESMTP\r\n")) as node:
        with pytest.raises(OSError, match="no HTTP"):
            await node.exchange("GET", "/", {}, None, 5)
