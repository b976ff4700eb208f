"""Tokens open doors until they end; only their hash is kept. Collections have a state."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from models.database import Database
from models.states import (
    CollectionState,
    count_changes,
    note_seen,
    read_state,
    read_states,
    save_state,
    unseen_changes,
)
from models.tokens import create_token, find_token, revoke_token, token_by_id

pytestmark = pytest.mark.anyio


async def test_a_token_is_found_by_its_secret_of_which_only_a_hash_is_kept(database: Database) -> None:
    async with database.writing() as session:
        token, secret = await create_token(session, "deploy", ["editor", "author", "editor"])
        other, other_secret = await create_token(session, "deploy", [])
    assert secret.startswith("cg_")
    assert len(secret) == 3 + 43
    async with database.reading() as session_:
        assert await find_token(session_, secret) == token
        assert await find_token(session_, other_secret) == other
        assert await find_token(session_, secret[:-1]) is None
        assert await find_token(session_, "\ud800") is None
        rows = await session_.rows(text("SELECT t::text FROM tokens t"))
    assert token.roles == {"editor", "author"}
    assert not any(secret[3:] in row[0] for row in rows)


async def test_a_token_that_has_ended_or_was_revoked_is_not_found(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.writing() as session:
        _, ended = await create_token(session, "old", ["editor"], now - timedelta(seconds=1))
        token, revoked = await create_token(session, "lost", ["editor"], now + timedelta(days=1))
        assert await find_token(session, revoked) == token
        assert await revoke_token(session, token.id)
        assert not await revoke_token(session, token.id)
        assert not await revoke_token(session, uuid4())
    async with database.reading() as session_:
        assert await find_token(session_, ended) is None
        assert await find_token(session_, revoked) is None
        kept = await token_by_id(session_, token.id)
    assert kept is not None
    assert kept.revoked_at is not None


async def test_a_collection_without_state_has_generation_0(database: Database) -> None:
    async with database.reading() as session:
        assert await read_state(session, "Work") == CollectionState("Work")
        assert await read_states(session) == {}


async def test_a_generation_is_the_number_of_changes_that_searches_see(database: Database) -> None:
    async with database.writing() as session:
        await count_changes(session, ["Work", "Note", "Work"])
        await save_state(session, "Work", fingerprint="f1", index_name="work-1")
        await count_changes(session, ["Work"])
        await count_changes(session, [])
        assert await unseen_changes(session) == {"Work": 2, "Note": 1}
        await note_seen(session, {"Work": 1, "Note": 1})
        assert await unseen_changes(session) == {"Work": 2}
    async with database.writing() as session:
        await note_seen(session, {"Work": 2})
        await note_seen(session, {"Work": 1})
    async with database.reading() as session_:
        assert await read_states(session_) == {
            "Work": CollectionState("Work", "f1", "work-1", changes=2, generation=2),
            "Note": CollectionState("Note", changes=1, generation=1),
        }
