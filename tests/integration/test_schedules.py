"""Schedules: what is due becomes a task once, whoever looks, and whatever was away meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import make_url, text

from models.cron import read_cron
from models.database import Database
from models.schedules import Schedule, fire_schedules, list_schedules, remove_schedule, set_schedule
from models.task_runs import cancel_task
from models.tasks import Kind, Order, Task, list_tasks
from models.writes import WriteSession
from tests.integration.cable import Cable
from tests.integration.conftest import WORKS, ServerUrls
from tests.running import part

pytestmark = pytest.mark.anyio
HOURLY = read_cron("0 * * * *")
REBUILD = Order(Kind.REBUILD, "Work", {"any": 1}, "somebody")
BEATS = 2


async def scheduled(database: Database, name: str = "nightly", order: Order = REBUILD, line: str = "0 * * * *") -> None:
    await database.write(lambda session: set_schedule(session, name, read_cron(line), order))


async def due(database: Database, seconds: float = 0) -> None:
    """Have all schedules be due since `seconds`, or in as many where it is negative."""
    async with database.writing() as session:
        await session.run(text("UPDATE schedules SET next_at = now() - make_interval(secs => :s)"), {"s": seconds})


async def fired(database: Database) -> list[Task]:
    return await database.write(fire_schedules)


async def known(database: Database) -> list[Schedule]:
    async with database.reading() as session:
        return await list_schedules(session)


async def made(database: Database) -> list[Task]:
    async with database.reading() as session:
        return await list_tasks(session, 1_000)


async def until_made(database: Database, number: int, seconds: float = 20) -> list[Task]:
    deadline = time.monotonic() + seconds
    while len(tasks := await made(database)) < number:
        assert time.monotonic() < deadline, f"{len(tasks)} of {number}"
        await asyncio.sleep(0.1)
    return tasks


async def test_what_is_not_due_waits(database: Database) -> None:
    await scheduled(database)
    assert await fired(database) == []
    (schedule,) = await known(database)
    assert datetime.now(UTC) < schedule.next_at == HOURLY.next_after(datetime.now(UTC))
    assert schedule.last_fired_at is None


async def test_what_is_due_becomes_the_task_that_was_ordered_and_is_due_again_later(database: Database) -> None:
    await scheduled(database)
    await due(database)
    (task,) = await fired(database)
    assert (task.kind, task.collection, task.arguments, task.by) == (Kind.REBUILD, "Work", {"any": 1}, "somebody")
    (schedule,) = await known(database)
    assert schedule.last_fired_at is not None
    assert schedule.next_at == HOURLY.next_after(schedule.last_fired_at)


async def test_what_was_due_many_times_is_made_up_once(database: Database) -> None:
    await scheduled(database)
    await due(database, seconds=90 * 86_400)
    assert len(await fired(database)) == 1
    (task,) = await made(database)
    await database.write(lambda session: cancel_task(session, task.id))
    assert await fired(database) == []


async def test_what_still_runs_is_not_doubled_and_follows_once_it_has_ended(database: Database) -> None:
    await scheduled(database, order=Order(Kind.EXTENSION, None, {}))
    await due(database)
    (first,) = await fired(database)
    await due(database)
    assert await fired(database) == await fired(database) == []
    await database.write(lambda session: cancel_task(session, first.id))
    assert len(await fired(database)) == 1


async def test_two_of_one_kind_and_collection_come_one_after_the_other(database: Database) -> None:
    await scheduled(database, "one")
    await scheduled(database, "other")
    await due(database)
    (first,) = await fired(database)
    assert await fired(database) == []
    await database.write(lambda session: cancel_task(session, first.id))
    (second,) = await fired(database)
    assert second.id != first.id


async def test_a_change_counts_from_now_and_keeps_what_is_due(database: Database) -> None:
    await scheduled(database)
    await due(database)
    await scheduled(database, order=Order(Kind.VERIFY, "Work", {"repair": True}))  # the same line
    (task,) = await fired(database)
    assert task.kind is Kind.VERIFY
    await due(database)
    await scheduled(database, line="30 3 * * * Europe/London")
    assert await fired(database) == []
    assert [str(schedule.line) for schedule in await known(database)] == ["30 3 * * * Europe/London"]


async def test_what_is_removed_or_undone_never_fires(database: Database) -> None:
    await scheduled(database)
    await due(database)
    await database.write(lambda session: remove_schedule(session, "nightly"))

    async def undone(session: WriteSession) -> None:
        await set_schedule(session, "other", HOURLY, REBUILD)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(undone)
    assert await known(database) == []
    assert await fired(database) == []


async def test_a_line_that_nobody_can_read_any_more_stops_no_other(database: Database) -> None:
    await scheduled(database, "good")
    await scheduled(database, "wrong", Order(Kind.VERIFY, "Work", {}))
    await due(database)
    async with database.writing() as session:
        await session.run(text("UPDATE schedules SET zone = 'Atlantis' WHERE name = 'wrong'"))
    assert [task.kind for task in await fired(database)] == [Kind.REBUILD]


async def test_of_many_who_look_at_once_one_fires(database: Database) -> None:
    for number in range(20):
        await scheduled(database, f"schedule {number}", Order(Kind.EXTENSION, None, {"number": number}))
    await due(database)
    found = await asyncio.gather(*(fired(database) for _ in range(5)))
    numbers = [task.arguments["number"] for tasks in found for task in tasks]
    assert sorted(numbers) == list(range(20))


@pytest.fixture
async def cable(database_url: str) -> AsyncIterator[Cable]:
    url = make_url(database_url)
    async with Cable(str(url.host), int(url.port or 5432)) as cable:
        yield cable


@pytest.fixture
async def broker_url(servers: ServerUrls) -> AsyncIterator[str]:
    """A broker on which nobody works."""
    url = f"{servers.redis_url.rpartition('/')[0]}/15"
    yield url
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


@pytest.fixture
async def beats(
    database_url: str, cable: Cable, broker_url: str, servers: ServerUrls, tmp_path: Path
) -> AsyncIterator[None]:
    """Beats on the database at the other end of the cable."""
    collections = tmp_path / "collections"
    collections.mkdir()
    (collections / "work.yaml").write_text(WORKS)
    remote = make_url(database_url).set(host="127.0.0.1", port=cable.port)
    settings = {
        "collections": str(collections),
        "database_url": remote.render_as_string(hide_password=False),
        "elasticsearch_url": servers.elasticsearch_url,
        "redis_url": servers.redis_url,
        "broker_url": broker_url,
        "index_prefix": tmp_path.name.replace("_", "-").lower(),
        "secret": "not much of a secret",
    }
    lines = [f"CATALOGRAPH_{name.upper()}={value}\n" for name, value in settings.items()]
    (tmp_path / "settings.env").write_text("".join(lines))
    running = ExitStack()
    for number in range(BEATS):
        running.enter_context(part(["beat", "--data", str(tmp_path)], tmp_path / f"beat-{number}.log"))
    yield
    await asyncio.to_thread(running.close)  # the cable is in this loop


@pytest.mark.usefixtures("beats")
async def test_of_several_beats_one_fires_also_after_postgresql_was_away(database: Database, cable: Cable) -> None:
    number = 10
    for place in range(number):
        await scheduled(database, f"schedule {place}", Order(Kind.EXTENSION, None, {"place": place}))
    await due(database)
    tasks = await until_made(database, number)
    await cable.cut()
    for task in tasks:
        await database.write(lambda session, task=task: cancel_task(session, task.id))  # type: ignore[misc]
    await due(database)
    await asyncio.sleep(2)  # the beats look every second
    assert len(await made(database)) == number
    await cable.mend()
    await until_made(database, 2 * number)
    await asyncio.sleep(2)  # nobody fires them once more
    places = [task.arguments["place"] for task in await made(database)]
    assert sorted(places) == sorted([*range(number)] * 2)
