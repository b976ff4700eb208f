"""`catalograph index dead`: what failed for good, tried again or forgotten."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from commands.choosing import chosen
from config import Settings
from errors import NotFound
from indexing.services import open_services
from models.database import Database
from models.deadletters import DeadLetter, dead_letters_by_id, drop_dead_letters, list_dead_letters
from models.retries import retry_dead_letter
from models.sessions import Session

SHOWN = 100


async def run_dead(settings: Settings, name: str | None, retry: Sequence[int], drop: Sequence[int]) -> None:
    """Retry and drop the letters that are named; without any, show the newest."""
    async with open_services(settings) as services:
        if name:
            chosen(services.catalog, name)
        if not retry and not drop:
            async with services.database.reading() as session:
                _show(await list_dead_letters(session, name, SHOWN))
            return
        for letter in await _letters(services.database, retry):
            await retry_dead_letter(services.database, services.catalog.get(letter.collection), letter, None)
        await _letters(services.database, drop)
        async with services.database.writing() as writing:
            await drop_dead_letters(writing, drop)
        print(f"{len(retry)} tried again, {len(drop)} dropped")


async def _letters(database: Database, ids: Sequence[int]) -> list[DeadLetter]:
    async with database.reading() as session:
        return await _all(session, ids)


async def _all(session: Session, ids: Sequence[int]) -> list[DeadLetter]:
    letters = await dead_letters_by_id(session, ids)
    if missing := sorted(set(ids) - {letter.id for letter in letters}):
        raise NotFound(f"There is no dead letter {', '.join(map(str, missing))}.", "See `catalograph index dead`.")
    return letters


def _show(letters: Sequence[DeadLetter]) -> None:
    table = Table("id", "collection", "key", "operation", "attempts", "last attempt", "reason")
    for letter in letters:
        at = f"{letter.last_attempt_at:%Y-%m-%d %H:%M:%S}" if letter.last_attempt_at else ""
        table.add_row(
            str(letter.id), letter.collection, letter.key, letter.operation, str(letter.attempts), at, letter.reason
        )
    Console(width=None if Console().is_terminal else 200).print(table)
