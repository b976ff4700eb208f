"""Look-ups of one tick are one call, whoever asks; each has what it asked for, or an error of its own."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from errors import DatabaseUnavailable
from models import gathering
from models.ending import end
from models.gathering import Gathering

pytestmark = pytest.mark.anyio


class Squares:
    """Knows the squares of numbers below 100, and what it was asked."""

    def __init__(self, *, quick: bool = True) -> None:
        self.asked: list[list[int]] = []
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        if quick:
            self.may_go_on.set()

    async def find(self, numbers: Collection[int]) -> Mapping[int, int]:
        self.asked.append(list(numbers))
        self.begun.set()
        await self.may_go_on.wait()
        if -1 in numbers:
            raise DatabaseUnavailable("It is away.", "Wait.")
        return {number: number * number for number in numbers if number < 100}


async def test_what_is_asked_in_one_tick_is_one_look_up() -> None:
    squares = Squares()
    shared = Gathering(squares.find)
    first, second = await asyncio.gather(shared.find([1, 2]), shared.find([2, 3, 100]))
    assert squares.asked == [[1, 2, 3, 100]]
    assert (first[2], second[2], second[3], second.get(100)) == (4, 4, 9, None)


async def test_what_is_asked_while_one_is_under_way_is_another() -> None:
    squares = Squares(quick=False)
    shared = Gathering(squares.find)
    before = asyncio.create_task(shared.find([1]))
    await squares.begun.wait()
    after = asyncio.create_task(shared.find([1]))
    await asyncio.sleep(0.01)
    squares.may_go_on.set()
    await asyncio.gather(before, after)
    assert squares.asked == [[1], [1]]


async def test_a_large_look_up_is_one_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 3)
    squares = Squares()
    shared = Gathering(squares.find)
    await asyncio.gather(shared.find([1, 2]), shared.find([3, 4, 5, 6]), shared.find([7]))
    assert squares.asked == [[1, 2], [3, 4, 5, 6], [7]]


async def test_a_failure_reaches_all_who_asked() -> None:
    shared = Gathering(Squares().find)
    answers = await asyncio.gather(shared.find([1]), shared.find([-1]), return_exceptions=True)
    assert [type(one) for one in answers] == [DatabaseUnavailable, DatabaseUnavailable]
    assert answers[0] is not answers[1], "an error gathers the frames that it goes through"
    assert (await shared.find([3]))[3] == 9


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    squares = Squares(quick=False)
    shared = Gathering(squares.find)
    impatient, patient = (asyncio.create_task(shared.find([number])) for number in (1, 2))
    await squares.begun.wait()
    impatient.cancel()
    squares.may_go_on.set()
    assert (await patient)[2] == 4
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_what_nobody_waits_for_any_more_is_broken_off_or_not_even_begun() -> None:
    squares = Squares(quick=False)
    shared = Gathering(squares.find)
    waiting = [asyncio.create_task(shared.find([number])) for number in (1, 2)]
    await squares.begun.wait()
    before = asyncio.all_tasks()
    await end(*waiting)
    await asyncio.sleep(0)
    assert len(before - asyncio.all_tasks()) == 3, "two who waited, and the look-up"
    early = asyncio.create_task(shared.find([3]))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.sleep(0.01)
    assert squares.asked == [[1, 2]]


async def test_closing_ends_what_is_under_way() -> None:
    squares = Squares(quick=False)
    shared = Gathering(squares.find)
    waiting = asyncio.create_task(shared.find([1]))
    await squares.begun.wait()
    await shared.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
