"""RabbitMQ as a part: on its own ports and folder, and coming back with what it was told to keep."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from anyio import to_thread
from kombu.connection import Connection
from rich.console import Console

from deploy.local import rabbitmq
from deploy.local.account import server_account
from deploy.local.ports import free_ports
from deploy.local.supervisor import Supervisor
from errors import EmbeddedServerError

NAMES = ("beam.smp", "epmd", "erl_child_setup", "inet_gethost")


async def test_a_message_survives_a_kill_of_the_broker_and_nothing_of_it_is_left_at_the_end(tmp_path: Path) -> None:
    try:
        program = rabbitmq.prepare(Console(quiet=True))
    except EmbeddedServerError as missing:
        pytest.skip(str(missing))
    before = _erlang()
    async with Supervisor(tmp_path / "logs", print) as supervisor:
        broker = rabbitmq.Rabbitmq(tmp_path / "rabbitmq", free_ports(1)[0], "password", server_account())
        await broker.start(supervisor, program)
        await to_thread.run_sync(_put, broker.url)
        (server,) = [each for each in _erlang() - before if each.name() == "beam.smp"]
        server.kill()
        assert await to_thread.run_sync(_get, broker.url) == "kept"
    await to_thread.run_sync(_wait_for_the_end_of, lambda: _erlang() - before)


def _erlang() -> set[psutil.Process]:
    return {each for each in psutil.process_iter() if _is_erlang(each)}


def _is_erlang(process: psutil.Process) -> bool:
    try:
        # What has ended and only waits for its status to be read is gone.
        return process.name() in NAMES and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for_the_end_of(started: Callable[[], set[psutil.Process]]) -> None:
    deadline = time.monotonic() + 5
    while left := started():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _connection(url: str) -> Any:
    """One whose `put` returns when the broker has written the message down."""
    return Connection(url, transport_options={"confirm_publish": True})  # type: ignore[no-untyped-call]


def _put(url: str) -> None:
    with _connection(url) as connection, connection.SimpleQueue("work") as queue:
        queue.put("kept", delivery_mode=2)


def _get(url: str) -> object:
    with _connection(url) as connection:
        connection.ensure_connection(max_retries=100, interval_start=0.2, interval_step=0)
        with connection.SimpleQueue("work") as queue:
            return queue.get(timeout=5).payload
