"""A web server that gives out files in the way that a test wants: at once, slowly, elsewhere, broken off."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

HALT_SECONDS = 120


@dataclass
class Served:
    """What an address answers; each of `parts` is sent after `pause` seconds, and `promised` bytes are said to come."""

    parts: Iterable[bytes] = ()
    pause: float = 0.0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None


@dataclass
class Halting:
    """Parts of which those behind the first `at_once` wait until `goes_on` is set, or a while."""

    parts: Sequence[bytes]
    at_once: int
    goes_on: threading.Event = field(default_factory=threading.Event)
    halted: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts[: self.at_once]
        self.halted.set()
        self.goes_on.wait(HALT_SECONDS)
        yield from self.parts[self.at_once :]


class Files(dict[str, Served]):
    """What is served, by path; what is not there is 404.

    `asked` are the paths in the order of the requests, `headers` what was sent with them.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(self, path: str) -> Served:
        """What is served at an address without its host."""
        return self.get(path, Served(status=404))


F = TypeVar("F", bound=Files)


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Files]:
    """A server for the time of the block."""
    with serving_as(Files, host) as files:
        yield files


@contextmanager
def serving_as(kind: Callable[[int], F], host: str = "127.0.0.1") -> Iterator[F]:
    """A server of what `kind` makes with its port."""
    server = ThreadingHTTPServer((host, 0), _Handler)
    server.daemon_threads = True
    files = server.files = kind(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        files: Files = self.server.files  # type: ignore[attr-defined]
        files.asked.append(self.path)
        files.headers.append(dict(self.headers))
        served = files.answer(self.path)
        self.send_response(served.status)
        for name, value in served.headers.items():
            self.send_header(name, value)
        if served.promised is not None:
            self.send_header("content-length", str(served.promised))
        self.end_headers()
        try:
            for part in served.parts:
                time.sleep(served.pause)
                self.wfile.write(part)
        except OSError:
            return  # whoever asked has left

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
