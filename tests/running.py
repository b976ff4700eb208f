"""A whole system, started as a user would, for tests that ask it from outside."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 300


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
    """Run a command of the command line, from another folder than the project's."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd="/",
        env=_environment({}),
        input=stdin if stdin is not None else b"",
        capture_output=True,
        timeout=300,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def already_running(name: str) -> System | None:
    """The system that a developer left running: `TEST_SAMPLE=URL=DATA` in the environment saves its start."""
    url, _, data = os.environ.get(f"TEST_{name}", "").partition("=")
    return System(url, Path(data), (Path(data) / "admin-token").read_text().strip()) if url else None


@contextmanager
def running(
    data: Path, collections: Path, load: Sequence[tuple[str, Path]] = (), settings: Mapping[str, str] | None = None
) -> Iterator[System]:
    """A system on a data folder, from when it says `ready` until it has stopped."""
    port = _free_port()
    command = [sys.executable, "-m", "cli", "up", "--collections", str(collections), "--port", str(port)]
    command += ["--data", str(data), "--heap", "768m"]
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
