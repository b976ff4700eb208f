"""Flower shows the workers, to who knows the admin token alone."""

import socket
import time
from pathlib import Path

import httpx

from tests.running import System, part


def free_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_flower_shows_the_workers_to_the_admin_token_alone(system: System, tmp_path: Path) -> None:
    flower = free_address()
    port = flower.rpartition(":")[2]
    with part(["flower", "--port", port, "--data", str(system.data)], tmp_path / "flower.log"):
        until_answered(flower)
        assert httpx.get(f"{flower}/workers").status_code == 401
        assert httpx.get(f"{flower}/api/workers", auth=("admin", "guess")).status_code == 401
        workers = until_known(flower, system.token)
    assert any("worker" in name for name in workers)


def until_answered(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(url)
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def until_known(url: str, token: str) -> dict[str, object]:
    """The workers, once Flower has heard of any."""
    deadline = time.monotonic() + 30
    while not (found := httpx.get(f"{url}/api/workers?refresh=1", auth=("admin", token), timeout=30).json()):
        assert time.monotonic() < deadline
    workers: dict[str, object] = found
    return workers
