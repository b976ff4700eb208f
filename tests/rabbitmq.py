"""RabbitMQ for the time of some tests, started again when it was killed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest
from anyio.from_thread import start_blocking_portal
from rich.console import Console

from deploy.local import rabbitmq
from deploy.local.account import server_account
from deploy.local.ports import free_ports
from deploy.local.supervisor import Supervisor
from errors import EmbeddedServerError


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[str]:
    """The address of one with its data in a folder; skips the test where RabbitMQ can't be had."""
    try:
        program = rabbitmq.prepare(Console(quiet=True))
    except EmbeddedServerError as missing:
        pytest.skip(str(missing))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_started(folder, program)) as url:
        yield url


@asynccontextmanager
async def _started(folder: Path, program: Path) -> AsyncIterator[str]:
    async with Supervisor(folder.with_suffix(".logs"), print) as supervisor:
        broker = rabbitmq.Rabbitmq(folder, free_ports(1)[0], "password", server_account())
        await broker.start(supervisor, program)
        yield broker.url


def kill_rabbitmq(folder: Path) -> None:
    """End the one with its data in a folder without a chance to tidy up."""
    place = ("beam.smp", str(folder))
    (server,) = [one for one in psutil.process_iter(["name", "cwd"]) if (one.info["name"], one.info["cwd"]) == place]
    server.kill()
