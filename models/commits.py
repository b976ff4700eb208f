"""How far each hook of an extension has come in the order of changes; what it fails at for good is a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from errors import Conflict
from models.changes import Change, Position, present
from models.deadletters import HOOK, DeadLetter, add_dead_letters
from models.records import revision_data
from models.sessions import Session
from models.tables import commit_hooks
from models.writes import WriteSession


class HookOvertaken(Conflict):
    """Another worker tells the hook of changes by now."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One change of a record that was committed: `data` is the record as the change left it, or was when deleted.

    `id` is the record's number inside; `operation` is CREATE, UPDATE, DELETE, RESTORE or REVERT.
    """

    collection: str
    operation: str
    id: int
    key: str | None
    revision: int
    at: datetime
    data: dict[str, Any]


def commit_of(change: Change, key: str | None) -> Commit:
    return Commit(change.collection, change.operation, change.record_id, key, change.revision, change.at, change.data)


async def position_of(session: WriteSession, hook: str) -> Position:
    """The place behind which the hook is still to be told of changes; of a new one that is now."""
    place = commit_hooks.c.transaction_id, commit_hooks.c.record_id, commit_hooks.c.revision
    row = await session.row(select(*place).where(commit_hooks.c.name == hook))
    if row:
        return Position(*row)
    now = (await present(session)).position
    values = {"name": hook, "transaction_id": now.transaction, "record_id": now.record_id, "revision": now.revision}
    await session.run(insert(commit_hooks).values(values).on_conflict_do_nothing())
    return await position_of(session, hook)


async def told(
    session: WriteSession, hook: str, after: Position, until: Position, failed: Sequence[tuple[Commit, str]]
) -> None:
    """Note that the hook was told of all between two places; what it failed at becomes dead letters.

    Raises `HookOvertaken`.
    """
    place = tuple(commit_hooks.c[name] for name in ("transaction_id", "record_id", "revision"))
    stands = [column == value for column, value in zip(place, after, strict=True)]
    moved = dict(zip((column.name for column in place), until, strict=True))
    done = await session.run(update(commit_hooks).where(commit_hooks.c.name == hook, *stands).values(moved))
    if done.rowcount != 1:
        raise HookOvertaken(f"Another worker tells {hook} of changes by now.")
    await add_dead_letters(session, [_letter(hook, commit, reason) for commit, reason in failed])


async def commit_of_letter(session: Session, letter: DeadLetter) -> tuple[str, Commit] | None:
    """The hook that a dead letter is of, and the change that it failed at; nothing if that is no more."""
    payload = orjson.loads(letter.payload)
    revision, at = int(payload["revision"]), datetime.fromisoformat(payload["at"])
    data = None if letter.record_id is None else await revision_data(session, letter.record_id, revision)
    if data is None or letter.record_id is None:
        return None
    commit = Commit(letter.collection, payload["operation"], letter.record_id, letter.key, revision, at, data)
    return str(payload["hook"]), commit


def _letter(hook: str, commit: Commit, reason: str) -> DeadLetter:
    payload = {"hook": hook, "operation": commit.operation, "revision": commit.revision, "at": commit.at}
    text = orjson.dumps(payload).decode()
    return DeadLetter(commit.collection, commit.key, commit.id, HOOK, f"{hook}: {reason}", text)
