"""Dead letters as the API shows them, for `admin` alone: listed, tried once more, dropped."""

from collections.abc import Sequence
from dataclasses import dataclass

from errors import BadUserInput
from models.deadletters import DeadLetter, dead_letters_by_id, drop_dead_letters, list_dead_letters
from models.retries import retry_dead_letter
from resolvers.context import Context
from resolvers.nodes import global_id, read_global_id
from resolvers.paging import Page, page_of, read_number
from resolvers.searches import page_size
from resolvers.tasks import require_admin
from resolvers.user_errors import FORBIDDEN, NOT_FOUND, UserError
from tasks.commits import Teller

LETTER = "DeadLetter"
"""Stands in ids where records have their collection."""


@dataclass(frozen=True)
class Handled:
    """The payload of a mutation: those of the letters that are still there, as they stand now."""

    deadLetters: tuple[DeadLetter, ...] = ()  # noqa: N815 - the API's word, read by plain attribute access
    errors: tuple[UserError, ...] = ()


def letter_id(letter: DeadLetter) -> str:
    """The `ID` of a letter."""
    assert letter.id is not None
    return global_id(LETTER, letter.id)


async def page_of_letters(
    ctx: Context, collection: str | None, first: int | None, after: str | None
) -> Page[DeadLetter]:
    """The newest letters, of one collection or of all, behind the cursor `after`."""
    require_admin(ctx)
    size, _ = page_size({"first": first}, ctx.services.settings.max_first)
    async with ctx.services.database.reading() as session:
        found = await list_dead_letters(session, collection, size + 1, read_number(after))
    return page_of(found, size, lambda letter: letter.id, after=after)


async def retry(ctx: Context, ids: Sequence[str]) -> Handled:
    """Do the work of each letter once more."""
    letters, refused = await _named(ctx, ids)
    tell = Teller(ctx.services, ctx.tasks, ctx.nudges).tell_again
    for letter in letters:
        collection = ctx.services.catalog.get(letter.collection)
        await retry_dead_letter(ctx.services.database, collection, letter, ctx.viewer.id, tell)
    if letters:
        await ctx.nudges.index()
    return await _handled(ctx, letters, refused)


async def drop(ctx: Context, ids: Sequence[str]) -> Handled:
    """Forget the letters."""
    letters, refused = await _named(ctx, ids)
    numbers = [letter.id for letter in letters if letter.id is not None]
    await ctx.services.database.write(lambda session: drop_dead_letters(session, numbers))
    return await _handled(ctx, letters, refused)


async def _named(ctx: Context, ids: Sequence[str]) -> tuple[list[DeadLetter], list[UserError]]:
    """The letters with these ids, and an error for each id that is none."""
    most = ctx.services.settings.max_first
    if len(ids) > most:
        raise BadUserInput(f"{len(ids):,} ids are more than {most:,}.", "Name them in parts.")
    if not ctx.viewer.is_admin:
        return [], [UserError(FORBIDDEN, "This is for admin alone: ask with a token that has the role.")]
    places = [read_global_id(one) for one in ids]
    numbers = [place[1] if place and place[0] == LETTER else None for place in places]
    async with ctx.services.database.reading() as session:
        found = await dead_letters_by_id(session, [number for number in numbers if number is not None])
    known = {letter.id for letter in found}
    refused = [
        UserError(NOT_FOUND, "There is no such dead letter.", ("ids", str(place)))
        for place, number in enumerate(numbers)
        if number not in known
    ]
    return found, refused


async def _handled(ctx: Context, letters: Sequence[DeadLetter], refused: Sequence[UserError]) -> Handled:
    async with ctx.services.database.reading() as session:
        left = await dead_letters_by_id(session, [letter.id for letter in letters if letter.id is not None])
    return Handled(tuple(left), tuple(refused))
