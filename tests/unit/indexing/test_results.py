"""The cache of answers is bounded, and nobody waits long for a store that does not answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from config import load_settings
from errors import SearchUnavailable
from indexing.joining import Joined
from indexing.moments import Moments
from indexing.pulse import QUESTIONS, Pulse
from indexing.result_memory import OVERHEAD, Kept, ResultMemory
from indexing.results import ResultCache
from indexing.server import SearchServer
from indexing.slots import Slots
from metrics import RESULT_SHARED_BYTES
from models.stamps import StampReader

pytestmark = pytest.mark.anyio
NOBODY_LISTENS = "127.0.0.1:1"


def kept(size: int, stamp: bytes = b"now") -> Kept:
    return Kept(stamp, b"x" * size)


def test_a_process_keeps_as_many_bytes_as_it_is_allowed_the_last_used_longest() -> None:
    memory = ResultMemory(3 * (OVERHEAD + 100))
    for key in (b"a", b"b", b"c"):
        memory.put(key, kept(100))
    assert memory.get(b"a", b"now")
    memory.put(b"d", kept(100))
    assert [bool(memory.get(key, b"now")) for key in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    memory.put(b"e", kept(300))
    assert [bool(memory.get(key, b"now")) for key in (b"a", b"c", b"d", b"e")] == [False, False, True, True]


def test_an_answer_takes_the_place_of_the_one_before_and_counts_once() -> None:
    memory = ResultMemory(2 * (OVERHEAD + 100))
    for _ in range(10):
        memory.put(b"a", kept(100))
    memory.put(b"b", kept(100))
    assert memory.get(b"a", b"now")
    memory.put(b"a", kept(100, b"later"))
    assert memory.get(b"a", b"now") is None
    assert memory.get(b"a", b"later")


def test_what_is_larger_than_all_that_is_allowed_is_not_kept() -> None:
    memory = ResultMemory(OVERHEAD + 100)
    memory.put(b"a", kept(100))
    memory.put(b"b", kept(101))
    assert memory.get(b"b", b"now") is None
    assert memory.get(b"a", b"now")


async def test_without_redis_nothing_is_shared_and_nobody_waits() -> None:
    slots = Slots(f"redis://{NOBODY_LISTENS}/0", "t", 10, 1_000, 60, RESULT_SHARED_BYTES)
    began = time.monotonic()
    for _ in range(100):
        slots.put(b"k" * 16, b"body", b"s" * 16)
        assert await slots.get(b"k" * 16, b"s" * 16) is None
    assert time.monotonic() - began < 0.5
    await slots.close()


async def test_without_postgresql_no_moment_is_known_and_nobody_waits() -> None:
    moments = Moments(StampReader(f"postgresql://{NOBODY_LISTENS}/catalograph"))
    began = time.monotonic()
    for _ in range(20):
        assert await moments.now(["Work"]) is None
    assert time.monotonic() - began < 0.5
    await moments.close()


async def test_who_asks_while_a_question_is_under_way_shares_the_next() -> None:
    asked: list[float] = []

    async def ask() -> int:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.02)
        return len(asked)

    joined = Joined(ask)
    first = asyncio.create_task(joined.answer())
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(joined.answer()) for _ in range(50)]
    later[0].cancel()
    answers = await asyncio.gather(first, *later[1:])
    assert answers == [1] + [2] * 49


async def test_a_sign_of_life_is_asked_for_anew_unless_many_ask() -> None:
    alive, asked = True, 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if not alive:
            raise SearchUnavailable("Nobody is there.")

    pulse = Pulse(ask)
    assert all([await pulse.beats() for _ in range(500)])
    assert QUESTIONS <= asked <= 100
    await asyncio.sleep(0.03)
    assert await pulse.beats()
    alive = False
    assert not await pulse.beats()


class Cache(ResultCache):
    """The cache at a moment that is told."""

    def __init__(self) -> None:
        settings = load_settings(
            environment={}, collections="c", database_url=f"postgresql://{NOBODY_LISTENS}/b", broker_url="redis://a",
            elasticsearch_url=f"http://{NOBODY_LISTENS}", redis_url=f"redis://{NOBODY_LISTENS}/0", secret="s" * 16,
        )  # fmt: skip
        self.server = SearchServer(settings.elasticsearch_url, 1)
        super().__init__(settings, self.server)
        self._moments = Told()  # type: ignore[assignment]
        self.made = 0

    async def ask(self, body: bytes | None = b"{}", seconds: float = 0.01) -> Any:
        async def make() -> tuple[str, bytes | None]:
            self.made += 1
            await asyncio.sleep(seconds)
            return "made", body

        return await self.result(b"k" * 16, ["Work"], make)


class Told:
    moment: bytes | None = b"m" * 16

    async def now(self, _collections: list[str]) -> bytes | None:
        return self.moment

    async def close(self) -> None: ...


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    cache = Cache()
    yield cache
    await cache.close()
    await cache.server.close()


async def test_of_many_who_ask_at_once_one_makes_the_answer(cache: Cache) -> None:
    answers = await asyncio.gather(*(cache.ask() for _ in range(20)))
    assert (cache.made, sorted(map(str, answers))) == (1, ["b'{}'"] * 19 + ["made"])


async def test_when_the_one_who_makes_it_leaves_another_does(cache: Cache) -> None:
    first = asyncio.create_task(cache.ask(seconds=5))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(cache.ask()) for _ in range(10)]
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(*others)
    assert cache.made == 2


async def test_what_went_wrong_for_one_is_tried_by_each(cache: Cache) -> None:
    assert await asyncio.gather(*(cache.ask(None) for _ in range(5))) == ["made"] * 5
    assert cache.made == 5


async def test_while_a_write_is_on_its_way_each_asks_for_itself(cache: Cache) -> None:
    cache._moments.moment = None  # type: ignore[attr-defined]
    await asyncio.gather(*(cache.ask() for _ in range(5)))
    assert cache.made == 5


async def test_what_is_kept_is_not_given_while_search_is_away(cache: Cache) -> None:
    assert [await cache.ask() for _ in range(3)] == ["made"] * 3
