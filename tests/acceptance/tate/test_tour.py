"""The tour of the documentation: each of its questions is answered as it says."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.tate.catalogue import CHECKOUT, Tate

SECTION = re.compile(
    r"^## (?P<number>\d+)\. (?P<question>[^\n]+\?)$.*?```graphql\n(?P<query>.*?)```\s*```json\n(?P<answer>.*?)```",
    re.MULTILINE | re.DOTALL,
)
TOUR = (CHECKOUT / "docs" / "tour.md").read_text()


@dataclass(frozen=True)
class Stop:
    """One question of the tour, its query and its answer."""

    number: int
    question: str
    query: str
    answer: dict[str, Any]


STOPS = [
    Stop(int(found["number"]), found["question"], found["query"], json.loads(found["answer"]))
    for found in SECTION.finditer(TOUR)
]


def test_there_are_twenty_questions() -> None:
    assert [stop.number for stop in STOPS] == list(range(1, 21))
    assert TOUR.count("```graphql") == TOUR.count("```json") == 20


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.question)
def test_the_answer_is_the_one_that_the_tour_gives(sample: Tate, stop: Stop) -> None:
    assert sample.ask(stop.query) == stop.answer
