"""The connection to Elasticsearch: requests of ready bytes, answers as plain data, failures by our own names."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, Self

import orjson
from elastic_transport import NodePool
from elasticsearch import AsyncElasticsearch

from errors import CatalographError, CostExceeded, SearchOverloaded, SearchUnavailable
from indexing.node import Answer, Node
from indexing.pulse import Pulse
from models.outages import Outages
from models.tracing import ELASTICSEARCH, Trace

JSON = "application/json"
NDJSON = "application/x-ndjson"
# Understood by servers of this version and of the next.
_COMPATIBLE = "application/vnd.elasticsearch+{}; compatible-with=8"
_SPOKEN = {JSON: _COMPATIBLE.format("json"), NDJSON: _COMPATIBLE.format("x-ndjson")}
_ACCEPTED = {"accept": _SPOKEN[JSON]}
_HEADERS = {kind: {**_ACCEPTED, "content-type": spoken} for kind, spoken in _SPOKEN.items()}
_SUCCESS = range(200, 300)
OVERLOADED = 429
_UNAVAILABLE = frozenset({OVERLOADED, 502, 503, 504})
_TOO_MUCH = (
    "Determinizing",
    "automaton is too large",
    "Term too complex",
    "length of regex",
    "nested depth",
    "maxClauseCount",
    "too_many",
    "number of terms",
)
"""What Elasticsearch says of requests that are right but larger than it allows."""


class SearchRefused(CatalographError):
    """Elasticsearch refused a request that should be right: this is a defect of ours, or a setting of the server."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"Elasticsearch answered {status}: {reason}")


class SearchServer:
    """Elasticsearch, reached through a pool of kept connections."""

    def __init__(self, urls: str, timeout: float) -> None:
        self._nodes = _nodes(urls, connections=32)
        # Of its own, so that it never waits behind slow requests for a connection.
        self._probed = _nodes(urls, connections=1)
        self._timeout = timeout
        self._outages = Outages(ELASTICSEARCH, self._probe, _hanging)
        self._pulse = Pulse(lambda: self._outages.guard(self._probe))
        self._trace: Trace | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._pulse.close()
        await self._outages.close()
        for node in (*self._probed.all(), *self._nodes.all()):
            assert isinstance(node, Node)
            await node.close()

    def traced(self, trace: Trace) -> Self:
        """The same connections; what is sent over them by this one is written to `trace`."""
        traced = copy(self)
        traced._trace = trace  # noqa: SLF001 - it is one of us
        return traced

    async def search(
        self, path: str, body: bytes, *, kind: str = JSON, opaque_id: str | None = None, timeout: float | None = None
    ) -> Any:
        """The answer to a search; as `ask`, but that Elasticsearch hangs is told within 2 s."""
        return await self._outages.guard(
            lambda: self.ask("POST", path, body, kind=kind, opaque_id=opaque_id, timeout=timeout)
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        *,
        kind: str = JSON,
        opaque_id: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The answer to one request, as plain data.

        Raises `SearchUnavailable` where the server is away or too slow, as `SearchOverloaded` where it has too much to
        do; `SearchRefused` otherwise.
        """
        headers = _ACCEPTED if body is None else _HEADERS[kind]
        if opaque_id:
            headers = {**headers, "x-opaque-id": opaque_id}
        sent = orjson.dumps(body) if isinstance(body, Mapping) else body
        with self._written_down(method, path, body):
            status, answer = await _exchange(self._nodes, method, path, headers, sent, timeout or self._timeout)
        if status not in _SUCCESS:
            raise _refusal(status, answer)
        return orjson.loads(answer) if answer else None

    def _written_down(
        self, method: str, path: str, body: bytes | Mapping[str, Any] | None
    ) -> AbstractContextManager[None]:
        if self._trace is None:
            return nullcontext()
        lines = [orjson.loads(line) for line in body.splitlines() if line] if isinstance(body, bytes) else [body]
        shown = lines if len(lines) > 1 else lines[0]
        return self._trace.timed(ELASTICSEARCH, {"method": method, "path": path, "body": shown})

    async def exists(self, path: str) -> bool:
        """Whether a HEAD request finds something."""
        try:
            await self.ask("HEAD", path)
        except SearchRefused as error:
            if error.status == 404:
                return False
            raise
        return True

    async def _probe(self) -> None:
        status, _ = await _exchange(self._probed, "GET", "/_cluster/health?local=true", _ACCEPTED, None, self._timeout)
        if status not in _SUCCESS:
            raise SearchUnavailable(f"Elasticsearch is overloaded or not ready ({status}).")

    async def is_there(self) -> bool:
        """Whether a search would find somebody; when Elasticsearch hangs, that is known within 2 s, then at once."""
        return not self._outages.known and await self._pulse.beats()

    async def ping(self, timeout: float = 2.0) -> None:
        """Raises `SearchUnavailable` unless the cluster answers within `timeout` seconds."""
        await self.ask("GET", "/_cluster/health?timeout=1s", timeout=timeout)


def _nodes(urls: str, connections: int) -> NodePool:
    """The servers, of which those that failed are asked less; accounts and certificates are read from the addresses."""
    client = AsyncElasticsearch(urls.split(","), node_class=Node, http_compress=False, connections_per_node=connections)
    return client.transport.node_pool


async def _exchange(
    nodes: NodePool, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
) -> Answer:
    """Status and body of an answer. Raises `SearchUnavailable` where there is none in time."""
    node = nodes.get()
    assert isinstance(node, Node)
    try:
        answer = await node.exchange(method, path, headers, body, timeout)
    except OSError as error:
        node.is_suspect = True
        nodes.mark_dead(node)
        raise SearchUnavailable(f"Elasticsearch does not answer ({type(error).__name__}).") from error
    if answer[0] in _UNAVAILABLE:
        node.is_suspect = True
        nodes.mark_dead(node)
    elif node.is_suspect:
        node.is_suspect = False
        nodes.mark_live(node)
    return answer


def _hanging() -> SearchUnavailable:
    return SearchUnavailable("Elasticsearch does not answer.", "Searches come back by themselves when it does.")


def _refusal(status: int, answer: bytes) -> CatalographError:
    try:
        cause = orjson.loads(answer)
    except orjson.JSONDecodeError:  # of whatever stands before Elasticsearch
        cause = answer.decode("utf-8", "replace")
    return refusal_of(status, cause.get("error", cause) if isinstance(cause, dict) else cause)


def refusal_of(status: int, cause: Any) -> CatalographError:
    """What it means that Elasticsearch refused a request, given the `error` of its answer."""
    reasons = " ".join(dict.fromkeys(_reasons(cause)))
    if any(sign in reasons for sign in _TOO_MUCH):
        return CostExceeded("The search is more than Elasticsearch can do at once.", "Ask with less, or shorter texts.")
    if status == OVERLOADED:
        return SearchOverloaded(f"Elasticsearch is overloaded ({status}).")
    if status in _UNAVAILABLE:
        return SearchUnavailable(f"Elasticsearch is not ready ({status}).")
    return SearchRefused(status, reasons[:1_000])


def _reasons(cause: Any) -> Iterator[str]:
    """What an error says, and what the errors below it say."""
    while isinstance(cause, dict):
        for one in (*(cause.get("root_cause") or ()), cause):
            yield f"{one.get('type')}: {one.get('reason')}"
        cause = cause.get("caused_by")
    if cause is not None:
        yield str(cause)
