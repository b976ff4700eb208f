"""Links between records, forwards and back: what they lead to, what that costs, and how included copies follow."""

import gc
import weakref
from typing import Any

import pytest

import server
from resolvers.context import Context
from tests.integration.questions.conftest import Runner
from tests.integration.questions.one_process import OneProcess

NAME = {"type": "string", "x-search": {"text": "standard", "facet": True}}
COUNTRY = {
    "name": "Country",
    "key": "code",
    "schema": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "name": NAME,
            "borders": {
                "type": "array",
                "items": {
                    "type": "string",
                    "x-link": {"collection": "Country", "as": "neighbours", "reverse": "borderedBy"},
                },
            },
            "capitalId": {"type": ["integer", "null"], "x-link": {"collection": "City", "reverse": "capitalOf"}},
        },
    },
    "access": {"read": "public", "write": "editor"},
}
CITY = {
    "name": "City",
    "key": "number",
    "schema": {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "name": NAME,
            "size": {"type": "integer", "x-search": {"facet": {"interval": 10}}},
            "country": {
                "type": ["string", "null"],
                "x-link": {"collection": "Country", "as": "land", "reverse": "cities", "include": ["name"]},
            },
        },
    },
    "access": {"read": "public", "write": "editor"},
}
COUNTRIES: list[dict[str, Any]] = [
    {"code": f"c{n}", "name": f"Land {n}", "borders": [f"c{n + 2}", f"c{n + 1}"], "capitalId": n * 10} for n in range(8)
]
CITIES: list[dict[str, Any]] = [
    {"number": n, "name": f"Town {n}", "size": n % 30, "country": f"c{n // 10}"} for n in range(78)
]
LOOSE = [{"number": 100, "name": "Atlantis", "country": "nowhere"}, {"number": 101, "name": "Ship"}]
LEVELS = """query($first: Int) { cities(first: $first) { nodes {
    land { neighbours { capital { land { name } } } } } } }"""
BACK = """query($first: Int) { countries(first: $first) { nodes {
    cities(first: 2) { nodes { name } } borderedBy(first: 1) { totalCount } } } }"""
REVERSE = """query($after: String) { country(key: "c1") { cities(
    search: "town", filter: {size: {gte: 12}}, orderBy: [{size: DESC}], first: 2, after: $after
  ) {
    totalCount nodes { number size } pageInfo { hasNextPage hasPreviousPage endCursor }
    facets { size { buckets { from count } } land { name { buckets { value count } } } }
} } }"""


@pytest.fixture
def world(runner: Runner) -> Runner:
    async def fill(one: OneProcess) -> None:
        await one.take({"Country": COUNTRY, "City": CITY})
        await one.load({"City": CITIES + LOOSE, "Country": COUNTRIES})

    runner.run(fill(runner.one))
    return runner


def test_each_level_is_one_statement_however_many_parents_there_are(world: Runner) -> None:
    async def count(one: OneProcess) -> None:
        for first in (3, 70):
            _, sent = await one.explained(LEVELS, first=first)
            # The cities, their countries, the neighbours, the capitals; where these lie is loaded by then.
            assert [request["store"] for request in sent] == ["elasticsearch", *["postgresql"] * 3], first

    world.run(count(world.one))


def test_two_collections_on_one_level_are_one_statement_each(world: Runner) -> None:
    async def count(one: OneProcess) -> None:
        _, sent = await one.explained("{ countries(first: 8) { nodes { capital { name } neighbours { name } } } }")
        assert [request["store"] for request in sent] == ["elasticsearch", "postgresql", "postgresql"]
        asked = [request["parameters"] for request in sent[1:]]
        assert sorted((collection, len(keys)) for collection, keys in asked) == [("City", 8), ("Country", 9)]

    world.run(count(world.one))


def test_what_links_to_many_records_is_one_request(world: Runner) -> None:
    async def count(one: OneProcess) -> None:
        for first in (2, 8):
            _, (parents, children) = await one.explained(BACK, first=first)
            assert parents["path"].partition("?")[0].endswith("/_search")
            assert children["path"].partition("?")[0].endswith("/_msearch")
            assert len(children["body"]) == 2 * 2 * first, "for each parent two searches, of two lines"

    world.run(count(world.one))


def test_what_a_request_of_a_known_document_has_read_goes_without_the_garbage_collector(
    world: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Context]] = []

    def remembered(*arguments: Any, **named: Any) -> Context:
        context = Context(*arguments, **named)
        made.append(weakref.ref(context))
        return context

    async def ask() -> None:
        for document in (LEVELS, BACK, REVERSE):
            await world.one.ask(document)

    world.run(ask())
    monkeypatch.setattr(server, "Context", remembered)
    gc.disable()
    try:
        world.run(ask())
        assert [context() for context in made] == [None] * 3
    finally:
        gc.enable()


def test_a_reverse_field_takes_what_a_root_field_takes(world: Runner) -> None:
    async def ask(one: OneProcess) -> None:
        first = (await one.ask(REVERSE))["country"]["cities"]
        assert first["totalCount"] == 8
        assert first["nodes"] == [{"number": 19, "size": 19}, {"number": 18, "size": 18}]
        assert first["facets"]["size"]["buckets"] == [{"from": 10.0, "count": 10}], "without its own filter"
        assert first["facets"]["land"]["name"]["buckets"] == [{"value": "Land 1", "count": 8}]
        page = first["pageInfo"]
        assert (page["hasNextPage"], page["hasPreviousPage"]) == (True, False)
        second = (await one.ask(REVERSE, {"after": page["endCursor"]}))["country"]["cities"]
        assert second["nodes"] == [{"number": 17, "size": 17}, {"number": 16, "size": 16}]
        assert second["pageInfo"]["hasPreviousPage"]

    world.run(ask(world.one))


def test_a_list_of_links_keeps_its_order_and_has_null_for_what_is_missing(world: Runner) -> None:
    async def ask(one: OneProcess) -> None:
        found = await one.ask('{ country(key: "c6") { borders neighbours { code } } }')
        assert found["country"] == {"borders": ["c8", "c7"], "neighbours": [None, {"code": "c7"}]}

    world.run(ask(world.one))


def test_a_link_that_leads_nowhere_is_null_and_can_be_looked_for(world: Runner) -> None:
    async def ask(one: OneProcess) -> None:
        document = "{ cities(filter: {land: {exists: false}}) { nodes { name land { code } } } }"
        nodes = (await one.ask(document))["cities"]["nodes"]
        assert nodes == [{"name": "Atlantis", "land": None}, {"name": "Ship", "land": None}]
        held = "{ cities(filter: {country: {exists: true}, land: {exists: false}}) { nodes { name } } }"
        assert (await one.ask(held))["cities"]["nodes"] == [{"name": "Atlantis"}]

    world.run(ask(world.one))


def test_a_link_to_the_own_collection_goes_both_ways(world: Runner) -> None:
    async def ask(one: OneProcess) -> None:
        found = await one.ask('{ country(key: "c2") { borderedBy { nodes { code neighbours { code } } } } }')
        assert found["country"]["borderedBy"]["nodes"] == [
            {"code": "c0", "neighbours": [{"code": "c2"}, {"code": "c1"}]},
            {"code": "c1", "neighbours": [{"code": "c3"}, {"code": "c2"}]},
        ]

    world.run(ask(world.one))


def test_records_are_found_by_what_their_target_is_called_now(world: Runner) -> None:
    async def rename(one: OneProcess) -> None:
        count = "query($s: String, $f: CityFilter) { cities(search: $s, filter: $f) { totalCount } }"
        await one.load({"City": [], "Country": [{"code": "c1", "name": "Ruritania"}]})
        assert (await one.ask(count, {"s": "ruritania"}))["cities"]["totalCount"] == 10
        assert (await one.ask(count, {"s": '"land 1"'}))["cities"]["totalCount"] == 0
        assert (await one.ask(count, {"f": {"land": {"name": {"eq": "Ruritania"}}}}))["cities"]["totalCount"] == 10

    world.run(rename(world.one))


def test_a_target_that_comes_late_or_goes_is_followed(world: Runner) -> None:
    async def come_and_go(one: OneProcess) -> None:
        await one.load({"City": [], "Country": [{"code": "nowhere", "name": "Mu"}]})
        by_name = '{ cities(filter: {land: {name: {eq: "Mu"}}}) { nodes { name land { name } } } }'
        assert (await one.ask(by_name))["cities"]["nodes"] == [{"name": "Atlantis", "land": {"name": "Mu"}}]
        found = await one.ask('{ country(key: "nowhere") { id } }')
        await one.change("mutation($id: ID!) { deleteCountry(id: $id) { errors { code } } }", id=found["country"]["id"])
        assert (await one.ask(by_name))["cities"]["nodes"] == []
        missing = (
            "{ cities(filter: {country: {exists: true}, land: {exists: false}}) { nodes { name land { name } } } }"
        )
        assert (await one.ask(missing))["cities"]["nodes"] == [{"name": "Atlantis", "land": None}]

    world.run(come_and_go(world.one))
