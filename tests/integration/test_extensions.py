"""Extensions on real stores: hooks in each way to write, changes told until they are taken, tasks that go on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import tasks.commits
from indexing.services import Services, open_services
from models.checkpoints import read_checkpoint
from models.collections.loading import Catalog
from models.commits import Commit
from models.deadletters import DeadLetter, list_dead_letters
from models.documents import prepare
from models.ending import end
from models.harvests import Counts, HarvestWriter, Taken
from models.mapping_rules import read_mapping
from models.migrating import migrate
from models.records import records_by_key
from models.retries import retry_dead_letter
from models.schedules import list_schedules
from models.task_errors import list_task_errors
from models.task_runs import claim_task, revive_tasks
from models.tasks import Kind, Order, State, Task, extension_order, find_task
from models.upserts import Outcome, upsert_many
from tasks.commits import Teller
from tasks.desk import TaskDesk
from tasks.extensions import run_extension, schedule_extensions
from tasks.nudging import Nudges
from tasks.runner import Runner
from tasks.store import Store
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import settings_on
from tests.unit.extensions.modules import extended, python_path

pytestmark = pytest.mark.anyio
NOBODY = "http://127.0.0.1:1"
UNTOLD = text("""
SELECT 1 FROM records JOIN revisions AS one ON one.record_id = id AND collection = 'Work' JOIN commit_hooks AS hook
ON (one.transaction_id, one.record_id, one.revision) > (hook.transaction_id, hook.record_id, hook.revision)
""")
CODE = """
import asyncio

from catalograph import UserError

heard, runs, refused = [], [], set()

def extend(catalog):
    @catalog.before_write("Work")
    def tidy(write):
        if write.data is None:
            if write.before.get("title") == "kept":
                raise UserError("is kept")
        elif write.data.get("title"):
            write.data["title"] = write.data["title"].strip()

    @catalog.after_commit("Work")
    async def hear(commits, store):
        if refused & {one.key for one in commits}:
            raise ValueError("not this one")
        heard.extend(commits)

    @catalog.task(schedule="0 3 * * *")
    async def count(run):
        runs.append((run.place, dict(run.arguments), run.done))
        async for record in run.store.records("Work", after=run.place["after"] if run.place else 0):
            run.fail("odd", key=record.key)
            run.progress(run.done + 1)
            await run.save({"after": record.id})
            if run.done == 3 and len(runs) == 1:
                run.fail("is told again by another run", key="3")
                await asyncio.Event().wait()
        return {"counted": run.done}

    @catalog.task()
    async def refuses(run):
        raise UserError("There is nothing to do.")

    @catalog.task()
    async def gives(run):
        return object()
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with python_path():
        yield extended(tmp_path, CODE)


def of(catalog: Catalog, name: str) -> Any:
    return catalog["Work"].before_write[0].function.__globals__[name]


@asynccontextmanager
async def opened(servers: ServerUrls, database_url: str, catalog: Catalog) -> AsyncIterator[tuple[Services, TaskDesk]]:
    settings = settings_on(servers, database_url, elasticsearch_url=NOBODY, collections=".")
    async with open_services(settings, catalog) as services:
        desk = TaskDesk.open(services)
        yield services, desk
        await desk.close()


@pytest.fixture
async def at_work(
    servers: ServerUrls, database_url: str, catalog: Catalog
) -> AsyncIterator[tuple[Services, TaskDesk, Nudges]]:
    async with opened(servers, database_url, catalog) as (services, desk):
        nudges = Nudges(desk.app, desk.changes)
        yield services, desk, nudges
        await nudges.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks that fail are told again at once."""
    monkeypatch.setattr(tasks.commits, "LONGEST_PAUSE", 0.01)


AtWork = tuple[Services, TaskDesk, Nudges]


async def until(met: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def telling(at_work: AtWork) -> AsyncIterator[None]:
    """Somebody tells the hooks, and has begun to; at the end it is noted how far they have come."""
    teller = asyncio.create_task(Teller(*at_work).run())
    await asyncio.sleep(0.3)
    try:
        yield
        async with asyncio.timeout(20), at_work[0].database.reading() as session:
            while await session.rows(UNTOLD):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.05)
    finally:
        await end(teller)


async def current(services: Services, task: Task) -> Task:
    async with services.database.reading() as session:
        found = await find_task(session, task.id)
    assert found
    return found


async def errors_of(services: Services, task: Task) -> list[str | None]:
    async with services.database.reading() as session:
        return [error.key for error in await list_task_errors(session, task.id, 100)]


async def letters(services: Services) -> list[DeadLetter]:
    async with services.database.reading() as session:
        return await list_dead_letters(session, None, 100)


async def test_what_is_upserted_is_as_the_hooks_leave_it(at_work: AtWork) -> None:
    services, _, nudges = at_work
    store = Store(services, nudges, "ann")
    made = await store.upsert("Work", [{"number": "1", "title": " a "}, {"number": "2", "year": 1}, {"number": "3"}])
    assert [one.outcome for one in made] == [Outcome.CREATED] * 3
    again = await store.upsert("Work", [{"number": "1", "title": "a "}, {"number": "2", "title": " b"}])
    assert [one.outcome for one in again] == [Outcome.UNCHANGED, Outcome.UPDATED]
    found = await store.get("Work", ["1", "2", "none"])
    assert {key: (one.data.get("title"), one.revision) for key, one in found.items()} == {"1": ("a", 1), "2": ("b", 2)}
    assert [record.key async for record in store.records("Work", after=found["1"].id)] == ["2", "3"]
    assert await store.count("Work") == 3


async def test_what_a_hook_keeps_is_not_deleted(at_work: AtWork) -> None:
    services, _, nudges = at_work
    store = Store(services, nudges, "ann")
    await store.upsert("Work", [{"number": "1", "title": "kept"}, {"number": "2"}])
    assert await store.delete("Work", ["1", "2", "none"]) == {"1": "is kept"}
    assert await store.count("Work") == 1


async def test_what_is_harvested_is_as_the_hooks_leave_it_and_what_they_keep_is_an_error_of_the_task(
    at_work: AtWork,
) -> None:
    services, desk, nudges = at_work
    works = services.catalog["Work"]
    task = await desk.start(Order(Kind.HARVEST, "Work", {"source": 1}))
    claimed = await services.database.write(lambda session: claim_task(session, task.id))
    assert claimed
    writer = HarvestWriter(services.database, 1, read_mapping(works, None), claimed)
    page = Taken()
    page.put("1", "oai:1", {"number": "1", "title": " kept "})
    page.put("2", "oai:2", {"number": "2", "title": "gone"})
    assert await writer.take(page, Counts(), {}) == Counts(created=2)
    gone = Taken(deletions={"1", "2"})
    assert await writer.take(gone, Counts(), {}) == Counts(deleted=1, failed=1)
    found = await Store(services, nudges, None).get("Work", ["1", "2"])
    assert {key: one.data["title"] for key, one in found.items()} == {"1": "kept"}
    assert await errors_of(services, task) == ["1"]
    assert await letters(services) == []


async def test_a_record_comes_back_and_goes_back_as_the_hooks_leave_it(at_work: AtWork) -> None:
    services, _, _ = at_work
    works = services.catalog["Work"]
    async with services.database.writing() as session:
        await upsert_many(session, works, [prepare(works, {"number": "1", "year": 1})])
        (record,) = (await records_by_key(session, "Work", ["1"])).values()
        gone = await session.delete(record)
        back = await session.restore(works, gone, data={**gone.data, "year": 2})
        assert (back.data["year"], back.revision) == (2, 3)
        reverted = await session.revert(works, back, 1, revised=lambda data: {**data, "title": "t"})
        assert (reverted.data, reverted.revision) == ({"number": "1", "year": 1, "title": "t"}, 4)


async def test_a_hook_is_told_of_each_change_once_committed_and_goes_on_where_it_was(at_work: AtWork) -> None:
    services, _, nudges = at_work
    store, heard = Store(services, nudges, "ann"), of(services.catalog, "heard")
    await store.upsert("Work", [{"number": "0"}])
    async with telling(at_work):
        await store.upsert("Artist", [{"number": "9"}])
        await store.upsert("Work", [{"number": "1", "title": "a"}])
        await until(lambda: len(heard) == 1)
        await store.upsert("Work", [{"number": "1", "title": "b"}, {"number": "2"}])
        await store.delete("Work", ["2"])
        await until(lambda: len(heard) == 4)
    await store.upsert("Work", [{"number": "3"}])
    async with telling(at_work):
        await until(lambda: len(heard) == 5)
        await asyncio.sleep(0.3)
    said: list[Commit] = heard
    assert [(one.operation, one.key, one.revision, one.data.get("title")) for one in said] == [
        ("CREATE", "1", 1, "a"),
        ("UPDATE", "1", 2, "b"),
        ("CREATE", "2", 1, None),
        ("DELETE", "2", 2, None),
        ("CREATE", "3", 1, None),
    ]


async def test_after_a_restore_into_another_postgresql_a_hook_is_told_of_what_it_had_yet_to_hear(
    at_work: AtWork, database_url: str
) -> None:
    services, _, nudges = at_work
    store, heard = Store(services, nudges, "ann"), of(services.catalog, "heard")
    async with telling(at_work):
        await store.upsert("Work", [{"number": "1"}])
        await until(lambda: len(heard) == 1)
    await store.upsert("Work", [{"number": "2"}])
    async with services.database.writing() as session:
        for table in ("revisions", "commit_hooks"):
            await session.run(text(f"UPDATE {table} SET transaction_id = transaction_id + 1000000"))
    await migrate(database_url)
    await store.upsert("Work", [{"number": "3"}])
    async with telling(at_work):
        await until(lambda: len(heard) == 3)
    assert [one.key for one in heard] == ["1", "2", "3"]


async def test_a_change_that_a_hook_fails_at_is_told_again_and_then_is_a_dead_letter(
    at_work: AtWork, impatient: None
) -> None:
    services, _, nudges = at_work
    store, heard, refused = (
        Store(services, nudges, "ann"),
        *(of(services.catalog, name) for name in ("heard", "refused")),
    )
    refused.add("2")
    async with telling(at_work):
        await store.upsert("Work", [{"number": "1"}, {"number": "2", "title": "t"}, {"number": "3"}])
        await until(lambda: {one.key for one in heard} == {"1", "3"})
        await store.upsert("Work", [{"number": "4"}])
        await until(lambda: "4" in {one.key for one in heard})
    (letter,) = await letters(services)
    assert (letter.collection, letter.key, letter.operation) == ("Work", "2", "HOOK")
    assert letter.reason.endswith(".hear: ValueError: not this one")

    tell = Teller(*at_work).tell_again
    await retry_dead_letter(services.database, services.catalog["Work"], letter, None, tell)
    assert [one.attempts for one in await letters(services)] == [2]
    refused.clear()
    await retry_dead_letter(services.database, services.catalog["Work"], letter, None, tell)
    assert await letters(services) == []
    assert (heard[-1].key, heard[-1].operation, heard[-1].data) == ("2", "CREATE", {"number": "2", "title": "t"})


async def test_a_hook_that_is_away_is_told_of_everything_when_it_is_back(at_work: AtWork, impatient: None) -> None:
    services, _, nudges = at_work
    store, heard, refused = (
        Store(services, nudges, "ann"),
        *(of(services.catalog, name) for name in ("heard", "refused")),
    )
    refused |= {str(number) for number in range(5)}
    async with telling(at_work):
        await store.upsert("Work", [{"number": str(number)} for number in range(5)])
        await asyncio.sleep(1)
        assert heard == []
        refused.clear()
        await until(lambda: len(heard) == 5)
    assert await letters(services) == []


async def run_of(at_work: AtWork, task: Task) -> None:
    _, desk, nudges = at_work
    await Runner(desk).run(task.id, lambda services, run: run_extension(services, run, nudges))


async def test_a_task_whose_worker_was_lost_goes_on_where_it_saved_and_tells_each_error_once(at_work: AtWork) -> None:
    services, desk, nudges = at_work
    await Store(services, nudges, None).upsert("Work", [{"number": str(number)} for number in range(6)])
    task = await desk.start(extension_order("count", None, {"a": 1}, "ann"))

    await lose(at_work, task)
    await run_of(at_work, task)
    done = await current(services, task)
    assert (done.state, done.result, done.progress.done, done.progress.failed) == (State.PARTIAL, {"counted": 6}, 6, 6)
    assert await errors_of(services, task) == [str(number) for number in range(6)]
    third = (await Store(services, nudges, None).get("Work", ["2"]))["2"].id
    assert of(services.catalog, "runs") == [(None, {"a": 1}, 0), ({"after": third}, {"a": 1}, 3)]


async def saved(services: Services, task: Task) -> int:
    """How many records the work had done at the place that it has saved."""
    async with services.database.reading() as session:
        noted = await read_checkpoint(session, task)
    return noted["done"] if noted else 0


async def lose(at_work: AtWork, task: Task) -> None:
    """Have a worker save the third record's place, and never be heard of again."""
    services, _, _ = at_work
    running = asyncio.create_task(run_of(at_work, task))
    async with asyncio.timeout(20):
        while await saved(services, task) < 3:  # noqa: ASYNC110 - nor here
            await asyncio.sleep(0.05)
    await end(running)
    (waiting,) = await services.database.write(lambda session: revive_tasks(session, timedelta(0), 5))
    assert waiting.state is State.QUEUED


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refuses", "There is nothing to do."),
        ("gives", "gave object as its result"),
        ("gone", "No extension of this worker has a task gone."),
    ],
)
async def test_a_task_that_can_not_be_done_says_why(at_work: AtWork, name: str, said: str) -> None:
    services, desk, _ = at_work
    task = await desk.start(extension_order(name, None, {}, "ann"))
    await run_of(at_work, task)
    failed = await current(services, task)
    assert (failed.state, said in str(failed.message)) == (State.FAILED, True)


async def test_schedules_follow_the_extensions_that_are_there(at_work: AtWork) -> None:
    services, _, _ = at_work
    await schedule_extensions(services)
    async with services.database.reading() as session:
        (schedule,) = await list_schedules(session)
    assert (schedule.name, str(schedule.line), schedule.order.arguments["name"]) == (
        "extension:count", "0 3 * * *", "count",
    )  # fmt: skip
    services.catalog.extras.tasks.clear()
    await schedule_extensions(services)
    async with services.database.reading() as session:
        assert await list_schedules(session) == []
