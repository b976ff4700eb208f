"""Runs searches: all that are asked for in one tick go to Elasticsearch in one request."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from errors import CatalographError, CostExceeded, SearchUnavailable
from indexing.aggregates import left_out
from indexing.indexes import alias_of
from indexing.joint_search import JointFound, JointQuery, joint_body, joint_found_of
from indexing.search_body import encoded, found_of, search_bodies, search_body
from indexing.search_query import Found, SearchQuery
from indexing.server import NDJSON, SearchRefused, SearchServer, refusal_of
from indexing.suggesting import Suggested, SuggestQuery, suggest_body, suggested_of
from models.batching import Batches

Query = SearchQuery | SuggestQuery | JointQuery
_ALL_STATISTICS = "dfs_query_then_fetch"
"""How Elasticsearch weighs a word by its use in all indices of a search together."""


class _Together(NamedTuple):
    """Queries that are answered by one future."""

    queries: Sequence[SearchQuery]


class Searches(Batches["Query | _Together", Any]):
    """The searches of one request."""

    def __init__(self, server: SearchServer, prefix: str, request_id: str | None, timeout: float) -> None:
        super().__init__()
        self._server = server
        self._prefix = prefix
        self._request_id = request_id
        self._timeout = timeout

    async def find_each(self, queries: Sequence[SearchQuery]) -> list[Found | CatalographError]:
        """A page for each of several queries, or why there is none."""
        found: list[Found | CatalographError] = await self.load(_Together(queries))
        return found

    async def find(self, query: SearchQuery) -> Found:
        """A page of one collection."""
        found: Found = await self._answer(query)
        return found

    async def suggest(self, query: SuggestQuery) -> list[Suggested]:
        """What continues a beginning."""
        found: list[Suggested] = await self._answer(query)
        return found

    async def find_jointly(self, query: JointQuery) -> JointFound:
        """A page of several collections."""
        found: JointFound = await self._answer(query)
        return found

    async def _answer(self, query: Query) -> Any:
        found = await self.load(query)
        if isinstance(found, BaseException):
            raise found
        return found

    async def batch_load_fn(self, keys: list[Query | _Together]) -> list[Any]:
        queries = [query for key in keys for query in (key.queries if isinstance(key, _Together) else (key,))]
        found = iter(await self._find_all(queries))
        return [[next(found) for _ in key.queries] if isinstance(key, _Together) else next(found) for key in keys]

    async def _find_all(self, queries: Sequence[Query]) -> list[Any]:
        try:
            answers = await self._ask(queries)
        except (CostExceeded, SearchRefused) as error:
            return [_named(error) for _ in queries]
        return [self._found(query, answer) for query, answer in zip(queries, answers, strict=True)]

    async def _ask(self, queries: Sequence[Query]) -> list[Any]:
        limit = f"{self._timeout:g}s"
        paths = {left_out(query) for query in queries if isinstance(query, SearchQuery)} - {""}
        leaves_out = f"&filter_path={','.join(paths)}" if paths else ""
        if len(queries) == 1:
            (query,) = queries
            options = "".join(f"&{name}={value}" for name, value in _options(query).items())
            path = f"/{self._aliases(query)}/_search?timeout={limit}{options}{leaves_out}"
            return [await self._send(path, encoded(_body(query)))]
        lines = bytearray()
        for query, body in zip(queries, _bodies(queries), strict=True):
            lines += orjson.dumps({"index": self._aliases(query), **_options(query)}) + b"\n"
            lines += encoded({**body, "timeout": limit}) + b"\n"
        answer = await self._send(f"/_msearch?{leaves_out}", bytes(lines), kind=NDJSON)
        return list(answer["responses"])

    def _aliases(self, query: Query) -> str:
        collections = query.collections if isinstance(query, JointQuery) else (query.collection,)
        return ",".join(alias_of(self._prefix, collection.name) for collection in collections)

    async def _send(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        return await self._server.search(path, body, kind=kind, opaque_id=self._request_id, timeout=self._timeout)

    def _found(self, query: Query, answer: Any) -> Any:
        if "error" in answer:
            return _named(refusal_of(answer.get("status", 500), answer["error"]))
        if failures := answer.get("_shards", {}).get("failures"):
            # A part of the index, and so of the answer, is missing.
            return _named(refusal_of(500, failures[0].get("reason")))
        if answer.get("timed_out"):
            return SearchUnavailable("The search took longer than the limit.", "Ask for less, or again later.")
        match query:
            case SuggestQuery():
                return suggested_of(query, answer)
            case JointQuery():
                return joint_found_of(query, answer)
            case _:
                return _page(query, answer)


def _body(query: Query) -> dict[str, Any]:
    match query:
        case SuggestQuery():
            return suggest_body(query)
        case JointQuery():
            return joint_body(query)
        case _:
            return search_body(query)


def _bodies(queries: Sequence[Query]) -> Iterable[dict[str, Any]]:
    pages = [query for query in queries if isinstance(query, SearchQuery)]
    # Those of a request for many parents; they hardly ever come with others.
    return search_bodies(pages) if len(pages) == len(queries) else map(_body, queries)


def _page(query: SearchQuery, answer: Any) -> Found | CostExceeded:
    try:
        return found_of(query, answer)
    except CostExceeded as error:
        return error  # of this search, not of those that were asked with it


def _options(query: Query) -> dict[str, str]:
    return {"search_type": _ALL_STATISTICS} if isinstance(query, JointQuery) else {}


def _named(error: CatalographError) -> CatalographError:
    """A missing index is one that is not made yet: search comes back by itself."""
    missing = isinstance(error, SearchRefused) and error.status == 404
    if not missing:
        return error
    return SearchUnavailable(
        "The index of this collection is not there yet.", "If that lasts, `catalograph index rebuild` says why."
    )
