"""A broker that can't be used is told as one that is away, whatever its client says of it."""

import socket
import threading
from contextlib import suppress

import pytest

from tasks.health import broker_ping


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
async def test_a_port_where_nobody_listens(scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match=r"answer|refused"):
            await broker_ping(f"{scheme}://127.0.0.1:{taken.getsockname()[1]}/")


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
async def test_a_server_that_speaks_something_else(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_talk, args=(listener,), daemon=True).start()
        with pytest.raises(OSError, match="does not answer"):
            await broker_ping(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/")


def _talk(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, suppress(ConnectionError):
        connection.sendall(b"220 mail.example.org ready\r\n" * 8)
        connection.recv(1_000)
