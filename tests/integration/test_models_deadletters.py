"""What failed for good is kept with its reason, within bounds, until it is dropped."""

from dataclasses import replace

import pytest

from models.database import Database
from models.deadletters import (
    MAX_PAYLOAD,
    DeadLetter,
    add_dead_letters,
    count_dead_letters,
    dead_letters_by_id,
    drop_dead_letters,
    list_dead_letters,
)

pytestmark = pytest.mark.anyio
LETTER = DeadLetter("Work", "A", None, "IMPORT", "is wrong", "{}")


async def test_the_same_letter_again_counts_an_attempt_and_has_the_newest_reason(database: Database) -> None:
    async with database.writing() as session:
        await add_dead_letters(session, [LETTER, replace(LETTER, record_id=5), replace(LETTER, collection="Note")])
        await add_dead_letters(session, [replace(LETTER, reason="is still wrong"), LETTER])
    async with database.reading() as session_:
        assert await count_dead_letters(session_) == {"Work": 2, "Note": 1}
        letters = await list_dead_letters(session_, "Work", 10)
    assert {(letter.record_id, letter.attempts) for letter in letters} == {(5, 1), (None, 2)}


async def test_letters_are_listed_in_pages_newest_first(database: Database) -> None:
    async with database.writing() as session:
        await add_dead_letters(session, [replace(LETTER, payload=str(number)) for number in range(5)])
    async with database.reading() as session_:
        first = await list_dead_letters(session_, None, 2)
        second = await list_dead_letters(session_, "Work", 9, before=first[-1].id)
    assert [letter.payload for letter in [*first, *second]] == ["4", "3", "2", "1", "0"]


async def test_a_letter_of_any_size_and_content_is_kept_within_bounds(database: Database) -> None:
    wild = replace(LETTER, key="k\0\ud800" * 1000, reason="r" * 5_000, payload="é\0\udfff" * MAX_PAYLOAD)
    async with database.writing() as session:
        await add_dead_letters(session, [wild])
    async with database.reading() as session_:
        (kept,) = await list_dead_letters(session_, None, 1)
    assert len(kept.payload) == MAX_PAYLOAD
    assert kept.payload.startswith("é\ufffd")
    assert (len(kept.reason), len(kept.key or "")) == (2_000, 1_000)


async def test_dropped_letters_are_gone(database: Database) -> None:
    async with database.writing() as session:
        await add_dead_letters(session, [LETTER, replace(LETTER, record_id=5)])
        one, other = await list_dead_letters(session, None, 5)
        assert one.id is not None
        assert await drop_dead_letters(session, [one.id, 999]) == 1
        assert await dead_letters_by_id(session, [one.id, other.id or 0]) == [other]
