"""`catalograph token`: tokens for programs and people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config import Settings
from errors import NotFound
from models.database import Database
from models.tokens import create_token, list_tokens, revoke_token


async def run_create(settings: Settings, name: str, roles: Sequence[str]) -> None:
    """Make a token and print its secret alone on the last line."""
    async with _opened(settings) as database, database.writing() as session:
        token, secret = await create_token(session, name, roles)
    print(f"token {token.id} for {token.name} with {', '.join(sorted(token.roles))}; the secret is shown this once:")
    print(secret)


async def run_list(settings: Settings) -> None:
    """A line for each token that still opens something."""
    async with _opened(settings) as database, database.reading() as session:
        found = await list_tokens(session)
    table = Table("id", "name", "roles", "made", "ends")
    for token in found:
        ends = f"{token.expires_at:%Y-%m-%d %H:%M:%S}" if token.expires_at else "never"
        roles = ", ".join(sorted(token.roles))
        table.add_row(str(token.id), escape(token.name), escape(roles), f"{token.created_at:%Y-%m-%d %H:%M:%S}", ends)
    Console(width=None if Console().is_terminal else 200).print(table)


async def run_revoke(settings: Settings, token_id: str) -> None:
    """Have a token open nothing any more. Raises `NotFound` where it opens nothing already."""
    async with _opened(settings) as database, database.writing() as session:
        if not (known := _uuid(token_id)) or not await revoke_token(session, known):
            raise NotFound(f"There is no token {token_id} that opens anything.", "See `catalograph token list`.")
    print(f"token {token_id} opens nothing any more; connections that were made with it end within 5 s")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:  # it is no id, so that there is no such token
        return None


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url, 1)
    try:
        yield database
    finally:
        await database.close()
