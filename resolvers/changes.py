"""Changes of records, followed: each checked for who follows, when it is told."""

import base64
import binascii
from collections.abc import AsyncGenerator
from collections.abc import Collection as Several
from dataclasses import dataclass
from datetime import datetime

from errors import BadUserInput
from models.changes import Change, Position
from models.collections.conditions import NEVER, holds
from models.collections.properties import Collection
from models.collections.rules import reach
from models.records import DELETE
from resolvers.context import Context
from resolvers.nodes import Node


@dataclass(frozen=True)
class Changed:
    """One change of a record that the viewer may read."""

    collection: Collection
    change: Change

    @property
    def key(self) -> str | None:
        return self.collection.key_of(self.change.data)

    @property
    def cursor(self) -> str:
        """Where to go on from; opaque to clients."""
        return base64.urlsafe_b64encode(".".join(map(str, self.change.position)).encode()).rstrip(b"=").decode()


async def follow_changes(
    ctx: Context, collections: Several[str] | None, after: str | None
) -> AsyncGenerator[Changed, None]:
    """The changes behind the cursor `after`, then each new one. Raises `BadUserInput` for what is no cursor."""
    async with ctx.tasks.changes.follow(None if after is None else _position(after), collections) as follower:
        while True:
            for change in await follower.next():
                collection = ctx.services.catalog.get(change.collection)
                if collection and may_hear(ctx, collection, change):
                    yield Changed(collection, change)


def may_hear(ctx: Context, collection: Collection, change: Change) -> bool:
    """Whether the viewer may read the record both as it was then and as it stands now."""
    rule = reach(collection, "read", ctx.viewer.subject)
    return rule != NEVER and holds(rule, change.data) and holds(rule, change.now)


def record_of(ctx: Context, changed: Changed) -> Node | None:
    """The record as the change left it; as it stands now for who may not read its history; nothing of a deleted one."""
    collection, change = changed.collection, changed.change
    if change.operation == DELETE:
        return None
    rule = reach(collection, "history", ctx.viewer.subject)
    if change.revision == change.revision_now or (rule != NEVER and holds(rule, change.data)):
        return _node(changed, change.revision, change.at, change.data)
    return None if change.deleted else _node(changed, change.revision_now, change.updated_at, change.now)


def _node(changed: Changed, revision: int, updated_at: datetime, data: dict[str, object]) -> Node:
    collection, change = changed.collection, changed.change
    key = collection.key_of(data)
    return Node(collection, change.record_id, key, revision, change.created_at, updated_at, data)


def _position(cursor: str) -> Position:
    try:
        parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(".")
        transaction, record_id, revision = (int(part) for part in parts)
    except (binascii.Error, ValueError):  # none of ours, and refused with those of impossible numbers
        transaction = record_id = revision = -1
    if not (0 <= transaction < 2**63 and 0 <= record_id < 2**63 and 0 <= revision < 2**31):
        raise BadUserInput("This is no cursor of a change.", "Give one that recordChanged gave.")
    return Position(transaction, record_id, revision)
