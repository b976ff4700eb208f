"""The database is reached, goes away, and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from sqlalchemy import make_url, text

from errors import DatabaseUnavailable
from models.collections.properties import Collection
from models.database import Database
from models.outbox import backlog
from models.records import count_records, histories, records_by_id
from models.writes import RecordWrites, SingleWrites, WriteSession
from tests.integration.cable import Cable

pytestmark = pytest.mark.anyio
SLEEP = text("SELECT pg_sleep(0.4)")


@pytest.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    url = make_url(database_url)
    async with Cable(str(url.host), int(url.port or 5432)) as cable:
        yield cable


@pytest.fixture
async def remote(cable: Cable, database_url: str) -> AsyncIterator[Database]:
    """The database at the other end of the cable."""
    url = make_url(database_url).set(host="127.0.0.1", port=cable.port)
    opened = Database(url.render_as_string(hide_password=False), pool=2)
    yield opened
    await opened.close()


async def test_a_database_that_goes_away_is_named_and_comes_back(remote: Database, cable: Cable) -> None:
    await remote.ping()
    await cable.cut()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
            await remote.ping()
    await cable.mend()
    await remote.ping()


@pytest.mark.parametrize("apart", [True, False])
async def test_a_lookup_is_one_message_to_the_server(
    remote: Database, database: Database, cable: Cable, works: Collection, apart: bool
) -> None:
    """Neither BEGIN and ROLLBACK, nor a reset of the connection, nor a ping before it."""
    async with database.writing() as writing:
        made = await writing.create(works, {"number": "A"})
    messages = []
    for _ in range(3):
        before = cable.messages
        async with AsyncExitStack() as stack:
            session = remote.statements if apart else await stack.enter_async_context(remote.reading())
            assert await records_by_id(session, [made.id]) == {made.id: made}
        messages.append(cable.messages - before)
    assert messages[1:] == [1, 1]  # the first one connects and prepares the statement


async def test_look_ups_name_a_database_that_goes_away_and_come_back_with_it(remote: Database, cable: Cable) -> None:
    assert await records_by_id(remote.statements, [1]) == {}
    await cable.cut()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
            await records_by_id(remote.statements, [1])
    await cable.mend()
    assert await records_by_id(remote.statements, [1]) == {}


async def test_while_the_database_hangs_nothing_waits_for_it_and_afterwards_all_is_as_before(
    cable: Cable, database_url: str, works: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.database.PROBE_SECONDS", 0.3)
    monkeypatch.setattr("models.outages.PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr("models.outages.RETRY_SECONDS", 0.05)
    url = make_url(database_url).set(host="127.0.0.1", port=cable.port)
    remote = Database(url.render_as_string(hide_password=False), pool=2)
    made = await remote.write_one(lambda writes: writes.create(works, {"number": "A"}))
    cable.freeze()
    under_way = asyncio.create_task(remote.write_one(lambda writes: writes.create(works, {"number": "B"})))
    with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
        await records_by_id(remote.statements, [made.id])
    began = asyncio.get_running_loop().time()
    for _ in range(20):
        with pytest.raises(DatabaseUnavailable):
            await records_by_id(remote.statements, [made.id])
        with pytest.raises(DatabaseUnavailable):
            await remote.write_one(lambda writes: writes.create(works, {"number": "C"}))
        with pytest.raises(DatabaseUnavailable):
            async with remote.reading() as session:
                await count_records(session)
    assert asyncio.get_running_loop().time() - began < 0.2  # nobody was asked
    cable.thaw()
    assert (await under_way).data == {"number": "B"}  # what may have been written is waited for
    assert await came_back(remote)
    async with remote.reading() as session:
        assert await count_records(session) == {"Work": 2}
    await remote.close()


async def came_back(database: Database) -> bool:
    for _ in range(100):
        with suppress(DatabaseUnavailable):
            await database.ping()
            return True
        await asyncio.sleep(0.05)
    return False


async def test_more_look_ups_at_once_than_there_are_connections_wait_for_one_another(remote: Database) -> None:
    found = await asyncio.gather(*(records_by_id(remote.statements, [number]) for number in range(20)))
    assert found == [{}] * 20
    assert len(remote.statements) == 2


async def test_a_look_up_that_is_cancelled_leaves_no_connection_in_its_state(remote: Database, cable: Cable) -> None:
    async def look_up() -> None:
        await remote.statements.rows(text("SELECT pg_sleep(30)").columns(), {})

    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await look_up()
    assert await records_by_id(remote.statements, [1]) == {}


async def test_a_connection_to_which_the_server_has_said_goodbye_is_given_up(
    remote: Database, database: Database, cable: Cable
) -> None:
    """What it says comes before its end, and a statement may come between them."""
    cable.hides_ends = True
    assert await records_by_id(remote.statements, [1]) == {}
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    async with database.reading() as session:
        await session.rows(text(f"{ends} AND pid <> pg_backend_pid()"))
    await asyncio.sleep(0.2)
    with pytest.raises(DatabaseUnavailable):
        await records_by_id(remote.statements, [1])
    assert await records_by_id(remote.statements, [1]) == {}
    cable.hides_ends = False


async def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed(remote: Database, cable: Cable) -> None:
    async with remote.reading(), remote.reading() as session:
        await session.row(text("SELECT 1"))
    await asyncio.gather(remote.ping(), remote.ping())
    await cable.cut()
    await cable.mend()
    for _ in range(4):
        await remote.ping()
        async with remote.reading() as session:
            await session.row(text("SELECT 1"))


async def test_a_write_that_loses_its_connection_is_named_and_not_half_done(
    remote: Database, database: Database, cable: Cable, works: Collection
) -> None:
    async def write() -> None:
        async with remote.writing() as session:
            await session.create(works, {"number": "A"})
            await cable.cut()
            await session.create(works, {"number": "B"})

    with pytest.raises(DatabaseUnavailable):
        await write()
    async with database.reading() as session:
        assert await count_records(session) == {}


async def test_a_pool_that_is_used_up_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.connections.POOL_SECONDS", 0.1)
    small = Database(database_url, pool=1)

    async def read() -> None:
        async with small.reading() as session:
            await session.row(text("SELECT 1"))

    async with small.reading():
        with pytest.raises(DatabaseUnavailable):
            await read()
    await read()
    sleeping = asyncio.create_task(small.statements.row(SLEEP))
    await asyncio.sleep(0.05)
    with pytest.raises(DatabaseUnavailable):
        await small.ping()
    await sleeping
    await small.ping()
    await small.close()


async def test_a_block_that_raises_writes_nothing(database: Database, works: Collection) -> None:
    called = []

    async def hook() -> None:
        called.append("hook")

    async def write() -> None:
        async with database.writing() as session:
            await session.create(works, {"number": "A"})
            session.after_commit(hook)
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await write()
    async with database.reading() as session:
        assert await count_records(session) == {}
    assert called == []


async def test_hooks_run_after_the_commit_and_their_failure_is_no_failure_of_the_write(
    database: Database, works: Collection
) -> None:
    seen = []

    async def fails() -> None:
        raise RuntimeError("the broker is away")

    async def counts() -> None:
        async with database.reading() as session:
            seen.append(await count_records(session))

    async with database.writing() as session:
        await session.create(works, {"number": "A"})
        session.after_commit(fails)
        session.after_commit(counts)
        assert seen == []
    assert seen == [{"Work": 1}]


async def test_transactions_that_block_one_another_are_run_again(database: Database, works: Collection) -> None:
    async with database.writing() as session:
        ids = [(await session.create(works, {"number": number, "year": 0})).id for number in "AB"]
    met = asyncio.Barrier(2)

    async def count_up(order: list[int]) -> None:
        runs = 0

        async def work(session: WriteSession) -> None:
            nonlocal runs
            runs += 1
            for record_id in order:
                record = await session.record_for_update(works, record_id)
                assert record is not None
                if runs == 1 and record_id == order[0]:
                    await met.wait()
                await session.update(works, record, record.data | {"year": record.data["year"] + 1})

        await database.write(work)

    await asyncio.gather(count_up(ids), count_up(ids[::-1]))
    async with database.writing() as session:
        for record_id in ids:
            record = await session.record_for_update(works, record_id)
            assert record is not None
            assert (record.data["year"], record.revision) == (2, 3)


async def test_a_snapshot_sees_one_moment(database: Database, works: Collection) -> None:
    async with database.snapshot() as session:
        assert await count_records(session) == {}
        async with database.writing() as other:
            await other.create(works, {"number": "A"})
        assert await count_records(session) == {}


async def test_a_cancelled_statement_leaves_a_usable_pool(database_url: str) -> None:
    small = Database(database_url, pool=1)
    async with asyncio.timeout(5):
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), small.reading() as session:
                    await session.row(text("SELECT pg_sleep(30)"))
            await small.ping()
    await small.close()


async def test_a_write_that_another_has_overtaken_runs_again_in_a_transaction(
    database: Database, works: Collection
) -> None:
    async with database.writing() as session:
        made = await session.create(works, {"number": "A", "year": 0})
    runs: list[type[RecordWrites]] = []

    async def count_up(session: RecordWrites) -> None:
        record = await session.record_for_update(works, made.id)
        assert record is not None
        if not runs:
            async with database.writing() as other:
                await other.update(works, made, made.data | {"title": "of another"})
        runs.append(type(session))
        await session.update(works, record, record.data | {"year": record.data["year"] + 1})

    await database.write_one(count_up)
    assert runs == [SingleWrites, WriteSession]
    (record,) = (await records_by_id(database.statements, [made.id])).values()
    assert (record.data, record.revision) == ({"number": "A", "title": "of another", "year": 1}, 3)


async def test_writes_that_nobody_meets_need_no_transaction_and_are_as_whole(
    database: Database, works: Collection
) -> None:
    called = []

    async def hook() -> None:
        called.append("hook")

    async def work(session: RecordWrites) -> int:
        assert isinstance(session, SingleWrites)
        session.after_commit(hook)
        record = await session.create(works, {"number": "A"})
        record = await session.update(works, record, {"number": "A", "year": 1}, by="me")
        return (await session.delete(record)).id

    written = await database.write_one(work)
    assert called == ["hook"]
    (states,) = (await histories(database.statements, [written], 10)).values()
    assert [(one.revision, one.operation, one.by) for one in states] == [
        (3, "DELETE", None), (2, "UPDATE", "me"), (1, "CREATE", None),
    ]  # fmt: skip
    async with database.reading() as session:
        assert (await backlog(session))["Work"].pending == 3


async def test_a_connection_that_is_used_while_the_database_is_closed_is_closed_when_it_comes_back(
    database_url: str,
) -> None:
    opened = Database(database_url, pool=1)
    sleeping = asyncio.create_task(opened.statements.rows(SLEEP))
    await asyncio.sleep(0.2)
    await opened.close()
    await sleeping
    assert len(opened.statements) == 0
    with pytest.raises(DatabaseUnavailable):
        await opened.ping()


async def test_a_database_that_is_not_there_is_told_with_the_setting_to_correct(database_url: str) -> None:
    opened = Database(make_url(database_url).set(database="nowhere").render_as_string(hide_password=False), pool=1)
    with pytest.raises(DatabaseUnavailable, match="CATALOGRAPH_DATABASE_URL"):
        await opened.ping()
    await opened.close()
