"""Our program in processes of its own, each forked from one that has its modules already.

Each start of `python -m cli` reads and runs a few thousand modules' code first, which was half of what the tests cost.
What `up` starts is started as users start it.
"""

import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

_PR_SET_PDEATHSIG = 1
_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(["cli", "server", "tasks.worker", "tests.preloaded"])


class Program:
    """One run of a command of the command line, with its output in files. `subprocess.Popen`'s words."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        entered: Path = Path(os.devnull),
    ) -> None:
        self.arguments = list(arguments)
        files = (str(entered), str(output), str(errors or output))
        self._process = ForkServerProcess(target=_run, args=(self.arguments, dict(environment), files))
        self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """Have it end without a chance to tidy up."""
        self._process.kill()

    def wait(self, seconds: float) -> int:
        """Its exit status, that of a signal being negative. Raises `TimeoutExpired`."""
        self._process.join(seconds)
        status = self._process.exitcode
        if status is None:
            raise TimeoutExpired(self.arguments, seconds)
        return status


def run_program(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes, seconds: float
) -> CompletedProcess[str]:
    """Run a command to its end; what it wrote is kept."""
    with tempfile.TemporaryDirectory() as folder:
        entered, output, errors = (Path(folder) / name for name in ("entered", "output", "errors"))
        entered.write_bytes(stdin)
        program = Program(arguments, environment, output, errors, entered)
        try:
            status = program.wait(seconds)
        finally:
            program.kill()
        said, complained = (file.read_text(errors="replace") for file in (output, errors))
    return CompletedProcess(list(arguments), status, said, complained)


def _run(arguments: list[str], environment: dict[str, str], files: tuple[str, str, str]) -> None:
    """What the forked process does: become what `python -m cli` would be."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    entered, output, errors = files
    os.dup2(os.open(entered, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1 if errors == output else os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    sys.argv = ["catalograph", *arguments]

    from cli import main

    main()
