"""Records as the API shows them, wherever they were read, and the opaque ids that name them."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from indexing.fields import CREATED, DATA, REVISION, UPDATED, numbered
from indexing.search_query import Hit
from models.collections.properties import Collection
from models.records import Record
from models.tables import MAX_ID


class Node(NamedTuple):
    """A record, or as much of it as was asked for; what was not is `None`. Moments that are text are RFC 3339."""

    collection: Collection
    id: int
    key: str | None
    revision: int | None
    created_at: str | datetime | None
    updated_at: str | datetime | None
    data: Mapping[str, Any]


def node_of_record(collection: Collection, record: Record) -> Node:
    return Node(collection, record.id, record.key, record.revision, record.created_at, record.updated_at, record.data)


def node_of_hit(collection: Collection, hit: Hit) -> Node:
    """The record of a hit; one without a key is in order by its number, which begins with zeros."""
    source = hit.source
    return Node(
        collection,
        hit.id,
        None if not collection.key or (hit.key[:1] == "0" and hit.key == numbered(hit.id)) else hit.key,
        source.get(REVISION),
        source.get(CREATED),
        source.get(UPDATED),
        source.get(DATA, {}),
    )


def moment_text(moment: str | datetime | None) -> str | None:
    """A moment of a node as RFC 3339 has it."""
    return moment.isoformat() if isinstance(moment, datetime) else moment


def global_id(collection: str, record_id: int) -> str:
    """The `ID` of a record: opaque to clients."""
    return base64.urlsafe_b64encode(f"{collection}:{record_id}".encode()).rstrip(b"=").decode()


def read_global_id(text: str) -> tuple[str, int] | None:
    """The collection and the number of an `ID`; `None` for what is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        name, _, number = raw.partition(":")
        record_id = int(number)
    except (binascii.Error, ValueError, UnicodeError):  # it is none of ours
        return None
    return (name, record_id) if 0 < record_id <= MAX_ID and global_id(name, record_id) == text.rstrip("=") else None
