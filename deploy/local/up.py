"""`catalograph up`: the whole system in one command, on servers of its own."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from deploy.local.application import Application, connectable, own_command, part_environment
from deploy.local.cache import when_full
from deploy.local.data_folder import DataFolder
from deploy.local.ports import why_not
from deploy.local.servers import Servers
from deploy.local.settings_file import given_settings, write_settings
from deploy.local.supervisor import PartError, Supervisor
from errors import EmbeddedServerError, SettingsError

DEFAULT_DATA = Path(".catalograph")
SOME_LINES_WERE_BAD = 1
_NEEDED_BYTES = 300_000_000

Result = TypeVar("Result")


@dataclass(frozen=True)
class UpOptions:
    """What to run. `settings` go before the environment's, by field name; `command` is what runs our own commands."""

    collections: Path
    load: tuple[tuple[str, Path], ...] = ()
    port: int = 8000
    host: str = "127.0.0.1"
    data: Path | None = None
    broker: str = "redis"
    workers: int = 1
    heap: str = "1g"
    durable: bool = True
    """Whether a crash of the machine must lose nothing; without, the servers are quicker to start and to write."""
    flower_port: int | None = None
    """Where Flower runs, if it is to."""
    settings: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = field(default_factory=own_command)

    @property
    def url(self) -> str:
        host = connectable(self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/graphql"


def run_up(options: UpOptions) -> int:
    """Run the system until a signal ends it; the exit status.

    Raises a `CatalographError` where it can't start. Whatever happens, no process of it is left.
    """
    settings = given_settings(os.environ, dict(options.settings) | {"collections": str(options.collections.absolute())})
    if settings.get("extensions"):
        # So that every command with --data finds them, wherever it is run.
        settings["extension_path"] = str(Path(settings.get("extension_path", "")).absolute())
    if status := _check_files(options, settings):
        return status
    with DataFolder(options.data or DEFAULT_DATA) as data:
        # After the folder: a second `up` on it is told so, and not that its port is taken.
        _check_port(options)
        try:
            return asyncio.run(_until_signalled(options, settings, data))
        except OSError as error:
            raise when_full(error, data.path, _NEEDED_BYTES, "give a folder on another disk with --data") from error


def _check_files(options: UpOptions, settings: Mapping[str, str]) -> int:
    """What is wrong with the files is said before anything is started; 2 when any but those to load are."""
    for name, file in options.load:
        if not file.is_file():
            raise SettingsError(f"--load {name}={file}: there is no such file.")
    named = [argument for name, _ in options.load for argument in ("--collection", name)]
    command = (*options.command, "schema", "check", "--collections", settings["collections"], *named)
    if settings.get("extensions"):
        command += "--extend", settings["extensions"], "--extension-path", settings["extension_path"]
    if settings.get("documents"):
        command += "--documents", settings["documents"]
    checked = subprocess.run(
        command, env=part_environment({}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if checked.returncode != 0:
        Console(stderr=True).print(checked.stdout.decode(errors="replace"), end="", markup=False, soft_wrap=True)
    return checked.returncode


def _check_port(options: UpOptions) -> None:
    for port, option in ((options.port, "--port"), (options.flower_port, "--flower-port")):
        if port is not None and (reason := why_not(options.host, port)):
            used = reason == os.strerror(errno.EADDRINUSE)
            raise EmbeddedServerError(
                f"Port {port} of {options.host} can't be had: {reason}.",
                f"Stop what listens there, or give another with {option}."
                if used
                else f"Give an address of this machine with --host, or another port with {option}.",
            )


async def _until_signalled(options: UpOptions, settings: dict[str, str], data: DataFolder) -> int:
    console = Console(highlight=False, soft_wrap=True)
    running = asyncio.create_task(_System(options, settings, data, console).run())

    def stop() -> None:
        # A second signal would interrupt the stopping, which takes no longer than it must.
        if not running.cancelling():
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):  # by `stop`
        await running
    with suppress(BrokenPipeError):  # who read it has gone
        console.print("stopped")
    return 0


class _System:
    """One run of `up`: each step printed with the time that it took."""

    def __init__(self, options: UpOptions, settings: dict[str, str], data: DataFolder, console: Console) -> None:
        self._options = options
        self._settings = settings
        self._data = data
        self._console = console

    async def run(self) -> None:
        """Start everything, say `ready`, and go on until cancelled."""
        began = time.monotonic()
        async with Supervisor(self._data.logs, self._console.print) as supervisor:
            try:
                await self._start(supervisor)
            except BaseExceptionGroup as group:
                raise _first(group) from None
            self._report("everything", time.monotonic() - began)
            sys.stdout.write(f"ready {self._options.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    async def _start(self, supervisor: Supervisor) -> None:
        rabbitmq, heap, durable = self._options.broker == "rabbitmq", self._options.heap, self._options.durable
        servers = Servers(self._data, self._console, self._report, rabbitmq=rabbitmq, durable=durable, heap=heap)
        self._console.print(f"data and logs are in {self._data.path}")
        addresses = await servers.start(supervisor)
        application = self._application(addresses)
        await self._run_once(supervisor, application, "migrate", "migrate")
        workers = application.workers(self._options.workers)
        server = application.server(self._options.host, self._options.port)
        flower = [application.flower(self._options.host, port)] if (port := self._options.flower_port) else []
        async with asyncio.TaskGroup() as group:
            for part in (server, application.beat(), *workers, *flower):
                group.create_task(self._timed(part.name, supervisor.start(part)))
        if flower:
            address = f"http://{connectable(self._options.host)}:{port}"
            self._console.print(f"Flower is at {address}; it asks for a token with the role admin as the password")
        for name, file in self._options.load:
            await self._import(supervisor, application, name, file)

    def _application(self, addresses: Mapping[str, str]) -> Application:
        token = self._data.secret("admin-token", self._settings.get("admin_token"))
        secret = self._settings.get("secret") or self._data.secret("secret")
        exports = {"export_folder": str(self._data.folder("exports"))}
        settings = exports | self._settings | dict(addresses) | {"admin_token": token, "secret": secret}
        self._console.print(f"a token with the role `admin` is in {self._data.folder('admin-token')}")
        return Application(self._options.command, write_settings(self._data, settings))

    async def _run_once(self, supervisor: Supervisor, application: Application, name: str, *arguments: str) -> None:
        status = await self._timed(name, supervisor.run(application.once(name, *arguments)))
        if status != 0:
            raise PartError(name, f"ended with status {status}", supervisor.log_of(name))

    async def _import(self, supervisor: Supervisor, application: Application, name: str, file: Path) -> None:
        part = application.once(f"import {name}", "import", name, str(file), "--wait-searchable")
        status = await self._timed(part.name, supervisor.run(part, to_log=False))
        if status == SOME_LINES_WERE_BAD:
            self._console.print(f"{file}: not every line could be imported, see above")
        elif status != 0:
            raise EmbeddedServerError(f"The import of {file} into {name} ended with status {status}.")

    async def _timed(self, name: str, step: Awaitable[Result]) -> Result:
        began = time.monotonic()
        result = await step
        self._report(name, time.monotonic() - began)
        return result

    def _report(self, name: str, seconds: float) -> None:
        self._console.print(f"{name:<16} {seconds:6.1f} s")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
