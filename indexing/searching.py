"""Runs searches: all that are asked for in one tick go to Elasticsearch in one request."""

from collections.abc import Sequence
from typing import Any

import orjson
from aiodataloader import DataLoader

from errors import CatalographError, CostExceeded, SearchUnavailable
from indexing.distinct import WITHOUT_LISTS
from indexing.indexes import alias_of
from indexing.search_body import encoded, found_of, search_body
from indexing.search_query import Found, SearchQuery
from indexing.server import NDJSON, SearchRefused, SearchServer, refusal_of


class Searches(DataLoader[SearchQuery, Found | BaseException]):
    """The searches of one request; equal queries are asked once."""

    def __init__(self, server: SearchServer, prefix: str, request_id: str | None, timeout: float) -> None:
        super().__init__(cache=False)
        self._server = server
        self._prefix = prefix
        self._request_id = request_id
        self._timeout = timeout

    async def batch_load_fn(self, keys: list[SearchQuery]) -> list[Found | BaseException]:
        try:
            answers = await self._ask(keys)
        except (CostExceeded, SearchRefused) as error:
            return [_named(error) for _ in keys]
        return [_found(query, answer) for query, answer in zip(keys, answers, strict=True)]

    async def _ask(self, queries: Sequence[SearchQuery]) -> list[Any]:
        limit = f"{self._timeout:g}s"
        leaves_out = f"filter_path={WITHOUT_LISTS}" if any(query.distinct for query in queries) else ""
        if len(queries) == 1:
            (query,) = queries
            path = f"/{alias_of(self._prefix, query.collection.name)}/_search?timeout={limit}&{leaves_out}"
            return [await self._send(path, encoded(search_body(query)))]
        lines = bytearray()
        for query in queries:
            lines += orjson.dumps({"index": alias_of(self._prefix, query.collection.name)}) + b"\n"
            lines += encoded({**search_body(query), "timeout": limit}) + b"\n"
        answer = await self._send(f"/_msearch?{leaves_out}", bytes(lines), kind=NDJSON)
        return list(answer["responses"])

    async def _send(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        return await self._server.search(path, body, kind=kind, opaque_id=self._request_id, timeout=self._timeout)


def _found(query: SearchQuery, answer: Any) -> Found | BaseException:
    if "error" in answer:
        return _named(refusal_of(answer.get("status", 500), answer["error"]))
    if answer.get("timed_out"):
        return SearchUnavailable("The search took longer than the limit.", "Ask for less, or again later.")
    return found_of(query, answer)


def _named(error: CatalographError) -> CatalographError:
    """A missing index is one that is not made yet: search comes back by itself."""
    missing = isinstance(error, SearchRefused) and error.status == 404
    return SearchUnavailable("The index of this collection is not there yet.") if missing else error
