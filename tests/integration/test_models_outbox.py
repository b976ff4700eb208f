"""An outbox row leaves when its own work is done, never before, and for one worker at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from models import outbox
from models.collections.properties import Collection
from models.database import Database
from models.deadletters import list_dead_letters
from models.outbox import Stage
from models.records import records_after

pytestmark = pytest.mark.anyio


async def write(database: Database, works: Collection, *numbers: str) -> list[int]:
    async with database.writing() as session:
        return [(await session.create(works, {"number": number})).id for number in numbers]


async def pending(database: Database) -> int:
    async with database.reading() as session:
        waiting = (await outbox.backlog(session)).get("Work")
        return waiting.pending if waiting else 0


async def test_two_workers_never_hold_the_same_row(database: Database, works: Collection) -> None:
    ids = await write(database, works, *"ABCDE")
    async with database.writing() as one, database.writing() as other:
        first = await outbox.claim(one, 3)
        second = await outbox.claim(other, 10)
    assert [row.record_id for row in first] == ids[:3]
    assert [row.record_id for row in second] == ids[3:]


async def test_a_batch_ends_where_its_records_grow_too_large(database: Database, works: Collection) -> None:
    large = "".join(f"{n:x}" for n in range(30_000))  # what is packed is not as large as it was
    async with database.writing() as session:
        for number, title in (("A", "small"), ("B", large), ("C", large), ("D", "small")):
            await session.create(works, {"number": number, "title": title})
    async with database.writing() as session:
        rows = await outbox.claim(session, 10)
        assert await outbox.that_fit(session, rows, 1_000_000) == rows
        assert await outbox.that_fit(session, rows, 150_000) == rows[:2]
        assert await outbox.that_fit(session, rows[1:], 1) == rows[1:2]
        last = rows[0].record_id - 1
        sizes = [150_000, 1, 1_000_000]
        found = [[r.key for r in await records_after(session, "Work", last, 10, size)] for size in sizes]
    assert found == [["A", "B"], ["A"], ["A", "B", "C", "D"]]


async def test_a_row_is_there_again_when_its_worker_dies(database: Database, works: Collection) -> None:
    await write(database, works, "A")

    async def work_and_die() -> None:
        async with database.writing() as session:
            await outbox.done(session, await outbox.claim(session, 10))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await work_and_die()
    assert await pending(database) == 1


async def test_only_what_succeeded_leaves(database: Database, works: Collection) -> None:
    await write(database, works, *"ABC")
    async with database.writing() as session:
        rows = await outbox.claim(session, 10)
        await outbox.done(session, rows[::2])
    async with database.writing() as session:
        assert await outbox.claim(session, 10) == rows[1:2]


async def test_the_records_of_claimed_rows_are_read_as_they_stand_now(database: Database, works: Collection) -> None:
    (record_id,) = await write(database, works, "A")
    async with database.writing() as session:
        record = await session.record_for_update(works, record_id)
        assert record is not None
        await session.delete(await session.update(works, record, {"number": "A", "year": 1}))
    async with database.writing() as session:
        rows = await outbox.claim(session, 10)
        found = await outbox.records_for(session, rows)
    assert [row.record_id for row in rows] == [record_id] * 3
    assert (found[record_id].index_version, found[record_id].deleted) == (3, True)


async def test_a_postponed_row_waits_and_counts_its_attempts(database: Database, works: Collection) -> None:
    await write(database, works, "A")
    async with database.writing() as session:
        await outbox.postpone(session, await outbox.claim(session, 1), timedelta(hours=1))
    async with database.writing() as session:
        assert await outbox.claim(session, 1) == []
        await session.run(text("UPDATE outbox SET not_before = now()"))
        (row,) = await outbox.claim(session, 1)
    assert row.attempts == 1
    assert await pending(database) == 1


async def test_a_row_that_can_not_succeed_is_buried_with_its_reason(database: Database, works: Collection) -> None:
    (record_id,) = await write(database, works, "A")
    async with database.writing() as session:
        (row,) = await outbox.claim(session, 1)
        await outbox.bury(session, row, "A", "mapper_parsing_exception: …", '{"a": 1}')
        await outbox.done(session, [row])
    async with database.reading() as session:
        (letter,) = await list_dead_letters(session, "Work", 5)
    assert (letter.key, letter.record_id, letter.operation) == ("A", record_id, "INDEX")
    assert (letter.reason, letter.payload, letter.attempts) == ("mapper_parsing_exception: …", '{"a": 1}', 1)
    assert await pending(database) == 0


async def test_the_backlog_tells_how_many_wait_and_since_when(database: Database, works: Collection) -> None:
    async with database.reading() as session:
        assert await outbox.backlog(session) == {}
        assert await outbox.oldest_waiting(session) is None
    await write(database, works, "A")
    await write(database, works, "B")
    async with database.reading() as session:
        backlog = (await outbox.backlog(session))["Work"]
        assert await outbox.oldest_waiting(session) == backlog.oldest
    assert backlog.pending == 2
    assert timedelta(0) < datetime.now(UTC) - backlog.oldest < timedelta(minutes=1)


async def test_a_touched_record_is_indexed_again_with_a_higher_version(database: Database, works: Collection) -> None:
    one, other = await write(database, works, "A", "B")
    async with database.writing() as session:
        await outbox.done(session, await outbox.claim(session, 10))
        await session.touch([one])
    async with database.writing() as session:
        assert await outbox.claim(session, 10) == []
        rows = await outbox.claim(session, 10, Stage.TOUCHED)
        found = await outbox.records_for(session, rows)
    assert list(found) == [one]
    assert (found[one].index_version, found[one].revision) == (2, 1)
    assert other not in found
    assert [row.stage for row in rows] == [Stage.TOUCHED]


async def test_a_write_that_changes_the_key_tells_the_key_before(database: Database, works: Collection) -> None:
    (one,) = await write(database, works, "A")
    async with database.writing() as session:
        record = await session.record_for_update(works, one)
        assert record
        moved = await session.update(works, record, {"number": "B"})
        await session.update(works, moved, {"number": "B", "year": 1})
    async with database.writing() as session:
        rows = await outbox.claim(session, 10)
    assert [row.former_key for row in rows] == [None, "A", None]
