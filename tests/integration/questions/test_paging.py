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


ALIKE = {
    "name": "Twin",
    "key": "code",
    "schema": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "title": {"type": ["string", "null"], "x-search": {"text": "standard"}},
            "kind": {"type": ["string", "null"]},
            "count": {"type": ["integer", "null"], "format": "int64"},
            "size": {"type": ["number", "null"]},
            "shown": {"type": ["boolean", "null"]},
            "day": {"type": ["string", "null"], "format": "date"},
            "words": {"type": "string", "x-search": {"text": "standard"}},
        },
    },
    "access": {"read": "public"},
}
VALUES: dict[str, list[Any]] = {
    "title": [None, "", "Été", "ete"],
    "kind": [None, "", "b", "B"],
    "count": [None, 2**63 - 1, -(2**63), 2**53 + 1, 2**53],
    "size": [None, 0, -0.0, float(-(2**63)), 0.1],
    "shown": [None, True, False],
    "day": [None, "0001-01-01", "1969-12-31"],
}
TWINS = 60
AT = """query($by: [TwinOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  twins(search: "twin", orderBy: $by, first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { cursor score node { code } } pageInfo { hasNextPage hasPreviousPage } } }"""


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("name", VALUES)
def test_many_that_are_alike_are_paged_through_as_all_others(runner: Runner, name: str, direction: str) -> None:
    other = "kind" if name != "kind" else "size"
    runner.run(page_through_alike(runner.one, name, [{name: direction}, {other: "DESC"}]))


async def page_through_alike(one: OneProcess, name: str, order: list[dict[str, str]]) -> None:
    chance = random.Random(11)
    few = {other: values[:2] for other, values in VALUES.items()} | {name: VALUES[name]}
    await one.take({"Twin": ALIKE})
    twins = [{other: chance.choice(values) for other, values in few.items()} for _ in range(TWINS)]
    await one.load({"Twin": [{"code": f"{number:02}", "words": "twin", **twin} for number, twin in enumerate(twins)]})
    whole = (await one.ask(AT, {"by": order, "first": 100}))["twins"]["edges"]
    asked: list[Any] = []
    for size in (2, 5):
        for forward in (True, False):
            await page_back_and_forth(one, order, whole, size, forward=forward, asked=asked)
    assert sum(map(is_among_alike, asked)) > TWINS // 4


async def page_back_and_forth(
    one: OneProcess, order: list[dict[str, str]], whole: list[Any], size: int, *, forward: bool, asked: list[Any]
) -> None:
    """Page to the one end of the whole list; what each page took is added to `asked`."""
    way = whole if forward else whole[::-1]
    place: dict[str, str] = {}
    for begin in range(0, TWINS, size):
        data, sent = await one.explained(AT, by=order, **{"first" if forward else "last": size, **place})
        asked.append(sent)
        shown = data["twins"]["edges"] if forward else data["twins"]["edges"][::-1]
        assert [(edge["node"], edge["score"]) for edge in shown] == [
            (edge["node"], edge["score"]) for edge in way[begin : begin + size]
        ]
        ahead, behind = begin + size < TWINS, begin > 0
        info = {"hasNextPage": ahead if forward else behind, "hasPreviousPage": behind if forward else ahead}
        assert (data["twins"]["totalCount"], data["twins"]["pageInfo"]) == (TWINS, info)
        place = {"after" if forward else "before": shown[-1]["cursor"]}


def is_among_alike(sent: list[Any]) -> bool:
    """Whether a page needed no other search than the one among those that are alike."""
    bodies = sent[0]["body"]
    return len(sent) == 1 and isinstance(bodies, list) and any("key" in one.get("sort", [{}])[0] for one in bodies)
