"""A whole system, started as a user would, for tests that ask it from outside."""

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
from sqlalchemy import make_url

from config import load_settings
from models.migrating import migrate
from tests.programs import Program, run_program

ROOT = Path(__file__).resolve().parents[1]
ANSWER_SECONDS = 60
_NUMBERS = itertools.count(1)
"""For systems beside another: each has two databases of Valkey, of which `up` gives its server 64."""
_RUNNING: list[Program] = []


@dataclass(frozen=True)
class System:
    """A running `catalograph up`."""

    url: str
    """The address without a path."""
    data: Path
    token: str
    """A token with the role `admin`."""

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def command(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line on this system's servers."""
        return run_command(*arguments, "--data", str(self.data), stdin=stdin)


def run_command(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line to its end, from another folder than the project's."""
    return run_program(arguments, _environment({}), stdin or b"", seconds=300)


def already_running(name: str) -> System | None:
    """The system that a developer left running: `TEST_SAMPLE=URL=DATA` in the environment saves its start."""
    url, _, data = os.environ.get(f"TEST_{name}", "").partition("=")
    return System(url, Path(data), (Path(data) / "admin-token").read_text().strip()) if url else None


@contextmanager
def running(
    data: Path,
    collections: Path,
    load: Sequence[tuple[str, Path]] = (),
    settings: Mapping[str, str] | None = None,
    *,
    lasting: bool = False,
) -> Iterator[System]:
    """A system on a data folder, from when it says `ready` until it has stopped.

    One that is `lasting` is as users have it: slower to start, but quicker once it has worked for minutes.
    """
    port = _free_port()
    command = [sys.executable, "-m", "cli", "up", "--collections", str(collections), "--port", str(port)]
    command += ["--data", str(data), "--heap", "768m", *([] if lasting else ["--throwaway"])]
    for name, file in load:
        command += ["--load", f"{name}={file}"]
    with (data.parent / f"{data.name}.log").open("w+b") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=_environment(settings or {}))
        try:
            said = _until_ready(process)
            log.seek(0)
            assert said, f"up did not start: {log.read().decode(errors='replace')}"
            yield System(f"http://127.0.0.1:{port}", data, (data / "admin-token").read_text().strip())
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                assert process.stdout
                process.stdout.close()


@contextmanager
def beside(system: System, data: Path, collections: Path, **changed: str) -> Iterator[System]:
    """Another system on the servers of `system`: its own collections, database, indices and queues.

    `changed` are settings that differ, by field name.
    """
    given = load_settings(system.data, environment={})
    number = next(_NUMBERS)
    name = f"beside_{number}_{os.getpid()}"
    settings = {
        "collections": str(collections),
        "database_url": make_url(given.database_url).set(database=name).render_as_string(hide_password=False),
        "elasticsearch_url": given.elasticsearch_url,
        "redis_url": f"{given.redis_url.rpartition('/')[0]}/{number * 2}",
        "broker_url": f"{given.broker_url.rpartition('/')[0]}/{number * 2 + 1}",
        "index_prefix": name,
        "secret": given.secret,
        "admin_token": given.admin_token,
        "allow_private_urls": "true",
        "export_folder": str(data / "exports"),
        **changed,
    }
    data.mkdir()
    (data / "settings.env").write_text(
        "".join(f"CATALOGRAPH_{key.upper()}={value}\n" for key, value in settings.items())
    )
    asyncio.run(execute(given.database_url, f'CREATE DATABASE "{name}"'))
    asyncio.run(migrate(settings["database_url"]))
    started = System(f"http://127.0.0.1:{_free_port()}", data, given.admin_token)
    with ExitStack() as stack:
        for arguments in (["worker"], ["beat"], ["serve", "--port", started.url.rpartition(":")[2]]):
            stack.enter_context(part([*arguments, "--data", str(data)], data / f"{arguments[0]}.log"))
        _until_answered(started)
        yield started
    asyncio.run(execute(given.database_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


@contextmanager
def serving_too(system: System, port: int | None = None, *more_arguments: str) -> Iterator[System]:
    """One server more on the data of `system`, on any port that is free if none is given."""
    port = port or _free_port()
    more = System(f"http://127.0.0.1:{port}", system.data, system.token)
    arguments = ["serve", "--port", str(port), "--data", str(system.data), *more_arguments]
    with part(arguments, system.data / f"serve-{port}.log"):
        _until_answered(more)
        yield more


async def execute(database_url: str, statement: str) -> None:
    """Run one statement outside of a transaction."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def part(arguments: Sequence[str], log: Path) -> Iterator[Program]:
    """One process of ours, for the time of the block."""
    program = Program(arguments, _environment({}), log)
    _RUNNING.append(program)
    try:
        yield program
    finally:
        _RUNNING.remove(program)
        program.terminate()
        try:
            program.wait(15)
        finally:
            program.kill()


def workers_of(system: System) -> list[Program]:
    """The workers of a system that run by `part`, the dead ones too."""
    return [one for one in _RUNNING if one.arguments[0] == "worker" and str(system.data) in one.arguments]


def _until_answered(system: System) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    with system.client() as client:
        while True:
            with suppress(httpx.TransportError):
                if client.get("/readyz").json()["status"] == "ok":
                    return
            time.sleep(0.1)
            assert time.monotonic() < deadline, (system.data / "serve.log").read_text()


def _until_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout
    return any(line.startswith(b"ready ") for line in process.stdout)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CATALOGRAPH_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **settings}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
