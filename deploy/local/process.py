"""Starting one part as a process of its own session, and ending it with everything that it started."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from deploy.local.account import Account
from deploy.local.part import Part

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_KEEPER = str(Path(__file__).with_name("keeper.py"))


def launch_command(
    argv: tuple[str, ...],
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    keeper: int | None = None,
) -> list[str]:
    """The command that runs `argv` so that it ends with the thread that starts it."""
    order = {
        "parent": os.getpid(),
        "death_signal": int(death_signal),
        "account": account and (account.uid, account.gid),
        "keeper": keeper,
    }
    return [sys.executable, "-I", "-S", _LAUNCH, json.dumps(order), *argv]


class Keeper:
    """The process that ends what we leave behind when we are killed; see `keeper.py`."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: int) -> None:
        self._process = process
        self.pipe = pipe

    @classmethod
    async def start(cls) -> "Keeper":
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", _KEEPER, stdin=reading, start_new_session=True
            )
        finally:
            os.close(reading)
        return cls(process, writing)

    def forget(self, pid: int) -> None:
        """The group of `pid` has ended."""
        with suppress(BrokenPipeError):  # the keeper has ended, and with it all that it kept
            os.write(self.pipe, f"-{pid}\n".encode())

    async def close(self) -> None:
        os.close(self.pipe)
        await self._process.wait()


class RunningPart:
    """A part's process. Its pid is the part's own: what launches it turns into it."""

    def __init__(self, part: Part, process: asyncio.subprocess.Process, keeper: Keeper) -> None:
        self.part = part
        self._process = process
        self._keeper = keeper

    @classmethod
    async def start(cls, part: Part, log: IO[bytes] | None, keeper: Keeper) -> "RunningPart":
        """Run `part` with its output going to `log`, or to our own output without one."""
        process = await asyncio.create_subprocess_exec(
            *launch_command(part.argv, part.account, part.death_signal, keeper.pipe),
            stdin=asyncio.subprocess.DEVNULL if part.stdin is None else asyncio.subprocess.PIPE,
            stdout=log,
            stderr=None if log is None else asyncio.subprocess.STDOUT,
            env=dict(part.environment),
            cwd=part.folder,
            start_new_session=True,
            pass_fds=(keeper.pipe,),
        )
        if process.stdin is not None and part.stdin is not None:
            process.stdin.write(part.stdin)
            if part.closes_stdin:
                process.stdin.close()
        return cls(part, process, keeper)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it has ended and nothing that it started is left; the exit status."""
        status = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        self._keeper.forget(self.pid)
        return status

    async def stop(self) -> None:
        """Ask it to end, and make it when it takes longer than `stop_seconds`."""
        if self.alive:
            with suppress(ProcessLookupError):  # it ended meanwhile
                self._process.send_signal(self.part.stop_signal)
            try:
                await asyncio.wait_for(asyncio.shield(self._process.wait()), self.part.stop_seconds)
            except TimeoutError:  # it had its time
                self._signal_group(signal.SIGKILL)
        await self.ended()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # nobody of it is left
            os.killpg(self.pid, number)
