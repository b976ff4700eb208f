"""`up` brings everything up on servers of its own, keeps it up, and leaves nothing behind."""

import asyncio
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import redis

from config import Settings, load_settings
from deploy.local.up import SOME_LINES_WERE_BAD

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).with_name("local_stand_in.py")
PROGRAM = """
import sys
from pathlib import Path
from deploy.local.up import UpOptions, run_up
from errors import CatalographError
_, stand_in, data, port, load, *_ = sys.argv
options = UpOptions(
    collections=Path(data),
    load=(("Artwork", Path(load)),),
    port=int(port),
    data=Path(data),
    heap="512m",
    command=(sys.executable, stand_in),
)
try:
    sys.exit(run_up(options))
except CatalographError as error:
    sys.stderr.write(f"{error}\\n")
    sys.exit(error.exit_status)
"""


@dataclass
class Up:
    """One folder to start `up` on, with a stand-in for our own commands."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @contextmanager
    def start(self, **environment: str) -> Iterator[subprocess.Popen[str]]:
        load = self.folder / "artworks.ndjson"
        load.touch()
        variables = os.environ | {"PYTHONPATH": str(ROOT), "STAND_IN_CALLS": str(self.folder / "calls")} | environment
        command = [sys.executable, "-c", PROGRAM, str(STAND_IN), str(self.data), str(self.port), str(load)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=variables, stdout=pipe, stderr=pipe, text=True) as running:
            try:
                yield running
            finally:
                running.kill()

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def settings(self) -> Settings:
        return load_settings(self.data, environment={})

    def processes(self) -> list[psutil.Process]:
        """Every process that works in the folder or was told of it."""
        return [each for each in psutil.process_iter() if each.pid != os.getpid() and str(self.folder) in _said(each)]


def _said(process: psutil.Process) -> str:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return " ".join([*process.cmdline(), process.cwd(), *process.environ().values()])
    except psutil.Error:
        return ""


def until_ready(running: subprocess.Popen[str]) -> list[str]:
    """What it said before `ready`, and that line."""
    assert running.stdout is not None
    said: list[str] = []
    while not (said and said[-1].startswith("ready ")):
        line = running.stdout.readline()
        if not line:
            _, complaint = running.communicate()
            pytest.fail("".join(said) + complaint)
        said.append(line)
    return said


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def refused(up: Up, **environment: str) -> tuple[int, str]:
    """The exit status and the message of an `up` that does not start."""
    with up.start(**environment) as running:
        said, complaint = running.communicate(timeout=20)
        return running.returncode, said + complaint


@pytest.fixture
def up(tmp_path: Path) -> Up:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Up(tmp_path, port)


async def _execute(up: Up, statement: str) -> Any:
    connection = await _connected(up)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _connected(up: Up) -> asyncpg.Connection:
    """A connection; a PostgreSQL that was killed recovers before it takes one."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return await asyncpg.connect(up.settings().database_url)
        except (OSError, asyncpg.CannotConnectNowError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_up_from_the_first_start_over_a_kill_to_a_clean_end(up: Up) -> None:
    bad_lines = {"STAND_IN_IMPORT": str(SOME_LINES_WERE_BAD)}  # it is ready all the same
    settings = {"CATALOGRAPH_MAX_FIRST": "77", "CATALOGRAPH_DATABASE_URL": "postgresql://elsewhere/db"}
    settings |= {"CATALOGRAPH_EXTENSIONS": "shelves,more", "CATALOGRAPH_EXTENSION_PATH": "beside"}
    with up.start(**settings, **bad_lines) as running:
        said = until_ready(running)
        _everything_was_said_and_started(up, said)
        _a_second_one_is_refused(up, running.pid)
        _what_dies_comes_back(up)
        await _execute(up, "CREATE TABLE kept AS SELECT 42 AS answer")
        running.kill()
    wait_until(lambda: up.processes() == [])
    token = (up.data / "admin-token").read_text()

    with up.start() as running:
        until_ready(running)
        assert await _execute(up, "SELECT answer FROM kept") == 42
        assert (up.data / "admin-token").read_text() == token
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        running.send_signal(signal.SIGTERM)  # as impatient people do: it does not interrupt the stopping
        assert running.wait(timeout=15) == 0
        assert up.processes() == []
        assert time.monotonic() - began < 15
    wait_until(lambda: up.processes() == [], 2)


def _everything_was_said_and_started(up: Up, said: list[str]) -> None:
    assert said[-1] == f"ready http://127.0.0.1:{up.port}/graphql\n"
    timed = [line.split()[0] for line in said if line.endswith(" s\n")]
    assert {"PostgreSQL", "Valkey", "Elasticsearch", "migrate", "beat", "server", "import"} <= set(timed)
    assert {"worker-index", "worker-work", "worker-schedule"} <= set(timed)
    assert any(str(up.data / "admin-token") in line for line in said)
    assert "imported Artwork\n" in said

    calls = {call["arguments"][0]: call for call in up.calls()}
    order = [call["arguments"][0] for call in up.calls()]
    assert order[:2] == ["schema", "migrate"]
    assert sorted(order[2:]) == ["beat", "import", "serve", "worker", "worker", "worker"]
    assert order.index("serve") < order.index("import")
    assert calls["import"]["arguments"] == [
        "import",
        "Artwork",
        str(up.folder / "artworks.ndjson"),
        "--wait-searchable",
    ]
    assert calls["serve"]["settings"] == _variables(up.data / "settings.env")
    settings = up.settings()
    assert settings.max_first == 77
    assert settings.extension_modules == ("shelves", "more")
    assert settings.extension_path == Path("beside").absolute()
    given = ["--extend", "shelves,more", "--extension-path", str(settings.extension_path)]
    assert calls["schema"]["arguments"][-4:] == given
    assert settings.admin_token == (up.data / "admin-token").read_text().strip()
    assert "127.0.0.1" in settings.database_url
    assert stat.S_IMODE((up.data / "settings.env").stat().st_mode) == 0o600


def _variables(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _a_second_one_is_refused(up: Up, pid: int) -> None:
    in_use = f"{up.data} is in use by process {pid}. Stop that one first, or give another folder with --data.\n"
    assert refused(Up(up.folder, up.port + 1)) == (1, in_use)
    assert refused(up) == (1, in_use), "also where its port is taken by the first one"
    elsewhere = Up(up.folder / "other", up.port)
    elsewhere.folder.mkdir()
    status, message = refused(elsewhere)
    assert (status, f"Port {up.port} of 127.0.0.1 can't be had: Address already in use." in message) == (1, True)


def _what_dies_comes_back(up: Up) -> None:
    with redis.Redis.from_url(up.settings().broker_url) as queue:
        queue.lpush("work", "waiting")
        time.sleep(1.1)  # Valkey writes to disk once a second.
        for name in ("valkey-server", "postgres"):
            _part(up, name).kill()
        wait_until(lambda: _answers(queue), 10)
        assert queue.lrange("work", 0, -1) == [b"waiting"], "the queue survives"
    wait_until(lambda: _part(up, "postgres"), 10)
    before = [call["pid"] for call in up.calls() if call["arguments"][0] == "worker"]
    psutil.Process(before[0]).kill()
    wait_until(lambda: len([call for call in up.calls() if call["arguments"][0] == "worker"]) == len(before) + 1, 10)


def _part(up: Up, name: str) -> psutil.Process:
    (own,) = [each for each in up.processes() if "run_up" in _said(each)]
    (found,) = [each for each in own.children() if each.name() == name]
    return found


def _answers(queue: "redis.Redis") -> bool:
    try:
        return bool(queue.ping())
    except redis.RedisError:
        return False


def test_wrong_collection_files_end_it_before_any_server_starts(up: Up) -> None:
    status, said = refused(up, STAND_IN_CHECK="2")
    assert status == 2
    assert said == "artwork.yaml:3: nmae is no property of a collection (did you mean name?)\n"
    assert not up.data.exists()


def test_a_load_into_a_collection_that_is_not_there_ends_it_before_any_server_starts(tmp_path: Path) -> None:
    file = tmp_path / "artists.ndjson"
    file.touch()
    command = [sys.executable, "-m", "cli", "up", "--collections", str(ROOT / "examples" / "tate")]
    command += ["--data", str(tmp_path / "data"), "--load", f"Artst={file}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no collection 'Artst' (did you mean Artist?).\n"
    assert not (tmp_path / "data").exists()


ELSEWHERE = "Give an address of this machine with --host, or another port with --port."


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--heap", "lots"), 2, "--heap lots is no size. Give one such as 1g or 512m.\n"),
        (("--broker", "kafka"), 2, "--broker kafka is not known. Use redis or rabbitmq.\n"),
        (
            ("--host", "192.0.2.1"),
            1,
            f"Port 8000 of 192.0.2.1 can't be had: {os.strerror(errno.EADDRNOTAVAIL)}. {ELSEWHERE}\n",
        ),
    ],
)
def test_an_option_that_can_not_be_met_ends_it_before_any_server_starts(
    tmp_path: Path, options: tuple[str, str], status: int, said: str
) -> None:
    command = [sys.executable, "-m", "cli", "up", "--collections", str(ROOT / "examples" / "tate"), *options]
    done = subprocess.run(
        [*command, "--data", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_it_is_not_ready_with_an_import_that_failed(up: Up) -> None:
    with up.start(STAND_IN_IMPORT="3") as running:
        assert running.stdout is not None
        assert not any(line.startswith("ready ") for line in running.stdout)
        assert running.wait(timeout=15) == 1


def test_an_unknown_setting_ends_it_before_any_server_starts(up: Up) -> None:
    status, said = refused(up, CATALOGRAPH_MAX_FRIST="1")
    assert (status, "did you mean CATALOGRAPH_MAX_FIRST" in said, up.data.exists()) == (2, True, False)


def test_a_stop_while_it_starts_leaves_nothing(up: Up) -> None:
    with up.start() as running:
        assert running.stdout is not None
        running.stdout.readline()
        wait_until(lambda: any("bin/java" in _said(each) for each in up.processes()))
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=15) == 0
    wait_until(lambda: up.processes() == [], 2)
