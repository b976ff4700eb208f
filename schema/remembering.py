"""Answers queries that search from the cache of results, where that is right: an executor around another."""

from collections.abc import Awaitable
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import orjson
from graphql import ExecutionResult

from config import Settings
from indexing.results import VOLATILE, ResultCache
from models.collections.loading import Catalog
from resolvers.audiences import Audiences
from resolvers.context import Context
from schema.endpoint.documents import Document, Operation
from schema.endpoint.execution import Executor
from schema.endpoint.json import encode
from schema.footprints import Footprint, Footprints


class WithResultCache:
    """Remembers what queries of records answer that search; all others, and events of subscriptions, are passed on.

    The key of an answer is made of the operation, its variables and the viewer's audience, under a hash of what the
    collection files say: a server that was told other rules, or has another secret, finds nothing of this one's.
    """

    def __init__(
        self, inner: Executor, cache: ResultCache, footprints: Footprints, audiences: Audiences, seal: bytes
    ) -> None:
        self._inner = inner
        self._cache = cache
        self._footprints = footprints
        self._audiences = audiences
        self._seal = seal

    def __call__(
        self, document: Document, operation: Operation, variables: Any, context: Any, root: Any = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        footprint = self._footprints.of(document, operation)
        if footprint is None or not footprint.searches or root is not None or context.trace is not None:
            return self._inner(document, operation, variables, context, root)
        key = self._key(footprint, variables, context)
        if key is None:
            return self._inner(document, operation, variables, context, root)

        async def make() -> tuple[ExecutionResult, bytes | None]:
            running = self._inner(document, operation, variables, context)
            return _kept(running if isinstance(running, ExecutionResult) else await running, context)

        return self._answer(key, footprint, make)

    async def _answer(self, key: bytes, footprint: Footprint, make: Any) -> ExecutionResult:
        found = await self._cache.result(key, footprint.collections, make)
        return found if isinstance(found, ExecutionResult) else _written(found)

    def _key(self, footprint: Footprint, variables: Any, context: Context) -> bytes | None:
        audience = self._audiences.of(context.viewer)
        if audience is None:
            return None
        given = {name: variables[name] for name in footprint.variables if name in variables} if variables else {}
        try:
            written = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None  # no JSON that can be told from other JSON: half a surrogate pair, a number beyond 64 bits
        key = blake2b(footprint.digest, digest_size=16, key=self._seal)
        key.update(len(audience).to_bytes(4, "big") + audience + written)
        return key.digest()


def _kept(result: ExecutionResult, context: Context) -> tuple[ExecutionResult, bytes | None]:
    """A result, and what of it may be kept: nothing of errors, nor of what has looked at the clock."""
    if result.errors or result.extensions:
        return result, None
    if context.clock.was_read:
        return result, VOLATILE
    try:
        body = encode(result.data)
    except (TypeError, ValueError):
        return result, None  # whoever writes it tells what is wrong
    return _written(body), body


def _written(body: bytes) -> ExecutionResult:
    """A result that is ready JSON, as an executor may give it."""
    return ExecutionResult(cast("dict[str, Any]", orjson.Fragment(body)), None)


def seal_of(settings: Settings, catalog: Catalog) -> bytes:
    """What all answers depend on beside records and viewers: this version, files of collections and extensions, the
    secret.
    """
    seal = blake2b(settings.secret.encode(), digest_size=32)
    seal.update(f"{version('catalograph')} {settings.max_first}".encode())
    for file in sorted({collection.file for collection in catalog} | {*catalog.extras.files}):
        seal.update(b"\0" + Path(file).read_bytes())
    return seal.digest()
