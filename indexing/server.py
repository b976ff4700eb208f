"""The connection to Elasticsearch: requests of ready bytes, answers as plain data, failures by our own names."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, Self

import orjson
from elastic_transport import (
    ApiResponse,
    ConnectionTimeout,
    OrjsonSerializer,
    TlsError,
    TransportError,
)
from elastic_transport import (
    ConnectionError as TransportConnectionError,
)
from elasticsearch import ApiError, AsyncElasticsearch

from errors import CatalographError, CostExceeded, SearchUnavailable
from indexing.outages import Outages
from models.tracing import ELASTICSEARCH, Trace

JSON = "application/json"
NDJSON = "application/x-ndjson"
_UNAVAILABLE = frozenset({429, 502, 503, 504})
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
        self._client = _client(urls, timeout, connections=32)
        # Of its own, so that it never waits behind slow requests for a connection.
        self._probing = _client(urls, timeout, connections=1)
        self._outages = Outages(self._probe)
        self._trace: Trace | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._outages.close()
        await self._probing.close()
        await self._client.close()

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

        Raises `SearchUnavailable` where the server is away, overloaded or too slow, `SearchRefused` otherwise.
        """
        headers = {"accept": JSON, "content-type": kind} if body is not None else {"accept": JSON}
        if opaque_id:
            headers["x-opaque-id"] = opaque_id
        client = self._client.options(request_timeout=timeout) if timeout else self._client
        try:
            with self._written_down(method, path, body):
                answer: ApiResponse[Any] = await client.perform_request(
                    method, path, headers=headers, body=orjson.dumps(body) if isinstance(body, Mapping) else body
                )
        except (ConnectionTimeout, TransportConnectionError, TlsError, TransportError) as error:
            raise SearchUnavailable(f"Elasticsearch does not answer ({type(error).__name__}).") from error
        except ApiError as error:
            raise _refusal(error) from error
        return answer.body

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
            return bool(await self.ask("HEAD", path))
        except SearchRefused as error:
            if error.status == 404:
                return False
            raise

    async def _probe(self) -> None:
        try:
            await self._probing.perform_request("GET", "/_cluster/health?local=true", headers={"accept": JSON})
        except (TransportError, ApiError) as error:
            raise SearchUnavailable(f"Elasticsearch does not answer ({type(error).__name__}).") from error

    async def ping(self) -> None:
        """Raises `SearchUnavailable` unless the cluster answers."""
        await self.ask("GET", "/_cluster/health?timeout=1s", timeout=2.0)


def _client(urls: str, timeout: float, connections: int) -> AsyncElasticsearch:
    return AsyncElasticsearch(
        urls.split(","),
        request_timeout=timeout,
        max_retries=0,
        retry_on_timeout=False,
        http_compress=False,
        connections_per_node=connections,
        serializers={JSON: OrjsonSerializer(), NDJSON: OrjsonSerializer()},
    )


def _refusal(error: ApiError) -> CatalographError:
    body = error.body
    return refusal_of(error.meta.status, body.get("error", body) if isinstance(body, dict) else body)


def refusal_of(status: int, cause: Any) -> CatalographError:
    """What it means that Elasticsearch refused a request, given the `error` of its answer."""
    reasons = " ".join(dict.fromkeys(_reasons(cause)))
    if any(sign in reasons for sign in _TOO_MUCH):
        return CostExceeded("The search is more than Elasticsearch can do at once.", "Ask with less, or shorter texts.")
    if status in _UNAVAILABLE:
        return SearchUnavailable(f"Elasticsearch is overloaded or not ready ({status}).")
    return SearchRefused(status, reasons[:1_000])


def _reasons(cause: Any) -> Iterator[str]:
    """What an error says, and what the errors below it say."""
    while isinstance(cause, dict):
        for one in (*(cause.get("root_cause") or ()), cause):
            yield f"{one.get('type')}: {one.get('reason')}"
        cause = cause.get("caused_by")
    if cause is not None:
        yield str(cause)
