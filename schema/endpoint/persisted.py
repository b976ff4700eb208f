"""Which document a request means: the text that it sends, or the hash of one that somebody has sent before.

Source: Apollo's protocol of automatic persisted queries, which its clients, urql and others speak: who gets
`PersistedQueryNotFound` sends the text beside the hash.
"""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Protocol

from config import Settings
from errors import BadUserInput, PersistedQueryNotFound, RequestRefused
from indexing.slots import Slots
from metrics import DOCUMENT_SHARED_BYTES
from schema.endpoint.documents import Document, Documents
from schema.endpoint.request import Parameters

DocumentSource = Callable[[Parameters, Any], Awaitable[Document]]
"""`(parameters, context)` to the valid document that the parameters mean."""
PERSISTED = "persistedQuery"
PATIENCE_SECONDS = 0.5
"""How long Redis is waited for: without it the client sends its text, which takes about as long over a slow network."""
_DIGEST = re.compile("[0-9a-f]{64}")


class Shared(Protocol):
    """What servers share: bodies under keys. It may forget any of them at any time."""

    async def get(self, key: bytes) -> bytes | None:
        """What is there under this key."""

    def put(self, key: bytes, body: bytes) -> bool:
        """Put something there, soon; whether that can be tried now."""


class PersistedDocuments:
    """Texts, and hashes of texts that were sent to any server before: those that are kept here, or in `shared`."""

    def __init__(self, documents: Documents, shared: Shared | None = None) -> None:
        self._documents = documents
        self._shared = shared

    async def __call__(self, parameters: Parameters, _context: object = None) -> Document:
        text = parameters.query
        if parameters.extensions and (digest := digest_of(parameters)) is not None:
            return self._named(digest, text) if text else await self._known(digest)
        if not text:
            raise RequestRefused(
                400, "The parameter `query` is missing.", "Send the text of an operation, or its hash."
            )
        return self._documents.prepare(text)

    def _named(self, digest: str, text: str) -> Document:
        check_digest(digest, text)
        document = self._documents.prepare(text, digest)
        if self._shared is not None:
            self._shared.put(bytes.fromhex(digest), text.encode())
        return document

    async def _known(self, digest: str) -> Document:
        document = self._documents.known(digest)
        if document is not None:
            return document
        if self._shared is not None and _DIGEST.fullmatch(digest):
            found = await self._shared.get(bytes.fromhex(digest))
            if found is not None and sha256(found).hexdigest() == digest:
                return self._documents.prepare(found.decode(), digest)
        raise unknown_hash()


def unknown_hash() -> PersistedQueryNotFound:
    """What is told of a hash whose text nobody knows: clients look for this very message."""
    return PersistedQueryNotFound("PersistedQueryNotFound")


def digest_of(parameters: Parameters) -> str | None:
    """The hash in `extensions.persistedQuery`, if there is one. Raises `BadUserInput`."""
    named = parameters.extensions.get(PERSISTED) if parameters.extensions else None
    if named is None:
        return None
    if not isinstance(named, dict) or not isinstance(named.get("sha256Hash"), str):
        raise BadUserInput("extensions.persistedQuery has no sha256Hash.", 'Send {"version": 1, "sha256Hash": "…"}.')
    if named.get("version") != 1:
        raise BadUserInput("This version of persisted queries is not known.", 'Send {"version": 1, …}.')
    digest: str = named["sha256Hash"]
    return digest


def check_digest(digest: str, text: str) -> None:
    """Raises `BadUserInput` where a hash is none of the text that was sent with it."""
    if sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
        raise BadUserInput(
            "extensions.persistedQuery.sha256Hash is not the hash of the query.",
            "Send the SHA-256 of its UTF-8 bytes, in lower-case hexadecimal digits.",
        )


def shared_documents(settings: Settings) -> Slots | None:
    """The texts that all servers share in Redis; `None` where they are to share none."""
    places = settings.persisted_queries // settings.persisted_query_entry
    if not places:
        return None
    return Slots(
        settings.redis_url,
        f"{settings.index_prefix}:documents",
        places,
        settings.persisted_query_entry,
        settings.persisted_query_seconds,
        DOCUMENT_SHARED_BYTES,
        PATIENCE_SECONDS,
    )
