"""Parts are kept running, and none of them outlives the supervisor, however it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.account import server_account
from deploy.local.part import Part
from deploy.local.supervisor import PartError, Supervisor

ROOT = Path(__file__).resolve().parents[2]
MARK = "STAND_IN_OF"

# A part with a child that leaves its process group's leader behind and does not end by being asked.
STUBBORN = """
import os, signal, sys, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "a").write("started\\n")
time.sleep(600)
"""

SUPERVISE = """
import asyncio, os, sys
from pathlib import Path
from deploy.local.account import server_account
from deploy.local.part import Part
from deploy.local.supervisor import Supervisor

async def main(folder):
    environment = {"STAND_IN_OF": str(folder)}
    argv = (sys.executable, "-c", sys.argv[2], str(folder / "started"))
    async with Supervisor(folder / "logs", print) as supervisor:
        await supervisor.start(Part("stubborn", argv, environment))
        sleeping = environment | {"PATH": os.defpath}
        await supervisor.start(Part("sleeper", ("sleep", "600"), sleeping, account=server_account()))
        print("up", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(Path(sys.argv[1])))
"""


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that a part below `folder` is, or started."""
    return [process for process in psutil.process_iter() if _environment(process).get(MARK) == str(folder)]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
    except psutil.Error:
        return {}


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def stubborn(folder: Path) -> Part:
    argv = (sys.executable, "-c", STUBBORN, str(folder / "started"))
    return Part("stubborn", argv, {MARK: str(folder)}, stop_seconds=0.5)


def lines(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


async def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    async with Supervisor(tmp_path / "logs", told.append) as supervisor:
        await supervisor.start(stubborn(tmp_path))
        await asyncio.to_thread(wait_until, lambda: lines(tmp_path / "started") == 2)
        (first,) = [process for process in processes_of(tmp_path) if process.ppid() == os.getpid()]
        first.kill()
        await asyncio.to_thread(wait_until, lambda: lines(tmp_path / "started") == 4)
        # What the dead one had started is gone too.
        await asyncio.to_thread(wait_until, lambda: len(processes_of(tmp_path)) == 2, 2.0)
    await asyncio.to_thread(wait_until, lambda: processes_of(tmp_path) == [], 2.0)
    assert told == [f"stubborn ended with status -9; starting it again. See {tmp_path / 'logs' / 'stubborn.log'}"]


async def test_a_part_is_started_again_when_nobody_reads_what_is_said_of_it(tmp_path: Path) -> None:
    def unread(_sentence: str) -> None:
        raise BrokenPipeError

    argv = ("sh", "-c", f"echo started >> {tmp_path / 'started'}; sleep 0.05")
    async with Supervisor(tmp_path / "logs", unread) as supervisor:
        await supervisor.start(Part("hasty", argv, {"PATH": os.defpath}))
        await asyncio.to_thread(wait_until, lambda: lines(tmp_path / "started") >= 3)


async def test_a_part_that_keeps_dying_is_not_started_in_a_hurry(tmp_path: Path) -> None:
    told: list[str] = []
    argv = (sys.executable, "-c", "import time; time.sleep(0.01)")
    async with Supervisor(tmp_path / "logs", told.append) as supervisor:
        await supervisor.start(Part("hasty", argv))
        await asyncio.sleep(2)
    assert 2 <= len(told) <= 5


async def test_what_does_not_end_by_being_asked_is_made_to(tmp_path: Path) -> None:
    began = time.monotonic()
    async with Supervisor(tmp_path / "logs", print) as supervisor:
        await supervisor.start(stubborn(tmp_path))
        await asyncio.to_thread(wait_until, lambda: lines(tmp_path / "started") == 2)
    await asyncio.to_thread(wait_until, lambda: processes_of(tmp_path) == [], 2.0)
    assert time.monotonic() - began < 5


async def test_higher_tiers_stop_before_what_they_use(tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = f"trap 'echo $0 >> {order}; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    environment = {"PATH": os.defpath}
    async with Supervisor(tmp_path / "logs", print) as supervisor:
        for name, tier in (("server", 0), ("worker", 1), ("database", 0), ("web", 1)):
            ready = _wrote(supervisor.log_of(name))
            await supervisor.start(Part(name, ("sh", "-c", note, name), environment, tier=tier, ready=ready))
    ended = order.read_text().split()
    assert (set(ended[:2]), set(ended[2:])) == ({"worker", "web"}, {"server", "database"})


def _wrote(log: Path) -> Callable[[int], bool]:
    return lambda _pid: log.read_text() == "ready\n"


async def test_a_part_that_ends_before_it_is_ready_shows_its_last_words(tmp_path: Path) -> None:
    part = Part("broken", ("sh", "-c", "echo no such disk >&2; exit 3"), {"PATH": os.defpath}, ready=lambda _: False)
    async with Supervisor(tmp_path / "logs", print) as supervisor:
        with pytest.raises(PartError, match=r"(?s)broken ended with status 3 before it was ready.*no such disk"):
            await supervisor.start(part)


async def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    for words in ("first", "second"):
        async with Supervisor(tmp_path / "logs", print) as supervisor:
            assert await supervisor.run(Part("speaker", ("echo", words), {"PATH": os.defpath})) == 0
    assert (tmp_path / "logs" / "speaker.log").read_text() == "second\n"
    assert (tmp_path / "logs" / "speaker.log.1").read_text() == "first\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_a_supervisor_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    tmp_path.chmod(0o777)
    command = [sys.executable, "-c", SUPERVISE, str(tmp_path), STUBBORN]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as supervising:
        assert supervising.stdout is not None
        assert supervising.stdout.readline() == "up\n"
        wait_until(lambda: len(processes_of(tmp_path)) == 3)
        supervising.send_signal(number)
    wait_until(lambda: processes_of(tmp_path) == [])


def test_no_process_outlives_a_supervisor_and_its_keeper(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISE, str(tmp_path), "import time; time.sleep(600)"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as supervising:
        assert supervising.stdout is not None
        assert supervising.stdout.readline() == "up\n"
        own = psutil.Process(supervising.pid)
        (keeper,) = [child for child in own.children() if "keeper.py" in " ".join(child.cmdline())]
        keeper.kill()
        own.kill()
    wait_until(lambda: processes_of(tmp_path) == [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_a_server_that_refuses_root_still_reaches_a_folder_that_only_root_may_enter(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "settings").write_text("reached\n")
    argv = ("sh", "-c", f"id -u; cat {home}/settings; test -r {home}/settings && echo readable; touch {home}/new")
    async with Supervisor(tmp_path / "logs", print) as supervisor:
        await supervisor.run(Part("guest", argv, {"PATH": os.defpath, "LC_ALL": "C"}, account=server_account()))
        said = supervisor.log_of("guest").read_text()
    account = server_account()
    assert account is not None
    assert said.splitlines()[:3] == [str(account.uid), "reached", "readable"]
    assert "Permission denied" in said
    assert not (home / "new").exists()
