"""Flower shows the workers to who has the role `admin`, and nothing to anybody else."""

import asyncio
import socket
import time
from pathlib import Path

import httpx

from config import load_settings
from models.database import Database
from models.tokens import create_token, revoke_token
from tests.running import System, part


def free_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_flower_shows_the_workers_to_tokens_with_the_role_admin_alone(system: System, tmp_path: Path) -> None:
    admin, editor, revoked = asyncio.run(secrets_of_tokens(system))
    flower = free_address()
    port = flower.rpartition(":")[2]
    with part(["flower", "--port", port, "--data", str(system.data)], tmp_path / "flower.log"):
        until_answered(flower)
        for path in ("/", "/workers", "/api/workers", "/metrics", "/healthcheck", "/static/css/flower.css", "/nothing"):
            assert httpx.get(f"{flower}{path}").status_code == 401, path
            for secret in ("guess", editor, revoked, ""):
                assert httpx.get(f"{flower}{path}", auth=("admin", secret)).status_code == 401, path
        assert httpx.post(f"{flower}/api/worker/shutdown/any", auth=("admin", editor)).status_code == 401
        assert httpx.get(f"{flower}/workers", auth=("ada", admin)).status_code == 200
        assert httpx.get(f"{flower}/workers", headers={"authorization": f"Bearer {admin}"}).status_code == 200
        foreign = {"authorization": f"Bearer {admin}", "origin": "http://evil.test", "sec-fetch-site": "cross-site"}
        assert httpx.post(f"{flower}/api/worker/shutdown/any", headers=foreign).status_code == 403
        workers = until_known(flower, system.token)
    assert any("worker" in name for name in workers)


async def secrets_of_tokens(system: System) -> tuple[str, str, str]:
    """Of a token with the role `admin`, of one with another, and of one that was revoked."""
    database = Database(load_settings(system.data, environment={}).database_url)
    async with database.writing() as session:
        _, admin = await create_token(session, "flower", ["admin"])
        _, editor = await create_token(session, "flower", ["editor"])
        token, revoked = await create_token(session, "flower", ["admin"])
        await revoke_token(session, token.id)
    await database.close()
    return admin, editor, revoked


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
