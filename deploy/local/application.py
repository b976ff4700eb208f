"""Catalograph's own processes as parts: `migrate`, `worker`, `beat`, `serve`, `import`."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.part import Part
from deploy.local.ports import answers, listens

_ROOT = Path(__file__).resolve().parents[2]
# Above the servers, which are stopped after everything that uses them.
_TIER = 1
_QUEUES, _SCHEDULE = ("index", "work"), "schedule"


def own_command() -> tuple[str, ...]:
    """This program, run by this interpreter."""
    return (sys.executable, "-m", "cli")


@dataclass(frozen=True)
class Application:
    """How to run the commands of this program on the servers that `settings` name (`CATALOGRAPH_*` variables)."""

    command: tuple[str, ...]
    settings: Mapping[str, str]

    def once(self, name: str, *arguments: str) -> Part:
        """A command that runs to its end."""
        return self._part(name, *arguments)

    def workers(self, number: int) -> list[Part]:
        """`number` workers of each queue, so that what takes long never holds up what must be quick.

        One is enough for the queue `schedule`, on which there is one message every few seconds.
        """
        endings = [""] if number == 1 else [f"-{one + 1}" for one in range(number)]
        named = [(f"worker-{queue}{ending}", queue) for queue in _QUEUES for ending in endings]
        named.append((f"worker-{_SCHEDULE}", _SCHEDULE))
        return [self._part(name, "worker", "--name", name, "--queue", queue) for name, queue in named]

    def beat(self) -> Part:
        return self._part("beat", "beat")

    def flower(self, host: str, port: int) -> Part:
        argv = (*self.command, "flower", "--host", host, "--port", str(port))
        environment = part_environment(self.settings)
        return Part("flower", argv, environment, Path.cwd(), ready=lambda pid: listens(pid, port), tier=_TIER)

    def server(self, host: str, port: int) -> Part:
        def ready(pid: int) -> bool:
            return listens(pid, port) and answers(connectable(host), port, "/readyz")

        argv = (*self.command, "serve", "--host", host, "--port", str(port))
        return Part("server", argv, part_environment(self.settings), Path.cwd(), ready=ready, tier=_TIER)

    def _part(self, name: str, *arguments: str) -> Part:
        return Part(name, (*self.command, *arguments), part_environment(self.settings), Path.cwd(), tier=_TIER)


def part_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment with `settings`; this program's modules are found from any folder."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **settings, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def connectable(host: str) -> str:
    """An address under which a server that listens on `host` can be reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound.
