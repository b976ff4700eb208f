"""A load generator in a process of its own: keeps connections busy with requests, and times each answer.

Started as `python -m benchmarks.load`; the order comes as JSON on standard input, the result goes to standard output.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import httptools
import orjson
import uvloop

from benchmarks.dataset import ROOT
from benchmarks.measures import percentile

OK = 200


@dataclass(frozen=True)
class Request:
    """One request; bodies that differ make a load that no cache answers."""

    path: str
    body: str
    authorization: str | None = None

    def encoded(self, host: str) -> bytes:
        """The bytes of the request, ready to be sent."""
        body = self.body.encode()
        lines = [f"POST {self.path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(body)}", "Accept: application/json"]
        lines += [f"Authorization: Bearer {self.authorization}"] if self.authorization else []
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Load:
    """`count` requests, taken from `requests` in turn, over so many connections."""

    port: int
    requests: Sequence[Request]
    count: int
    connections: int


@dataclass(frozen=True)
class Answered:
    """How it went; latencies in milliseconds. `failed` counts answers that are not 200 or tell of errors."""

    seconds: float
    p50: float
    p99: float
    failed: int
    bytes: int

    def rate(self, count: int) -> float:
        """Requests a second."""
        return count / self.seconds


def run_load(load: Load) -> Answered:
    """Run a load from another process, so that its own work is not counted as the server's."""
    command = [sys.executable, "-m", "benchmarks.load"]
    done = subprocess.run(command, cwd=ROOT, input=orjson.dumps(asdict(load)), capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    return Answered(**orjson.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """One connection, kept open: the next request leaves when the answer to the last one is whole."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._sent = 0.0
        self._body = bytearray()
        self.failed = 0
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._latencies.append((time.perf_counter() - self._sent) * 1000)
        self.bytes += len(self._body)
        if self._parser.get_status_code() != OK or b'"errors":[{' in self._body:
            self.failed += 1
        self._body.clear()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._parser = httptools.HttpResponseParser(self)
        self._sent = time.perf_counter()
        self._transport.write(request)


async def _run(load: Load) -> Answered:
    ready = [request.encoded(f"127.0.0.1:{load.port}") for request in load.requests]
    requests = (ready[place % len(ready)] for place in range(load.count))
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        loop.create_connection(lambda: _Connection(requests, latencies), "127.0.0.1", load.port)
        for _ in range(load.connections)
    ]
    connections = [connection for _, connection in await asyncio.gather(*opened)]
    await asyncio.gather(*(connection.done for connection in connections))
    seconds = time.perf_counter() - began
    latencies.sort()
    failed, size = sum(one.failed for one in connections), sum(one.bytes for one in connections)
    return Answered(seconds, percentile(latencies, 0.5), percentile(latencies, 0.99), failed, size)


def main() -> None:
    """Follow the order on standard input."""
    order = orjson.loads(sys.stdin.buffer.read())
    load = Load(**{**order, "requests": [Request(**request) for request in order["requests"]]})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(orjson.dumps(asdict(runner.run(_run(load)))))


if __name__ == "__main__":
    main()
