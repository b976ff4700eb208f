"""Sources are made, checked, changed, listed, and harvested by their schedules."""

from typing import Any

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.harvesting.sources import (
    CREATE,
    DELETE,
    HARVEST,
    MAPPING,
    UPDATE,
    database_of,
    harvested,
    harvested_at,
    item,
    listed,
    new_source,
    publications,
    schedules,
    source_of,
    values,
)
from tests.acceptance.repository import Repository
from tests.acceptance.task_work import until
from tests.running import System, execute


@pytest.mark.parametrize(
    ("wrong", "path", "message"),
    [
        ({"name": " "}, ["name"], "is required"),
        ({"name": "a\0b"}, ["name"], "U+0000"),
        ({"collection": "Note"}, ["collection"], "has no key"),
        ({"url": "ftp://example.org/oai"}, ["url"], "is no http or https address"),
        ({"url": "example"}, ["url"], "is no http or https address"),
        ({"url": "http://example.org/oai?verb=Identify"}, ["url"], "base URL"),
        ({"schedule": "0 25 * * *"}, ["schedule"], "bad hour"),
        ({"schedule": "every day"}, ["schedule"], "five fields"),
        ({"schedule": "0 3 * * * Europe/Londn"}, ["schedule"], "did you mean Europe/London?"),
        ({"metadataPrefix": "oai dc"}, ["metadataPrefix"], "is no metadata prefix"),
        ({"set": "a b"}, ["set"], "is no set"),
        ({"mapping": {**MAPPING, "titel": "title"}}, ["mapping", "titel"], "did you mean title?"),
        ({"mapping": {**MAPPING, "authors.name": "creator"}}, ["mapping", "authors.name"], "did you mean authors[]?"),
        ({"mapping": {**MAPPING, "year": "@date"}}, ["mapping", "year"], "did you mean @datestamp?"),
        ({"mapping": {"title": "title"}}, ["mapping"], "nothing is mapped to identifier"),
        ({"mapping": ["title"]}, ["mapping"], "is no object"),
        ({"kind": "NDJSON"}, ["mapping"], "is of OAI_PMH alone"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_with_its_path(
    api: Api, wrong: dict[str, Any], path: list[str], message: str
) -> None:
    payload = api.ask(CREATE, input={**values("http://93.184.216.34/oai"), **wrong})["p"]
    assert payload["source"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("VALIDATION", path)]
    assert message in payload["errors"][0]["message"]


def test_all_that_is_wrong_with_a_source_is_said_at_once(api: Api, repository: Repository) -> None:
    source = new_source(api, repository)
    patch = {"name": None, "url": "x", "schedule": "x", "mapping": {"title": "@x", "titel": "title"}}
    payload = api.ask(UPDATE, id=source, patch=patch)["p"]
    assert sorted(error["path"] for error in payload["errors"]) == [
        ["mapping", "titel"], ["mapping", "title"], ["name"], ["schedule"], ["url"]
    ]  # fmt: skip
    assert source_of(api, source)["name"] == "A repository"


def test_an_unknown_collection_is_refused(api: Api) -> None:
    wrong = {**values("http://example.org/oai"), "collection": "Publicaton"}
    assert api.refusal(CREATE, input=wrong) == "BAD_USER_INPUT"


def test_a_source_that_is_made_is_listed_and_harvested_until_it_is_deleted(api: Api, repository: Repository) -> None:
    given = {**values(repository.base), "set": "a:b", "schedule": "CRON_TZ=Europe/London  0 3 * * *"}
    made = api.ask(CREATE, input=given)["p"]["source"]
    assert {**made, "id": None, "createdAt": None} == {
        **given,
        "id": None,
        "createdAt": None,
        "metadataPrefix": "oai_dc",
        "schedule": "0 3 * * * Europe/London",
        "harvestedAt": None,
    }
    assert source_of(api, made["id"]) == made
    repository.reset(item(1, sets=("a:b",)))
    harvested(api, made["id"])
    assert api.ask(DELETE, id=made["id"])["p"] == {"source": None, "errors": []}
    assert all(one["id"] != made["id"] for one in listed(api))
    assert len(publications(api)) == 1
    for document in (DELETE, HARVEST):
        errors = api.ask(document, id=made["id"])["p"]["errors"]
        path = ["id"] if document is DELETE else ["source"]
        assert [(error["code"], error["path"]) for error in errors] == [("NOT_FOUND", path)]


def test_a_source_knows_its_newest_harvest(api: Api, repository: Repository) -> None:
    repository.reset(item(1))
    harvested_twice, never = new_source(api, repository), new_source(api, repository)
    harvested(api, harvested_twice)
    task = harvested(api, harvested_twice)
    nodes = api.ask("{ sources(first: 1000) { nodes { id lastHarvest { id state } } } }")["sources"]["nodes"]
    last = {one["id"]: one["lastHarvest"] for one in nodes}
    assert last[harvested_twice] == {"id": task["id"], "state": "SUCCEEDED"}
    assert last[never] is None


async def test_a_source_is_harvested_when_its_schedule_says_so_as_long_as_it_has_one(
    library: System, api: Api, repository: Repository
) -> None:
    repository.reset(item(1))
    source = new_source(api, repository, schedule="0 0 29 2 * Europe/London")
    assert await schedules(library, source) == [("0 0 29 2 *", "Europe/London")]
    await execute(database_of(library), "UPDATE schedules SET next_at = now() WHERE zone <> 'UTC'")
    until(lambda: harvested_at(api, source) is not None)
    assert len(publications(api)) == 1
    assert api.ask(UPDATE, id=source, patch={"schedule": None})["p"]["errors"] == []
    assert await schedules(library, source) == []
    assert api.ask(UPDATE, id=source, patch={"schedule": "0 3 * * *"})["p"]["errors"] == []
    assert await schedules(library, source) == [("0 3 * * *", "UTC")]
    assert api.ask(DELETE, id=source)["p"]["errors"] == []
    assert await schedules(library, source) == []


def test_sources_are_listed_newest_first_in_pages(api: Api, repository: Repository) -> None:
    older, newer = new_source(api, repository), new_source(api, repository)
    document = "query($after: String) { sources(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }"
    first = api.ask(document)["sources"]
    second = api.ask(document, after=first["pageInfo"]["endCursor"])["sources"]
    assert [page["nodes"][0]["id"] for page in (first, second)] == [newer, older]


def test_only_admin_has_to_do_with_sources(library: System, api: Api, repository: Repository) -> None:
    source = new_source(api, repository)
    with library.client() as client:
        anyone = Api(client)
        assert anyone.refusal("{ sources { nodes { id } } }") == "FORBIDDEN"
        asked = (
            (CREATE, {"input": values(repository.base)}),
            (UPDATE, {"id": source, "patch": {"name": "Mine"}}),
            (DELETE, {"id": source}),
            (HARVEST, {"id": source}),
        )
        for document, variables in asked:
            assert [error["code"] for error in anyone.ask(document, **variables)["p"]["errors"]] == ["FORBIDDEN"]
    assert source_of(api, source)["name"] == "A repository"
