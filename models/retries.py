"""Dead letters tried once more: the same work again, which either succeeds or counts as one attempt more."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import insert

from models.database import Database
from models.deadletters import HOOK, IMPORT, MAX_PAYLOAD, DeadLetter, add_dead_letters, drop_dead_letters
from models.import_reports import ImportReport
from models.import_writes import upsert_entries
from models.lines import Line
from models.parsing import Entry, LineProblem, read_line
from models.tables import outbox
from models.writes import WriteSession

if TYPE_CHECKING:
    from models.collections.properties import Collection

_LOSSY = "\N{REPLACEMENT CHARACTER}"
_QUEUE = insert(outbox)


Tell = Callable[[DeadLetter], Awaitable[str | None]]
"""Tells the hook of a letter once more of the change that it failed at; gives the reason where it fails again."""


async def retry_dead_letter(
    database: Database, collection: "Collection | None", letter: DeadLetter, by: str | None, tell: Tell | None = None
) -> None:
    """Import the letter's record, have it indexed, or `tell` a hook of it again.

    `collection` is the letter's, if it is still described. A letter of work that succeeds goes: at once, but of the
    index when that has taken the record.
    """
    if letter.operation in (IMPORT, HOOK):
        if letter.operation == IMPORT:
            reason = await _import_again(database, collection, letter, by)
        else:
            reason = await tell(letter) if tell else "there is nobody here to tell the hook"
        await database.write(lambda session: _settle(session, letter, reason))
    else:
        row = {"collection": letter.collection, "record_id": letter.record_id}
        await database.write(lambda session: session.run(_QUEUE, row))


async def _settle(session: WriteSession, letter: DeadLetter, reason: str | None) -> None:
    assert letter.id is not None
    if reason is None:
        await drop_dead_letters(session, [letter.id])
    else:
        await add_dead_letters(session, [replace(letter, reason=reason, attempts=1)])


async def _import_again(
    database: Database, collection: "Collection | None", letter: DeadLetter, by: str | None
) -> str | None:
    """Why the record can't be taken this time either."""
    if collection is None:
        return f"there is no collection {letter.collection} any more"
    if len(letter.payload) >= MAX_PAYLOAD or _LOSSY in letter.payload:
        return "its text could not be kept as it was: import it from its file again"
    line = Line(1, letter.payload.encode())
    read = read_line(collection, line)
    if isinstance(read, LineProblem):
        return read.message
    failures = await upsert_entries(database, collection, [Entry(line, read)], ImportReport(), by)
    return failures[0].problem.message if failures else None
