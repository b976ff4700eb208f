"""Access tokens: shown once, kept only as a hash."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, bindparam, func, insert, or_, select, update

from models.sessions import AnyRow, Reader, Session
from models.tables import tokens
from models.writes import WriteSession

PREFIX = "cg_"


@dataclass(frozen=True, slots=True)
class Token:
    """Who may come in with a secret, as what, and for how long."""

    id: UUID
    name: str
    roles: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


_COLUMNS = (
    tokens.c.id,
    tokens.c.name,
    tokens.c.roles,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.revoked_at,
)
_IS_VALID = (
    tokens.c.revoked_at.is_(None),
    or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > func.now()),
)
_VALID = select(*_COLUMNS).where(*_IS_VALID).order_by(tokens.c.created_at.desc(), tokens.c.id)
_BY_SECRET = select(*_COLUMNS).where(tokens.c.secret_hash == bindparam("secret_hash", type_=LargeBinary), *_IS_VALID)


async def create_token(
    session: WriteSession, name: str, roles: Sequence[str], expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A new token and its secret, which can't be read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    values = {
        "id": uuid4(),
        "name": name,
        "roles": sorted(set(roles)),
        "secret_hash": secret_hash(secret),
        "expires_at": expires_at,
    }
    row = await session.row(insert(tokens).values(values).returning(*_COLUMNS))
    assert row is not None
    return _token(row), secret


async def find_token(session: Reader, secret: str) -> Token | None:
    """The token with this secret, unless it has ended or was revoked."""
    row = await session.row(_BY_SECRET, {"secret_hash": secret_hash(secret)})
    return _token(row) if row else None


async def token_by_id(session: Session, token_id: UUID) -> Token | None:
    """The token with this id, whatever its state."""
    row = await session.row(select(*_COLUMNS).where(tokens.c.id == token_id))
    return _token(row) if row else None


async def list_tokens(session: Reader) -> list[Token]:
    """Those whose secrets still open something, the newest first."""
    return [_token(row) for row in await session.rows(_VALID)]


async def revoke_token(session: WriteSession, token_id: UUID) -> bool:
    """Have the token's secret open nothing from now on; whether there was such a token that still did."""
    statement = (
        update(tokens)
        .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(tokens.c.id)
    )
    return await session.row(statement) is not None


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret. It is random and long, so that a plain hash can't be turned back."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _token(row: AnyRow) -> Token:
    token_id, name, roles, created_at, expires_at, revoked_at = row
    return Token(token_id, name, frozenset(roles), created_at, expires_at, revoked_at)
