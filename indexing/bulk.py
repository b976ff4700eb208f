"""Bulk requests: each record's newest document or its deletion, and for each item whether the index took it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from errors import SearchOverloaded
from indexing.document_values import Targets
from indexing.documents import DocumentBuilder, Envelope
from indexing.pace import Pace
from indexing.server import NDJSON, OVERLOADED, SearchRefused, SearchServer
from models.collections.properties import Collection, key_text
from models.records import Record, records_by_key
from models.sessions import Session

log = structlog.get_logger()

_TAKEN = frozenset({200, 201, 409})
"""A version conflict is success: something newer is there."""
_FOR_GOOD = frozenset({400, 413})
"""What the record itself is to blame for; anything else, such as a full disk or an overload, may heal."""
_TOO_LARGE = 413
_PATH = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
INDEX_GONE = "the index is not there"


@dataclass(frozen=True)
class Outcome:
    """What became of one item; `reason` where it was not taken, `final` where trying again can't help."""

    record_id: int
    reason: str | None = None
    final: bool = False
    too_much: bool = False
    """Whether it was refused for how much there is to do."""


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


def bulk_items(
    records: Iterable[Record], index: str, builder: DocumentBuilder, targets: Targets
) -> tuple[list[tuple[int, bytes]], list[Outcome]]:
    """The items of `records`, and the outcome of each whose document can't be made: it does not stop the others."""
    items: list[tuple[int, bytes]] = []
    failed: list[Outcome] = []
    for record in records:
        try:
            items.append((record.id, bulk_item(record, index, builder, targets)))
        except Exception as error:  # a defect of ours, and counted as one: it ends in a dead letter
            log.exception("document_failed", collection=record.collection, record=record.id)
            failed.append(Outcome(record.id, f"its document can't be made: {error!r}", final=True))
    return items, failed


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


async def send(server: SearchServer, items: Sequence[tuple[int, bytes]], pace: Pace) -> list[Outcome]:
    """Send items (record id and lines) in requests as large as `pace` allows, a larger item alone.

    Raises `SearchOverloaded` where several are too much, `SearchUnavailable` where nothing is known of what became of
    them.
    """
    outcomes: list[Outcome] = []
    for part in _parts(items, pace.bytes):
        try:
            answered = await _send(server, part)
        except SearchOverloaded as error:
            if len(part) > 1:
                raise
            # By itself it keeps none of the others waiting.
            answered = [Outcome(part[0][0], error.message, too_much=True)]
        if any(outcome.too_much for outcome in answered):
            pace.was_too_much()
        else:
            pace.was_taken()
        outcomes.extend(answered)
    return outcomes


async def _send(server: SearchServer, part: Sequence[tuple[int, bytes]]) -> list[Outcome]:
    """Send one request; in halves where it is too large for the server, down to the record that is."""
    try:
        answer = await server.ask("POST", _PATH, b"".join(lines for _, lines in part), kind=NDJSON, timeout=120)
    except SearchRefused as refused:
        if refused.status != _TOO_LARGE:
            raise
        # The record that is too large ends in a dead letter, and is counted with the buried.
        if len(part) == 1:
            return [Outcome(part[0][0], "its document is larger than Elasticsearch takes", final=True)]
        middle = len(part) // 2
        return [*await _send(server, part[:middle]), *await _send(server, part[middle:])]
    return [outcome_of(record_id, item) for (record_id, _), item in zip(part, answer["items"], strict=True)]


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


def outcome_of(record_id: int, item: Mapping[str, Any]) -> Outcome:
    """What an item of the answer says."""
    ((action, result),) = item.items()
    status = result["status"]
    if status in _TAKEN or (action == "delete" and status == 404):
        return Outcome(record_id)
    error = result.get("error", {})
    if error.get("type") == "index_not_found_exception":
        return Outcome(record_id, INDEX_GONE)
    cause = error.get("caused_by", {}).get("reason")
    reason = f"{error.get('type')}: {error.get('reason')}" + (f" ({cause})" if cause else "")
    return Outcome(record_id, reason, final=status in _FOR_GOOD, too_much=status == OVERLOADED)
