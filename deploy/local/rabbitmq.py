"""RabbitMQ from Debian's package, as two parts: its name server `epmd`, and the broker itself."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.account import Account, make_folder
from deploy.local.part import Part
from deploy.local.ports import free_ports, listens
from deploy.local.supervisor import Supervisor
from errors import EmbeddedServerError

USER = "catalograph"
_PACKAGE = "rabbitmq-server"
# Debian's script on the path runs the server as another user, with that user's folders; this is what it calls.
_DEBIAN_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Milliseconds that a worker may take for a message: a day, where versions before 3.12 don't heed the queue's own limit.
_CONFIGURATION = "consumer_timeout = 86400000\n"


@dataclass(frozen=True)
class Rabbitmq:
    """One broker on its own folder, with a node name, name server and ports that meet no other's."""

    folder: Path
    port: int
    password: str
    account: Account | None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.port}//"

    @property
    def _configuration(self) -> Path:
        return self.folder / "rabbitmq.conf"

    async def start(self, supervisor: Supervisor, program: Path) -> None:
        """Run the broker whose program `prepare` gave."""
        make_folder(self.folder, self.account)
        self._configuration.write_text(_CONFIGURATION)
        names_port, distribution_port = free_ports(2)
        environment = self._environment(names_port, distribution_port)
        await supervisor.start(self._name_server(names_port, environment))
        await supervisor.start(self._broker(program, environment))

    def _name_server(self, port: int, environment: dict[str, str]) -> Part:
        program = shutil.which("epmd") or "epmd"
        return Part(
            name="rabbitmq-names",
            argv=(program, "-port", str(port), "-address", "127.0.0.1"),
            environment=environment,
            account=self.account,
            ready=lambda pid: listens(pid, port),
        )

    def _broker(self, program: Path, environment: dict[str, str]) -> Part:
        return Part(
            name="rabbitmq",
            argv=(str(program),),
            environment=environment,
            folder=self.folder,
            account=self.account,
            ready=lambda pid: listens(pid, self.port),
        )

    def _environment(self, names_port: int, distribution_port: int) -> dict[str, str]:
        return {
            "PATH": f"{os.defpath}:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(names_port),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "no-rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self._configuration),
            "RABBITMQ_DEFAULT_PASS": self.password,
            "RABBITMQ_DEFAULT_USER": USER,
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "no-plugins"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_NODENAME": "catalograph@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            # Together: the started process turns into the broker, and starts no name server that would stay behind.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false",
            "RUNNING_UNDER_SYSTEMD": "yes",
        }


def prepare(console: Console) -> Path:
    """The broker's program; root installs Debian's package where it is missing. Blocks meanwhile.

    Raises `EmbeddedServerError`, which names the package.
    """
    if found := _program():
        return found
    apt_get = shutil.which("apt-get")
    if os.geteuid() == 0 and apt_get:
        console.print(f"installing Debian's package {_PACKAGE}")
        _install(apt_get)
    if found := _program():
        return found
    raise EmbeddedServerError(
        "RabbitMQ is not installed.",
        f"Install it (Debian, Ubuntu: `apt-get install {_PACKAGE}`, as root), or use `--broker redis`.",
    )


def _program() -> Path | None:
    if _DEBIAN_PROGRAM.is_file():
        return _DEBIAN_PROGRAM
    found = shutil.which(_PACKAGE, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    return Path(found) if found else None


def _install(apt_get: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", _PACKAGE)):
        run = subprocess.run((apt_get, *arguments), env=environment, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise EmbeddedServerError(f"`apt-get {' '.join(arguments)}` failed:\n{run.stderr.strip()}")
