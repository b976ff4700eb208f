"""Answers that are kept: given again without a search, and never older than what anybody has seen."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexing.preparing import prepare_index
from indexing.rebuild import rebuild
from indexing.services import Services
from indexing.showing import show_changes
from indexing.slots import Slots
from indexing.sync import drain
from metrics import REGISTRY, RESULT_SHARED_BYTES
from models.records import Record, records_by_key
from server import make_app
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import create, indexed_services, update

pytestmark = pytest.mark.anyio

FILES = {
    "people.yaml": """
name: Person
key: id
schema:
  type: object
  properties:
    id: {type: string}
    number: {type: integer}
""",
    "books.yaml": """
name: Book
key: id
schema:
  type: object
  properties:
    id: {type: string}
    number: {type: integer}
    writerId: {type: string, x-link: {collection: Person, as: writer}}
""",
}
BOOKS = "{ books { nodes { key number } } }"
WRITERS = "{ books { nodes { key writer { key number } } } }"
MOST_SECONDS = 120.0

Ask = Callable[[str], Awaitable[list[dict[str, Any]]]]


@dataclass(frozen=True)
class Servers:
    """Two servers that keep answers, and one that does not."""

    services: Services
    one: Ask
    other: Ask
    plain: Ask

    async def show(self) -> None:
        """Have searches see all that was written, and everybody know it."""
        await drain(self.services)
        await show_changes(self.services)


@pytest.fixture
async def both(servers: ServerUrls, database_url: str, tmp_path: Path) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(indexed_services(servers, database_url, tmp_path, FILES))
        for collection in services.catalog:
            await prepare_index(services, collection)
        forgetful = replace(services, settings=services.settings.model_copy(update={"result_cache": 0}))
        asks = [await _server(stack, one) for one in (services, services, forgetful)]
        found = Servers(services, *asks)
        await create(services, "Person", *({"id": key, "number": 0} for key in "xy"))
        await create(services, "Book", *({"id": str(n), "number": 0, "writerId": "xy"[n % 2]} for n in range(4)))
        await found.show()
        yield found


async def _server(stack: AsyncExitStack, services: Services) -> Ask:
    app = make_app(services)
    stack.push_async_callback(app.state.close)
    client = await stack.enter_async_context(
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    )

    async def ask(document: str) -> list[dict[str, Any]]:
        answer = (await client.post("/graphql", json={"query": document})).json()
        assert "errors" not in answer, answer
        nodes: list[dict[str, Any]] = answer["data"]["books"]["nodes"]
        return nodes

    return ask


def given_by(source: str) -> float:
    """How many answers came from there, of all servers of this process."""
    return REGISTRY.get_sample_value("catalograph_results_total", {"source": source}) or 0.0


async def source_of(ask: Ask, document: str = BOOKS) -> str:
    """Where the answer to one question comes from."""
    sources = ("memory", "redis", "joined", "made", "unsettled", "volatile", "failed", "away")
    before = {source: given_by(source) for source in sources}
    await ask(document)
    (found,) = (source for source in sources if given_by(source) > before[source])
    return found


async def comes_from(ask: Ask, source: str, document: str = BOOKS) -> bool:
    """Whether answers come from there before long: on a busy machine a store may be too slow to be waited for."""
    for _ in range(200):
        if await source_of(ask, document) == source:
            return True
        await asyncio.sleep(0.02)
    return False


async def count_up(services: Services, record: Record) -> Record:
    return await update(services, record, {**record.data, "number": record.data["number"] + 1})


async def books_of(services: Services, name: str = "Book") -> list[Record]:
    async with services.database.reading() as session:
        return list((await records_by_key(session, name, [*map(str, range(4)), *"xy"])).values())


async def test_what_was_asked_before_is_given_until_a_write(both: Servers) -> None:
    assert await comes_from(both.one, "memory")
    await count_up(both.services, (await books_of(both.services))[0])
    assert [await source_of(ask) for ask in (both.one, both.other)] == ["unsettled"] * 2
    await both.show()
    assert sum(node["number"] for node in await both.one(BOOKS)) == 1
    assert await comes_from(both.one, "memory")
    assert sum(node["number"] for node in await both.one(BOOKS)) == 1


async def test_what_one_server_has_shared_is_found_by_others_for_its_moment_alone(servers: ServerUrls) -> None:
    one, other = (Slots(servers.redis_url, "t", 1, 100, 60, RESULT_SHARED_BYTES, patience=5) for _ in range(2))
    for key, stamp, body in ((b"k" * 16, b"s" * 16, b"{}"), (b"l" * 16, b"s" * 16, b"[]")):
        one.put(key, body, stamp)
        one.put(key, b"x" * 101, stamp)
        await one.settle()
        assert await other.get(key, stamp) == body
        assert await other.get(key, b"t" * 16) is None
    assert await other.get(b"k" * 16, b"s" * 16) is None, "another one has taken its place"
    await one.close()
    await other.close()


async def test_what_only_a_refresh_shows_is_seen_at_once(both: Servers) -> None:
    assert await comes_from(both.one, "memory")
    await count_up(both.services, (await books_of(both.services))[0])
    await drain(both.services)
    assert await source_of(both.one) == "unsettled"
    await both.services.indexes.refresh_serving(["Book"])  # as Elasticsearch does by itself
    assert sum(node["number"] for node in await both.one(BOOKS)) == 1


async def test_what_is_looked_up_beside_a_search_is_of_the_same_moment(both: Servers) -> None:
    assert await comes_from(both.one, "memory", WRITERS)
    await count_up(both.services, (await books_of(both.services, "Person"))[0])
    assert sum(node["writer"]["number"] for node in await both.one(WRITERS)) == 2
    assert await comes_from(both.one, "memory", BOOKS), "where people play no part"


async def test_another_index_has_other_answers(both: Servers) -> None:
    assert await comes_from(both.one, "memory")
    await rebuild(both.services, both.services.catalog["Book"])
    assert await source_of(both.one) != "memory"
    assert await comes_from(both.one, "memory")


@dataclass
class Seen:
    """The greatest number that anybody has been shown of each record."""

    numbers: dict[str, int] = field(default_factory=dict)

    async def look(self, ask: Ask, document: str) -> None:
        """Ask, and hold the answer to what others had been shown when it was asked for."""
        before = dict(self.numbers)
        found = [node.get("writer", node) for node in await ask(document)]
        behind = {
            one["key"]: (one["number"], before[one["key"]])
            for one in found
            if one["number"] < before.get(one["key"], 0)
        }
        assert behind == {}, "older than what was seen before"
        for one in found:
            self.numbers[one["key"]] = max(one["number"], self.numbers.get(one["key"], 0))


async def test_nobody_sees_less_than_anybody_has_seen_before(both: Servers) -> None:
    chance = random.Random(8)
    services, hits = both.services, given_by("memory") + given_by("redis")
    seen = {BOOKS: Seen(), WRITERS: Seen()}
    began = asyncio.get_running_loop().time()

    def runs() -> float:
        return asyncio.get_running_loop().time() - began

    def is_enough() -> bool:
        return runs() > MOST_SECONDS or (kept() > 50 and sum(seen[BOOKS].numbers.values()) > 10)

    def kept() -> float:
        return given_by("memory") + given_by("redis") - hits

    async def again(work: Callable[[], Awaitable[Any]], most: float) -> None:
        while not is_enough():
            await work()
            await asyncio.sleep(chance.uniform(0, most))

    async def write() -> None:
        await count_up(services, chance.choice(await books_of(services, chance.choice(["Book", "Book", "Person"]))))
        wanted, until = kept() + chance.choice([0, 1, 5]), runs() + 3
        while kept() < wanted and runs() < until:  # noqa: ASYNC110 - a counter sets no event
            await asyncio.sleep(0.01)

    async def look() -> None:
        document = chance.choice([BOOKS, WRITERS])
        await seen[document].look(chance.choice([both.one, both.one, both.other, both.plain]), document)

    await asyncio.gather(
        again(write, 0.05),
        *(again(lambda: drain(services), 0.03) for _ in range(2)),
        again(lambda: show_changes(services), 0.1),
        again(lambda: services.indexes.refresh_serving(["Book"]), 0.03),
        *(again(look, 0.005) for _ in range(4)),
    )
    assert kept() > 50
    assert sum(seen[BOOKS].numbers.values()) > 10
