"""Who pages through a list while others write to it sees every record that nobody touches exactly once."""

import random
from typing import Any

import pytest

from tests.integration.questions.conftest import Runner
from tests.integration.questions.one_process import OneProcess

FILE = {
    "name": "Sheet",
    "key": "code",
    "schema": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "title": {"type": ["string", "null"], "x-search": {"text": "standard"}},
            "size": {"type": ["number", "null"]},
            "notes": {"type": "array", "items": {"type": "object", "properties": {"rank": {"type": "integer"}}}},
        },
    },
    "access": {"read": "public", "write": "editor"},
}
ORDERS: list[list[dict[str, Any]]] = [
    [{"size": "ASC"}],
    [{"size": "DESC"}, {"title": "ASC"}],
    [{"notes": {"rank": "DESC"}}, {"title": "DESC"}],
    [{"code": "DESC"}],
]
DOCUMENT = """query($by: [SheetOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  sheets(orderBy: $by, first: $first, after: $after, last: $last, before: $before) {
    nodes { id code } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
UNTOUCHED = 40


def sheet(code: str, chance: random.Random) -> dict[str, Any]:
    return {
        "code": code,
        "title": chance.choice([None, "", "a", "B", "é"]),
        "size": chance.choice([None, -1, 0, 0.5, 7]),
        "notes": [{"rank": chance.randint(0, 3)} for _ in range(chance.randint(0, 2))],
    }


@pytest.mark.parametrize("forward", [True, False], ids=["forwards", "backwards"])
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_what_is_not_written_is_seen_once_and_in_order(runner: Runner, order: list[Any], forward: bool) -> None:
    runner.run(page_through(runner.one, order, forward=forward))


async def page_through(one: OneProcess, order: list[Any], *, forward: bool) -> None:
    chance = random.Random(7)
    await one.take({"Sheet": FILE})
    still = [sheet(f"still-{n:02}", chance) for n in range(UNTOUCHED)]
    await one.load({"Sheet": [*still, *(sheet(f"moved-{n}", chance) for n in range(20))]})
    expected = [node["code"] for node in (await one.ask(DOCUMENT, {"by": order, "first": 100}))["sheets"]["nodes"]]
    seen: list[str] = []
    place: dict[str, Any] = {}
    ahead, cursor, size = (
        ("hasNextPage", "endCursor", "first") if forward else ("hasPreviousPage", "startCursor", "last")
    )
    for number in range(100):
        page = (await one.ask(DOCUMENT, {"by": order, size: 7, **place}))["sheets"]
        codes = [node["code"] for node in page["nodes"]]
        seen = seen + codes if forward else codes + seen
        if not page["pageInfo"][ahead]:
            break
        place = {"after" if forward else "before": page["pageInfo"][cursor]}
        await disturb(one, chance, number, page["nodes"])
    assert [code for code in seen if code.startswith("still")] == [c for c in expected if c.startswith("still")]


async def disturb(one: OneProcess, chance: random.Random, number: int, shown: list[Any]) -> None:
    """Move some records, add some, and delete one, on which the cursor may stand."""
    moved = [sheet(f"moved-{n}", chance) for n in chance.sample(range(20), 5)]
    await one.load({"Sheet": [*moved, sheet(f"added-{number}", chance)]})
    for node in (shown[-1], shown[0]):
        if not node["code"].startswith("still"):
            await one.change("mutation($id: ID!) { deleteSheet(id: $id) { errors { code } } }", id=node["id"])
            return
