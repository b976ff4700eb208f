"""A task's row: made once, worked on by one, and never left behind as running."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.database import Database
from models.task_errors import TaskError, add_task_errors, list_task_errors
from models.task_runs import (
    Ending,
    cancel_task,
    claim_task,
    end_task,
    release_task,
    report_alive,
    report_progress,
    revive_tasks,
    waiting_tasks,
)
from models.tasks import Kind, Order, Progress, State, Task, create_task, find_task, forget_tasks

pytestmark = pytest.mark.anyio
REBUILD = Order(Kind.REBUILD, "Work", {})
SILENCE = timedelta(seconds=15)
DONE = Ending(State.SUCCEEDED, result={"indexed": 3})


async def created(database: Database, order: Order = REBUILD) -> Task:
    task, is_new = await database.write(lambda session: create_task(session, order))
    assert is_new
    return task


async def claimed(database: Database, task: Task) -> Task:
    found = await database.write(lambda session: claim_task(session, task.id))
    assert found
    return found


async def current(database: Database, task: Task) -> Task:
    async with database.reading() as session:
        found = await find_task(session, task.id)
    assert found
    return found


async def silent(database: Database, seconds: float = 60) -> None:
    """Have all runs be silent for some time."""
    async with database.writing() as session:
        await session.run(text("UPDATE tasks SET alive_at = now() - make_interval(secs => :s)"), {"s": seconds})


async def revived(database: Database, attempts: int = 3) -> list[Task]:
    return await database.write(lambda session: revive_tasks(session, SILENCE, attempts))


async def test_one_task_of_a_kind_and_collection_at_a_time(database: Database) -> None:
    first = await created(database)
    assert await database.write(lambda session: create_task(session, REBUILD)) == (first, False)
    await created(database, Order(Kind.REBUILD, "Note", {}))
    await created(database, Order(Kind.VERIFY, "Work", {"repair": True}))
    run = await claimed(database, first)
    assert (await database.write(lambda session: create_task(session, REBUILD)))[0].id == first.id
    await database.write(lambda session: end_task(session, run, Progress(), DONE))
    assert (await created(database)).id != first.id


async def test_tasks_of_no_collection_do_not_stand_in_each_others_way(database: Database) -> None:
    order = Order(Kind.EXTENSION, None, {"name": "tidy"})
    assert (await created(database, order)).id != (await created(database, order)).id


async def test_a_task_is_claimed_by_one_worker(database: Database) -> None:
    task = await created(database)
    run = await claimed(database, task)
    assert (run.state, run.attempts, run.started_at is not None) == (State.RUNNING, 1, True)
    assert await database.write(lambda session: claim_task(session, task.id)) is None


async def test_every_change_that_is_worth_seeing_raises_the_version(database: Database) -> None:
    task = await created(database)
    run = await claimed(database, task)
    reported = await database.write(lambda session: report_progress(session, run, Progress(10, 4, 1, 2.0, 3.0)))
    alive = await database.write(lambda session: report_alive(session, run))
    ended = await database.write(lambda session: end_task(session, run, Progress(10, 10), DONE))
    assert reported
    assert alive
    assert ended
    assert [one.version for one in (task, run, reported, alive, ended)] == [1, 2, 3, 3, 4]
    assert reported.progress == Progress(10, 4, 1, 2.0, 3.0)
    assert (ended.state, ended.result, ended.is_over) == (State.SUCCEEDED, {"indexed": 3}, True)
    assert await current(database, task) == ended


async def test_a_run_that_was_not_heard_of_is_taken_up_again_and_can_write_no_more(database: Database) -> None:
    task = await created(database)
    lost = await claimed(database, task)
    await database.write(lambda session: add_task_errors(session, task.id, [TaskError("bad", "N1", 3)]))
    assert await revived(database) == []
    await silent(database)
    (waiting,) = await revived(database)
    assert (waiting.state, waiting.ended_at) == (State.QUEUED, None)

    second = await claimed(database, task)
    assert second.attempts == 2
    async with database.reading() as session:
        assert await list_task_errors(session, task.id, 10) == []
    assert await database.write(lambda session: report_alive(session, lost)) is None
    assert await database.write(lambda session: report_progress(session, lost, Progress(done=9))) is None
    assert await database.write(lambda session: end_task(session, lost, Progress(), DONE)) is None
    assert await current(database, task) == second


async def test_a_task_that_loses_its_worker_again_and_again_fails(database: Database) -> None:
    task = await created(database)
    for _ in range(3):
        await claimed(database, task)
        await silent(database)
        (found,) = await revived(database)
    assert (found.state, found.is_over, found.ended_at is not None) == (State.FAILED, True, True)
    assert "lost 3 times" in str(found.message)


async def test_a_task_given_back_by_a_worker_that_stops_has_lost_no_attempt(database: Database) -> None:
    task = await created(database)
    for _ in range(5):
        run = await claimed(database, task)
        async with database.writing() as session:
            released = await release_task(session, run)
        assert released
        assert (released.state, released.attempts) == (State.QUEUED, 0)


async def test_a_waiting_task_is_cancelled_at_once_and_a_running_one_when_its_worker_is_gone_too(
    database: Database,
) -> None:
    task = await created(database)
    ended = await database.write(lambda session: cancel_task(session, task.id))
    assert ended
    assert (ended.state, ended.ended_at is not None) == (State.CANCELLED, True)
    assert await database.write(lambda session: cancel_task(session, task.id)) is None
    assert await database.write(lambda session: claim_task(session, task.id)) is None

    other = await created(database)
    await claimed(database, other)
    stopping = await database.write(lambda session: cancel_task(session, other.id))
    assert stopping
    assert (stopping.state, stopping.ended_at) == (State.CANCELLING, None)
    await silent(database)
    assert [one.state for one in await revived(database)] == [State.CANCELLED]


async def test_a_task_whose_message_was_lost_is_found_after_a_while(database: Database) -> None:
    task = await created(database)
    patience = timedelta(seconds=10)
    assert await database.write(lambda session: waiting_tasks(session, patience)) == []
    async with database.writing() as session:
        await session.run(text("UPDATE tasks SET handed_at = now() - interval '11 seconds'"))
    assert [one.id for one in await database.write(lambda session: waiting_tasks(session, patience))] == [task.id]
    assert await database.write(lambda session: waiting_tasks(session, patience)) == []


async def test_tasks_are_forgotten_some_time_after_their_end_with_their_errors(database: Database) -> None:
    ended, open_ = await created(database), await created(database, Order(Kind.VERIFY, "Work", {}))
    run = await claimed(database, ended)
    await database.write(lambda session: add_task_errors(session, ended.id, [TaskError("bad")]))
    await database.write(lambda session: end_task(session, run, Progress(), DONE))
    await database.write(lambda session: forget_tasks(session, timedelta(days=1)))
    await current(database, ended)
    await database.write(lambda session: forget_tasks(session, timedelta(0)))
    async with database.reading() as session:
        assert await find_task(session, ended.id) is None
        assert await list_task_errors(session, ended.id, 10) == []
    await current(database, open_)


async def test_texts_that_postgresql_can_not_store_do_not_lose_an_error(database: Database) -> None:
    task = await created(database)
    await database.write(lambda session: add_task_errors(session, task.id, [TaskError("a\0b\ud800", "k\0", 1)]))
    async with database.reading() as session:
        (error,) = await list_task_errors(session, task.id, 10)
    assert (error.message, error.key) == ("a\N{REPLACEMENT CHARACTER}b?", "k\N{REPLACEMENT CHARACTER}")
