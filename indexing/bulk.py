"""Bulk requests: each record's newest document or its deletion, and for each item whether the index took it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from indexing.documents import DocumentBuilder, Envelope, Targets
from indexing.server import NDJSON, SearchServer
from models.collections.properties import Collection, key_text
from models.records import Record, records_by_key
from models.sessions import Session

_TAKEN = frozenset({200, 201, 409})
"""A version conflict is success: something newer is there."""
_LATER = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Outcome:
    """What became of one item; `reason` where it was not taken, `final` where trying again can't help."""

    record_id: int
    reason: str | None = None
    final: bool = False


def bulk_item(record: Record, index: str, builder: DocumentBuilder, targets: Targets) -> bytes:
    """The lines of a bulk request that bring `index` to what `record` is now."""
    action = {
        "_index": index,
        "_id": str(record.id),
        "version": record.index_version,
        "version_type": "external_gte",
    }
    if record.deleted:
        return orjson.dumps({"delete": action}) + b"\n"
    return orjson.dumps({"index": action}) + b"\n" + document_of(record, builder, targets) + b"\n"


def document_of(record: Record, builder: DocumentBuilder, targets: Targets) -> bytes:
    """The bytes of a record's document."""
    envelope = Envelope(
        record.id, record.key, record.revision, record.created_at.isoformat(), record.updated_at.isoformat()
    )
    return orjson.dumps(builder.build(envelope, record.data, targets))


async def linked(session: Session, collection: Collection, records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    """The documents that `records` link to, by collection and key: one statement for each target collection."""
    wanted: dict[str, set[str]] = {}
    for record in records:
        for path in collection.links:
            assert path.last.link
            keys = wanted.setdefault(path.last.link.collection, set())
            keys.update(key_text(value) for value in path.values(record.data))
    return {
        name: {key: found.data for key, found in (await records_by_key(session, name, keys)).items()}
        for name, keys in wanted.items()
        if keys
    }


async def send(server: SearchServer, items: Sequence[tuple[int, bytes]], max_bytes: int) -> list[Outcome]:
    """Send items (record id and lines) in requests of at most `max_bytes`, a larger item alone.

    Raises `SearchUnavailable` where nothing is known of what became of them.
    """
    outcomes: list[Outcome] = []
    for part in _parts(items, max_bytes):
        body = b"".join(lines for _, lines in part)
        path = (
            "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
        )
        answer = await server.ask("POST", path, body, kind=NDJSON, timeout=120)
        outcomes.extend(_outcome(record_id, item) for (record_id, _), item in zip(part, answer["items"], strict=True))
    return outcomes


def _parts(items: Sequence[tuple[int, bytes]], max_bytes: int) -> Iterable[list[tuple[int, bytes]]]:
    part: list[tuple[int, bytes]] = []
    size = 0
    for item in items:
        if part and size + len(item[1]) > max_bytes:
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item[1])
    if part:
        yield part


def _outcome(record_id: int, item: Mapping[str, Any]) -> Outcome:
    ((action, result),) = item.items()
    status = result["status"]
    if status in _TAKEN or (action == "delete" and status == 404):
        return Outcome(record_id)
    error = result.get("error", {})
    if error.get("type") == "index_not_found_exception":
        return Outcome(record_id, "the index is not there")
    cause = error.get("caused_by", {}).get("reason")
    reason = f"{error.get('type')}: {error.get('reason')}" + (f" ({cause})" if cause else "")
    return Outcome(record_id, reason, final=status not in _LATER)
