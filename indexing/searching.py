"""Runs searches: all that are asked for in one tick go to Elasticsearch in one request."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from errors import CatalographError, CostExceeded, SearchUnavailable
from indexing.indexes import alias_of
from indexing.joint_search import JointFound, JointQuery, joint_body, joint_found_of, joint_paths
from indexing.search_body import encoded, found_of, search_bodies, search_body, search_paths
from indexing.search_query import Found, SearchQuery
from indexing.sent import AGGREGATIONS, Paths, filter_path
from indexing.server import NDJSON, SearchRefused, SearchServer, refusal_of
from indexing.suggesting import Suggested, SuggestQuery, suggest_body, suggested_of
from models.batching import Batches
from models.collections.conditions import Condition

Query = SearchQuery | SuggestQuery | JointQuery
_ALL_STATISTICS = "dfs_query_then_fetch"
"""How Elasticsearch weighs a word by its use in all indices of a search together."""


class _Each(NamedTuple):
    """One query within each of several scopes, answered by one future."""

    query: SearchQuery
    scopes: Sequence[Condition]


class Searches(Batches["Query | _Each", Any]):
    """The searches of one request."""

    def __init__(self, server: SearchServer, prefix: str, request_id: str | None, timeout: float) -> None:
        super().__init__()
        self._server = server
        self._prefix = prefix
        self._request_id = request_id
        self._timeout = timeout

    async def find_each(self, query: SearchQuery, scopes: Sequence[Condition]) -> list[Found | CatalographError]:
        """The page within each of several further scopes, or why there is none."""
        found: list[Found | CatalographError] = await self.load(_Each(query, scopes))
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

    async def batch_load_fn(self, keys: list[Query | _Each]) -> list[Any]:
        found = iter(await self._find_all(keys))
        return [[next(found) for _ in key.scopes] if isinstance(key, _Each) else next(found) for key in keys]

    async def _find_all(self, keys: Sequence[Query | _Each]) -> list[Any]:
        queries = [query for key in keys for query in _queries(key)]
        try:
            answers = await self._ask(keys, len(queries))
        except (CostExceeded, SearchRefused) as error:
            return [_named(error) for _ in queries]
        return [self._found(query, answer) for query, answer in zip(queries, answers, strict=True)]

    async def _ask(self, keys: Sequence[Query | _Each], several: int) -> list[Any]:
        limit = f"{self._timeout:g}s"
        asked = [(key.query if isinstance(key, _Each) else key, _bodies(key, limit)) for key in keys]
        paths = tuple(dict.fromkeys(_paths(query) for query, _ in asked))
        if several == 1:
            ((query, (body,)),) = asked
            options = "".join(f"{name}={value}&" for name, value in _options(query).items())
            path = f"/{self._aliases(query)}/_search?{options}filter_path={filter_path(paths)}"
            return [await self._send(path, body)]
        lines = bytearray()
        for query, bodies in asked:
            head = orjson.dumps({"index": self._aliases(query), **_options(query)})
            for body in bodies:
                lines += b"%b\n%b\n" % (head, body)
        path = f"/_msearch?filter_path={filter_path(paths, above='responses.')}"
        answer = await self._send(path, bytes(lines), kind=NDJSON)
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


def _paths(query: Query) -> Paths:
    match query:
        case SuggestQuery():
            return (AGGREGATIONS,)
        case JointQuery():
            return joint_paths(query)
        case _:
            return search_paths(query)


def _queries(key: Query | _Each) -> Sequence[Query]:
    """The query of each answer."""
    return [key.query] * len(key.scopes) if isinstance(key, _Each) else [key]


def _bodies(key: Query | _Each, limit: str) -> Iterable[bytes]:
    return search_bodies(*key, limit) if isinstance(key, _Each) else [encoded({**_body(key), "timeout": limit})]


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
