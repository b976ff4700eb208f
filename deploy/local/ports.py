"""Free ports on the loopback interface, and whether a server answers on one."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

_ANSWER_SECONDS = 2.0


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on right now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def why_not(host: str, port: int) -> str | None:
    """What keeps a server from listening there, in the system's words; None if nothing does."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens on the port, and not one that came first."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    with suppress(OSError):  # the process has ended
        return any(_target(entry) in sockets for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _target(link: Path) -> str:
    with suppress(OSError):  # it was closed meanwhile
        return str(link.readlink())
    return ""


def _listening(port: int) -> Iterator[str]:
    """The inodes of the sockets in state LISTEN on the port; proc(5), `/proc/net/tcp`."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for row in table.read_text().splitlines()[1:] if table.exists() else []:
            _, local, _, state, *rest = row.split()
            if state == "0A" and local.endswith(f":{port:04X}"):
                yield rest[5]


def answers(host: str, port: int, path: str) -> bool:
    """Whether a GET of the path is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):  # not yet, or it is not one that speaks HTTP
        return False
    finally:
        connection.close()
