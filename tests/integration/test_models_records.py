"""Records are written with their revisions and read back, one statement whatever the number."""

import asyncio
from typing import Any

import pytest

from errors import Conflict, DuplicateKey, NotFound
from models.collections.properties import Collection
from models.database import Database
from models.records import (
    Record,
    count_records,
    histories,
    history,
    records_by_id,
    records_by_key,
    records_with_deleted,
    revision_data,
)
from tests.integration.counting import count_statements

pytestmark = pytest.mark.anyio


async def create(database: Database, works: Collection, number: str, **data: object) -> Record:
    async with database.writing() as session:
        return await session.create(works, {"number": number, **data}, by="ann")


async def test_a_created_record_is_read_by_its_id_and_by_its_key(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1", title="Ophelia")
    async with database.reading() as session:
        assert await records_by_id(session, [made.id]) == {made.id: made}
        assert await records_by_key(session, "Work", ["N1", "N2"]) == {"N1": made}
    assert (made.key, made.revision, made.data) == ("N1", 1, {"number": "N1", "title": "Ophelia"})
    assert made.created_at == made.updated_at


async def test_any_number_of_records_is_read_with_one_statement(database: Database, works: Collection) -> None:
    made = [await create(database, works, f"N{number}") for number in range(5)]
    async with database.reading() as session:
        with count_statements(database) as by_id:
            await records_by_id(session, [record.id for record in made])
        with count_statements(database) as by_key:
            await records_by_key(session, "Work", [str(record.key) for record in made])
    assert (by_id.count, by_key.count) == (1, 1)


async def test_a_change_makes_a_revision_and_keeps_the_one_before(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1", title="Ofelia", year=1851)
    async with database.writing() as session:
        held = await session.record_for_update(works, made.id)
        assert held == made
        changed = await session.update(works, made, {"number": "N1", "title": "Ophelia"}, by="bob")
    assert (changed.revision, changed.index_version, changed.data["title"]) == (2, 2, "Ophelia")
    assert changed.created_at == made.created_at < changed.updated_at
    async with database.reading() as session:
        newest, first = await history(session, made.id, 10)
    assert (newest.revision, newest.operation, newest.by, newest.data) == (2, "UPDATE", "bob", changed.data)
    assert newest.changes == {"title": "Ophelia", "year": None}
    assert (first.revision, first.operation, first.by, first.data) == (1, "CREATE", "ann", made.data)
    assert first.changes is None


async def test_history_is_read_in_pages_newest_first(database: Database, works: Collection) -> None:
    record = await create(database, works, "N1", year=0)
    async with database.writing() as session:
        for year in range(1, 6):
            record = await session.update(works, record, {"number": "N1", "year": year})
    async with database.reading() as session:
        first = await history(session, record.id, 2)
        second = await history(session, record.id, 2, before=first[-1].revision)
        assert await history(session, record.id, 0) == []
        assert await revision_data(session, record.id, 3) == {"number": "N1", "year": 2}
        assert await revision_data(session, record.id, 7) is None
    assert [(r.revision, r.changes) for r in first + second] == [(n, {"year": n - 1}) for n in (6, 5, 4, 3)]


async def test_the_histories_of_any_number_of_records_are_read_with_one_statement(
    database: Database, works: Collection
) -> None:
    made = [await create(database, works, f"N{number}", year=0) for number in range(3)]
    async with database.writing() as session:
        await session.update(works, made[1], {"number": "N1", "year": 1})
    ids = [record.id for record in made]
    async with database.reading() as session:
        with count_statements(database) as statements:
            told = await histories(session, [*ids, *ids, 0], 5)
        assert told == {record_id: await history(session, record_id, 5) for record_id in ids}
    assert statements.count == 1
    assert [len(told[record_id]) for record_id in ids] == [1, 2, 1]


async def test_a_deleted_record_is_not_found_and_its_key_is_free(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1")
    async with database.writing() as session:
        gone = await session.delete(made, by="bob")
    async with database.writing() as session:
        assert await session.record_for_update(works, made.id) is None
        assert await session.record_for_update(works, made.id, include_deleted=True) == gone
        assert await records_by_id(session, [made.id]) == {}
        assert await records_by_key(session, "Work", ["N1"]) == {}
        assert await count_records(session) == {}
        assert (await records_with_deleted(session, [made.id]))[made.id].deleted
        other = await session.create(works, {"number": "N1"})
    assert other.id != made.id


async def test_restoring_continues_the_revisions(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1", title="Ophelia")
    async with database.writing() as session:
        back = await session.restore(works, await session.delete(made))
    assert (back.revision, back.deleted, back.data) == (3, False, made.data)
    async with database.reading() as session:
        revisions = await history(session, made.id, 10)
    assert [(r.revision, r.operation, r.changes) for r in revisions] == [
        (3, "RESTORE", {}),
        (2, "DELETE", {}),
        (1, "CREATE", None),
    ]


async def test_reverting_takes_the_data_of_an_earlier_revision(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1", title="Ofelia")
    async with database.writing() as session:
        changed = await session.update(works, made, {"number": "N2"})
        back = await session.revert(works, changed, 1)
        assert (back.revision, back.key, back.data) == (3, "N1", made.data)
        with pytest.raises(NotFound, match="no revision 9"):
            await session.revert(works, back, 9)
        with pytest.raises(NotFound, match="no revision 1"):
            await session.revert(works, back, 1, may_read=lambda data: data != made.data)


async def test_a_used_key_is_refused_and_the_transaction_goes_on(database: Database, works: Collection) -> None:
    first = await create(database, works, "N1")
    second = await create(database, works, "N2")
    async with database.writing() as session:
        with pytest.raises(DuplicateKey) as created:
            await session.create(works, {"number": "N1"})
        with pytest.raises(DuplicateKey) as renamed:
            await session.update(works, second, {"number": "N1"})
        moved = await session.update(works, second, {"number": "N3"})
    assert created.value.existing == renamed.value.existing == first.id
    assert (moved.key, moved.revision) == ("N3", 2)
    async with database.reading() as session:
        assert set(await records_by_key(session, "Work", ["N1", "N2", "N3"])) == {"N1", "N3"}


async def test_restoring_over_a_used_key_is_refused(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1")
    async with database.writing() as session:
        gone = await session.delete(made)
        other = await session.create(works, {"number": "N1"})
        with pytest.raises(DuplicateKey) as refused:
            await session.restore(works, gone)
    assert refused.value.existing == other.id


async def test_two_that_create_the_same_key_at_once_make_one_record(database: Database, works: Collection) -> None:
    results = await asyncio.gather(*(create(database, works, "N1") for _ in range(4)), return_exceptions=True)
    made = [result for result in results if isinstance(result, Record)]
    refused = [result for result in results if isinstance(result, DuplicateKey)]
    assert (len(made), len(refused)) == (1, 3)
    assert {error.existing for error in refused} == {made[0].id}


async def test_a_write_on_an_old_state_is_a_conflict(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1")
    async with database.writing() as session:
        await session.update(works, made, {"number": "N1", "year": 1})
        with pytest.raises(Conflict):
            await session.update(works, made, {"number": "N1", "year": 2})


async def test_two_that_change_a_record_at_once_take_turns(database: Database, works: Collection) -> None:
    made = await create(database, works, "N1", year=0)

    async def count_up() -> None:
        async with database.writing() as session:
            record = await session.record_for_update(works, made.id)
            assert record is not None
            await session.update(works, record, {"number": "N1", "year": record.data["year"] + 1})

    await asyncio.gather(*(count_up() for _ in range(5)))
    async with database.reading() as session:
        assert (await records_by_key(session, "Work", ["N1"]))["N1"].data["year"] == 5


async def test_records_without_a_key_live_side_by_side(database: Database, notes: Collection) -> None:
    async with database.writing() as session:
        one = await session.create(notes, {"text": "same"})
        other = await session.create(notes, {"text": "same"})
        assert one.key is None
        assert one.id != other.id
        assert await count_records(session) == {"Note": 2}


async def test_what_is_stored_comes_back_as_it_was(database: Database, works: Collection) -> None:
    odd: dict[str, Any] = {
        "rank": [1, 1.5, 1e300, -0.0, 2**63 - 1, True, None, "\\u0000 \u2028 😀 \x7f", {"": {"a": []}}]
    }
    made = await create(database, works, "N1", **odd)
    assert made.data["rank"] == odd["rank"]
    assert made.data["rank"][5] is True
