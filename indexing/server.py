"""The connection to Elasticsearch: requests of ready bytes, answers as plain data, failures by our own names."""

from collections.abc import Mapping
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
        self._timeout = timeout
        self._client = AsyncElasticsearch(
            urls.split(","),
            request_timeout=timeout,
            max_retries=0,
            retry_on_timeout=False,
            http_compress=False,
            connections_per_node=32,
            serializers={JSON: OrjsonSerializer(), NDJSON: OrjsonSerializer()},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.close()

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
            answer: ApiResponse[Any] = await client.perform_request(
                method, path, headers=headers, body=orjson.dumps(body) if isinstance(body, Mapping) else body
            )
        except (ConnectionTimeout, TransportConnectionError, TlsError, TransportError) as error:
            raise SearchUnavailable(f"Elasticsearch does not answer ({type(error).__name__}).") from error
        except ApiError as error:
            raise _refusal(error) from error
        return answer.body

    async def exists(self, path: str) -> bool:
        """Whether a HEAD request finds something."""
        try:
            return bool(await self.ask("HEAD", path))
        except SearchRefused as error:
            if error.status == 404:
                return False
            raise

    async def ping(self) -> None:
        """Raises `SearchUnavailable` unless the cluster answers."""
        await self.ask("GET", "/_cluster/health?timeout=1s", timeout=2.0)


def _refusal(error: ApiError) -> CatalographError:
    status = error.meta.status
    if status in _UNAVAILABLE:
        return SearchUnavailable(f"Elasticsearch is overloaded or not ready ({status}).")
    body = error.body
    cause = body.get("error") if isinstance(body, dict) else None
    if isinstance(cause, dict):
        roots = cause.get("root_cause") or [cause]
        return refusal_of(status, str(roots[0].get("reason") or cause.get("reason")))
    return refusal_of(status, str(body))


def refusal_of(status: int, reason: str) -> CatalographError:
    """What it means that Elasticsearch refused a request."""
    if any(sign in reason for sign in _TOO_MUCH):
        return CostExceeded("The search is more than Elasticsearch can do at once.", "Ask with less, or shorter texts.")
    return SearchRefused(status, reason[:1_000])
