"""`catalograph index dead`: what failed for good, tried again or forgotten."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.choosing import chosen
from config import Settings
from errors import NotFound
from indexing.services import Services, open_services
from models.database import Database
from models.deadletters import DeadLetter, dead_letters_by_id, drop_dead_letters, list_dead_letters
from models.retries import retry_dead_letter
from models.tables import MAX_ID
from tasks.commits import Teller
from tasks.desk import TaskDesk
from tasks.nudging import Nudges

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
        letters = await _letters(services.database, [*retry, *drop])
        await _retry(services, [one for one in letters if one.id in retry])
        async with services.database.writing() as writing:
            await drop_dead_letters(writing, drop)
        print(f"{len(retry)} tried again, {len(drop)} dropped")


async def _retry(services: Services, letters: Sequence[DeadLetter]) -> None:
    desk = TaskDesk.open(services)
    nudges = Nudges(desk.app, desk.changes)
    tell = Teller(services, desk, nudges).tell_again
    for letter in letters:
        await retry_dead_letter(services.database, services.catalog.get(letter.collection), letter, None, tell)
    await nudges.close()
    await desk.close()


async def _letters(database: Database, ids: Sequence[int]) -> list[DeadLetter]:
    async with database.reading() as session:
        letters = await dead_letters_by_id(session, [one for one in ids if 0 < one <= MAX_ID])
    if missing := sorted(set(ids) - {letter.id for letter in letters}):
        raise NotFound(f"There is no dead letter {', '.join(map(str, missing))}.", "See `catalograph index dead`.")
    return letters


def _show(letters: Sequence[DeadLetter]) -> None:
    table = Table("id", "collection", "key", "operation", "attempts", "last attempt", "reason")
    for letter in letters:
        at = f"{letter.last_attempt_at:%Y-%m-%d %H:%M:%S}" if letter.last_attempt_at else ""
        table.add_row(
            *map(escape, (str(letter.id), letter.collection, letter.key or "", letter.operation)),
            *(str(letter.attempts), at, escape(letter.reason)),
        )
    Console(width=None if Console().is_terminal else 200).print(table)
