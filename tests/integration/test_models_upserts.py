"""Many documents are written at once by key, each with its own fate."""

import asyncio
from typing import Any

import pytest

from models.collections.problems import Problem
from models.collections.properties import Collection
from models.database import Database
from models.documents import prepare
from models.outbox import backlog
from models.records import Record, count_records, history, records_by_key
from models.upserts import Outcome, Upserted, upsert_many
from tests.integration.counting import count_statements

pytestmark = pytest.mark.anyio
CREATED, UPDATED, UNCHANGED, REFUSED = Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.REFUSED


async def upsert(database: Database, collection: Collection, *documents: dict[str, Any]) -> list[Upserted]:
    async with database.writing() as session:
        return await upsert_many(session, collection, [prepare(collection, document) for document in documents])


def outcomes(results: list[Upserted]) -> list[Outcome]:
    return [result.outcome for result in results]


async def read(database: Database, *keys: str) -> dict[str, Record]:
    async with database.reading() as session:
        return await records_by_key(session, "Work", keys)


async def test_documents_are_created_changed_or_left_by_their_keys(database: Database, works: Collection) -> None:
    await upsert(database, works, {"number": "A", "year": 1}, {"number": "B", "year": 1})
    results = await upsert(
        database, works, {"number": "C"}, {"number": "A", "year": 2}, {"number": "B", "year": 1}, {"number": "D"}
    )
    assert outcomes(results) == [CREATED, UPDATED, UNCHANGED, CREATED]
    records = await read(database, "A", "B", "C", "D")
    assert {key: (r.revision, r.data.get("year")) for key, r in records.items()} == {
        "A": (2, 2),
        "B": (1, 1),
        "C": (1, None),
        "D": (1, None),
    }
    assert [result.record_id for result in results] == [records[key].id for key in "CABD"]
    async with database.reading() as session:
        assert (await backlog(session))["Work"].pending == 5
        newest, first = await history(session, records["A"].id, 5)
    assert (newest.operation, newest.data, newest.changes) == ("UPDATE", {"number": "A", "year": 2}, {"year": 2})
    assert (first.operation, first.data) == ("CREATE", {"number": "A", "year": 1})


async def test_a_document_is_merged_over_its_record(database: Database, works: Collection) -> None:
    await upsert(database, works, {"number": "A", "title": "T", "size": {"width": 1, "height": 2}})
    await upsert(database, works, {"number": "A", "size": {"width": 3}})
    assert (await read(database, "A"))["A"].data == {"number": "A", "title": "T", "size": {"width": 3, "height": 2}}


async def test_the_same_document_again_makes_no_revision_even_with_nulls(database: Database, works: Collection) -> None:
    document = {"number": "A", "title": None, "rank": {"deep": [None, {"x": None}], "n": 1.0}}
    await upsert(database, works, document)
    again = await upsert(database, works, document)
    assert outcomes(again) == [UNCHANGED]
    assert (await read(database, "A"))["A"].data == document


async def test_a_null_over_a_value_is_a_change_and_over_nothing_is_none(database: Database, works: Collection) -> None:
    await upsert(database, works, {"number": "A", "title": "T"})
    assert outcomes(await upsert(database, works, {"number": "A", "year": None})) == [UNCHANGED]
    assert outcomes(await upsert(database, works, {"number": "A", "title": None})) == [UPDATED]
    assert (await read(database, "A"))["A"].data.get("title") is None


async def test_true_over_one_is_a_change_although_python_says_they_are_equal(
    database: Database, works: Collection
) -> None:
    await upsert(database, works, {"number": "A", "rank": [1]})
    assert outcomes(await upsert(database, works, {"number": "A", "rank": [True]})) == [UPDATED]
    assert outcomes(await upsert(database, works, {"number": "A", "rank": [True]})) == [UNCHANGED]


async def test_a_later_document_with_the_same_key_is_merged_over_the_earlier(
    database: Database, works: Collection
) -> None:
    results = await upsert(
        database, works, {"number": "A", "year": 1}, {"number": "B"}, {"number": "A", "title": "T"}, {"number": "A"}
    )
    assert outcomes(results) == [CREATED, CREATED, UPDATED, UNCHANGED]
    record = (await read(database, "A"))["A"]
    assert (record.revision, record.data) == (2, {"number": "A", "year": 1, "title": "T"})


async def test_a_wrong_document_is_refused_alone(database: Database, works: Collection) -> None:
    results = await upsert(
        database,
        works,
        {"number": "A", "year": "x", "extra": 1},
        {"number": "B"},
        {"title": "no number"},
        {"number": "C", "title": "a\0b"},
        {"number": "k" * 1001},
    )
    assert outcomes(results) == [REFUSED, CREATED, REFUSED, REFUSED, REFUSED]
    assert {problem.path for problem in results[0].problems} == {("year",), ("extra",)}
    assert results[2].problems[0].path == ("number",)
    assert results[3].problems[0].path == ("title",)
    assert "1,001 characters" in results[4].problems[0].message


async def test_a_document_that_is_wrong_once_merged_is_refused(database: Database, works: Collection) -> None:
    async with database.writing() as session:  # as if the schema had been laxer then
        await session.create(works, {"number": "A", "old": 1})
    (result,) = await upsert(database, works, {"number": "A", "year": 1})
    assert (result.outcome, result.problems[0].path) == (REFUSED, ("old",))


async def test_what_the_viewer_may_not_write_is_refused(database: Database, works: Collection) -> None:
    await upsert(database, works, {"number": "A", "year": 1})
    seen = []

    def refuse(current: Record | None, merged: dict[str, Any]) -> list[Problem]:
        seen.append((current and current.key, merged))
        return [Problem("is not yours")] if merged["number"] in "AC" else []

    documents = [
        prepare(works, document)
        for document in ({"number": "A", "year": 2}, {"number": "B"}, {"number": "C"}, {"number": "A"})
    ]
    async with database.writing() as session:
        results = await upsert_many(session, works, documents, refuse=refuse)
    assert outcomes(results) == [REFUSED, CREATED, REFUSED, REFUSED]
    assert seen == [
        ("A", {"number": "A", "year": 2}),
        (None, {"number": "B"}),
        (None, {"number": "C"}),
        ("A", {"number": "A", "year": 1}),
    ]


async def test_a_thousand_documents_take_as_few_statements_as_one(database: Database, works: Collection) -> None:
    await upsert(database, works, *({"number": f"old{n}", "year": 1} for n in range(500)))
    documents = [{"number": f"old{n}", "year": 2} for n in range(500)] + [{"number": f"new{n}"} for n in range(500)]
    with count_statements(database) as statements:
        results = await upsert(database, works, *documents)
    assert outcomes(results) == [UPDATED] * 500 + [CREATED] * 500
    assert statements.count == 3


async def test_an_empty_key_is_a_key(database: Database, works: Collection) -> None:
    results = await upsert(database, works, {}, {}, {"number": ""}, {"number": "", "year": 1})
    assert outcomes(results) == [REFUSED, REFUSED, CREATED, UPDATED]


async def test_documents_without_a_key_each_make_a_record(database: Database, notes: Collection) -> None:
    results = await upsert(database, notes, {"text": "a"}, {"text": "a"}, {"text": 1}, {"text": "b"})
    assert outcomes(results) == [CREATED, CREATED, REFUSED, CREATED]
    ids = [result.record_id for result in results if result.record_id]
    assert len(set(ids)) == 3
    async with database.reading() as session:
        assert await count_records(session) == {"Note": 3}


async def test_the_key_of_a_deleted_record_makes_a_new_one(database: Database, works: Collection) -> None:
    (made,) = await upsert(database, works, {"number": "A", "year": 1})
    async with database.writing() as session:
        await session.delete((await records_by_key(session, "Work", ["A"]))["A"])
    (again,) = await upsert(database, works, {"number": "A"})
    assert again.outcome is CREATED
    assert again.record_id != made.record_id
    assert (await read(database, "A"))["A"].data == {"number": "A"}


async def test_two_batches_with_the_same_keys_at_once_lose_nothing(database: Database, works: Collection) -> None:
    numbers = [f"N{n}" for n in range(50)]

    async def write(name: str, order: list[str]) -> None:
        documents = [prepare(works, {"number": number, "size": {name: 1}}) for number in order]
        await database.write(lambda session: upsert_many(session, works, documents))

    await asyncio.gather(
        write("width", numbers), write("height", numbers[::-1]), write("width", numbers), write("height", numbers)
    )
    records = await read(database, *numbers)
    assert len(records) == 50
    for record in records.values():
        assert record.data["size"] == {"width": 1, "height": 1}
        async with database.reading() as session:
            assert len(await history(session, record.id, 10)) == record.revision == 2
