"""`catalograph token`: tokens for programs and people."""

from collections.abc import Sequence

from config import Settings
from models.database import Database
from models.tokens import create_token


async def run_create(settings: Settings, name: str, roles: Sequence[str]) -> None:
    """Make a token and print its secret alone on the last line."""
    database = Database(settings.database_url, 1)
    try:
        async with database.writing() as session:
            token, secret = await create_token(session, name, roles)
    finally:
        await database.close()
    print(f"token {token.id} for {token.name} with {', '.join(sorted(token.roles))}; the secret is shown this once:")
    print(secret)
