"""Changes are read in one order from which nothing is ever missing, however their transactions overlap."""

import uuid
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from models.changes import Change, Position, changes_after, present
from models.collections.properties import Collection
from models.database import Database
from models.migrating import migrate
from models.outbox import DRAINING, claim
from models.writes import WriteSession
from tests.running import execute

pytestmark = pytest.mark.anyio

Name = tuple[str, int, str]
BEGINNING = Position(0)


async def read_on(
    database: Database, after: Position, limit: int = 100, size: int = 10**9
) -> tuple[list[Change], Position]:
    """Everything that can be read now, in stretches of `limit`."""
    found: list[Change] = []
    more = True
    while more:
        async with database.reading() as session:
            stretch = await changes_after(session, after, limit, size)
        found += stretch.changes
        after, more = stretch.until, stretch.more
    return found, after


def told(changes: list[Change]) -> list[Name]:
    return [(change.operation, change.revision, str(change.data["number"])) for change in changes]


async def create(session: WriteSession, works: Collection, number: str) -> None:
    await session.create(works, {"number": number})


async def test_each_write_is_a_change_with_the_record_as_it_was(database: Database, works: Collection) -> None:
    async with database.writing() as session:
        record = await session.create(works, {"number": "1", "title": "first"})
    async with database.writing() as session:
        record = await session.update(works, record, {"number": "1", "title": "second"})
    async with database.writing() as session:
        await session.delete(record)
    changes, _ = await read_on(database, BEGINNING)
    assert [(one.operation, one.revision, one.data["title"]) for one in changes] == [
        ("CREATE", 1, "first"),
        ("UPDATE", 2, "second"),
        ("DELETE", 3, "second"),
    ]
    assert all(one.deleted and one.revision_now == 3 and one.now["title"] == "second" for one in changes)


async def test_a_transaction_that_commits_late_is_not_skipped(database: Database, works: Collection) -> None:
    async with AsyncExitStack() as late:
        first = await late.enter_async_context(database.writing())
        await create(first, works, "late")
        async with database.writing() as second:
            await create(second, works, "early")
        seen, after = await read_on(database, BEGINNING)
        assert seen == [], "what is behind the open transaction waits for it"
    seen, after = await read_on(database, after)
    assert told(seen) == [("CREATE", 1, "late"), ("CREATE", 1, "early")]
    assert await read_on(database, after) == ([], after)


async def test_nobody_waits_for_who_brings_documents_to_the_index(database: Database, works: Collection) -> None:
    async with database.writing() as session:
        await create(session, works, "1")
    async with database.writing() as draining:
        assert await claim(draining, 10)
        await draining.share(DRAINING)
        async with database.writing() as session:
            await create(session, works, "2")
        seen, _ = await read_on(database, BEGINNING)
    assert [number for _, _, number in told(seen)] == ["1", "2"]


async def test_nobody_waits_for_another_database(
    database: Database, works: Collection, empty_database_url: str
) -> None:
    await execute(empty_database_url, "CREATE TABLE other (value int)")
    other = Database(empty_database_url, pool=1)
    async with other.writing() as session:
        await session.run(text("INSERT INTO other VALUES (1)"))
        async with database.writing() as writing:
            await create(writing, works, "1")
        seen, _ = await read_on(database, BEGINNING)
    await other.close()
    assert told(seen) == [("CREATE", 1, "1")]


async def test_what_is_present_is_told_from_what_comes_later(database: Database, works: Collection) -> None:
    async with AsyncExitStack() as late:
        first = await late.enter_async_context(database.writing())
        await create(first, works, "open")
        async with database.writing() as second:
            await create(second, works, "present")
        async with database.reading() as session:
            begin = await present(session)
        async with database.writing() as third:
            await create(third, works, "later")
    changes, _ = await read_on(database, begin.position)
    new = [change for change in changes if not begin.includes(change)]
    assert sorted(number for _, _, number in told(new)) == ["later", "open"]


async def test_a_stretch_is_bounded_by_bytes_too_but_never_empty(database: Database, works: Collection) -> None:
    async with database.writing() as session:
        for number in range(4):
            await session.create(works, {"number": str(number), "title": uuid.uuid4().hex * 20})
    async with database.reading() as session:
        stretch = await changes_after(session, BEGINNING, 100, 1)
    assert len(stretch.changes) == 1
    assert stretch.more
    changes, _ = await read_on(database, BEGINNING, size=1)
    assert [number for _, _, number in told(changes)] == ["0", "1", "2", "3"]


async def test_only_what_is_asked_for_is_read(database: Database, works: Collection, notes: Collection) -> None:
    async with database.writing() as session:
        await create(session, works, "1")
        await session.create(notes, {"text": "a note"})
    async with database.reading() as session:
        stretch = await changes_after(session, BEGINNING, 100, 10**9, ["Note"])
    assert [change.collection for change in stretch.changes] == ["Note"]


async def test_after_a_restore_into_another_cluster_old_changes_come_before_new_ones(
    database: Database, database_url: str, works: Collection
) -> None:
    async with database.writing() as session:
        await create(session, works, "of another cluster")
        await session.run(text("UPDATE revisions SET transaction_id = 1::bigint << 40"))
    await migrate(database_url)
    async with database.reading() as session:
        now = (await present(session)).position
    async with database.writing() as session:
        await create(session, works, "new")
    assert told((await read_on(database, now))[0]) == [("CREATE", 1, "new")]
    assert len((await read_on(database, Position(-1)))[0]) == 2


Steps = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["write", "commit", "undo", "read"])), max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(Steps, st.integers(1, 3))
async def test_however_transactions_overlap_each_change_is_read_once(
    database: Database, works: Collection, steps: list[tuple[int, str]], limit: int
) -> None:
    """Several writers write, commit and undo by chance, while a reader reads on from where it was."""
    async with database.reading() as session:
        after = (await present(session)).position
    committed: set[str] = set()
    seen: list[Change] = []
    writers: dict[int, Writer] = {}
    for number, step in steps:
        if step == "write":
            if number not in writers:
                writers[number] = await Writer.begin(database)
            await writers[number].write(works)
        elif step == "read":
            new, after = await read_on(database, after, limit)
            seen += new
        elif number in writers:
            committed |= await writers.pop(number).end(commit=step == "commit")
    for writer in writers.values():
        committed |= await writer.end(commit=True)
    new, _ = await read_on(database, after, limit)
    numbers = [change.data["number"] for change in seen + new]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == committed


class Undone(Exception):
    """Ends a transaction that is not to be committed."""


class Writer:
    """One transaction, and the numbers of what it writes."""

    def __init__(self, stack: AsyncExitStack, session: WriteSession) -> None:
        self._stack = stack
        self._session = session
        self._written: set[str] = set()

    @classmethod
    async def begin(cls, database: Database) -> "Writer":
        stack = AsyncExitStack()
        return cls(stack, await stack.enter_async_context(database.writing()))

    async def write(self, works: Collection) -> None:
        number = uuid.uuid4().hex
        await create(self._session, works, number)
        self._written.add(number)

    async def end(self, *, commit: bool) -> set[str]:
        """What is committed by that."""
        if commit:
            await self._stack.aclose()
            return self._written
        await self._stack.__aexit__(Undone, Undone(), None)
        return set()
