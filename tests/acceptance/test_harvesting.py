"""Records come from sources: repositories over OAI-PMH and files of NDJSON, whole at first, then what is new."""

import base64
import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.repository import DAYS, Item, RecordedRepository, Repository, error, once
from tests.acceptance.serving import Served, serving, serving_as
from tests.running import ROOT, System, beside, execute, part

COLLECTIONS = Path(__file__).parent / "harvesting"
RECORDED = ROOT.parent / "shared" / "data" / "oai-pmh"
SOURCE = "id name collection kind url metadataPrefix set schedule mapping createdAt harvestedAt"
CHANGED = f"{{ source {{ {SOURCE} }} errors {{ code message path }} }}"
CREATE = f"mutation($input: SourceInput!) {{ p: createSource(input: $input) {CHANGED} }}"
UPDATE = f"mutation($id: ID!, $patch: SourcePatch!) {{ p: updateSource(id: $id, patch: $patch) {CHANGED} }}"
DELETE = f"mutation($id: ID!) {{ p: deleteSource(id: $id) {CHANGED} }}"
TASK = """id kind state collection startedAt message result progress { total done failed }
    errors(first: 100) { nodes { message key line } }"""
PAYLOAD = f"{{ task {{ {TASK} }} errors {{ code message path }} }}"
HARVEST = f"""mutation($id: ID!, $from: DateTime, $until: DateTime) {{
    p: harvest(source: $id, from: $from, until: $until) {PAYLOAD} }}"""
PUBLICATION = """{ id identifier revision title authors { name } subjects year description publisher changed sets }"""
LETTERS = "{ deadLetters(first: 1000, collection: Publication) { nodes { id key operation reason payload } } }"
ENDS = {"SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED"}
SETTLED_SECONDS = 60
OVERLAP = timedelta(hours=1)
MAPPING = {
    "identifier": "@identifier",
    "changed": "@datestamp",
    "sets": "@set",
    "title": "title",
    "authors[].name": "creator",
    "subjects": "subject",
    "year": "date",
    "description": "description",
    "publisher": "dc:publisher",
}
KEYS = ["f:1", "f:2", *(f"oai:test.example.com:{number}" for number in (1585310, 1585322))]
KEYS += [f"oai:x:{number}" for number in range(1, 31)]
"""Those of all records that there can be."""

Task = dict[str, Any]


@pytest.fixture(scope="module")
def library(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with beside(system, tmp_path_factory.mktemp("harvesting") / "data", COLLECTIONS) as started:
        yield started


@pytest.fixture(scope="module")
def api(library: System) -> Iterator[Api]:
    with library.client(library.token) as client:
        yield Api(client)


@pytest.fixture(scope="module")
def served() -> Iterator[Repository]:
    with serving_as(Repository) as started:
        yield started


@pytest.fixture
def repository(api: Api, served: Repository) -> Repository:
    """A repository without records, and a collection that has none either."""
    for record in publications(api):
        api.ask("mutation($id: ID!) { deletePublication(id: $id) { errors { code } } }", id=record["id"])
    served.reset()
    return served


def item(number: int, title: str = "", **more: Any) -> Item:
    elements = (("title", title or f"Title {number}"), ("creator", "Ada"), ("date", str(2000 + number)))
    return Item(f"oai:x:{number}", f"2020-01-{number:02}T00:00:00Z", elements, **more)


def test_a_harvest_takes_all_pages_of_a_repository_as_the_mapping_says(api: Api, repository: Repository) -> None:
    elements = (
        ("title", "A title"),
        ("title", "Another title"),
        ("creator", "Ada Lovelace"),
        ("creator", " Charles  Babbage\n"),
        ("subject", "engines"),
        ("subject", ""),
        ("subject", "notes & tables"),
        ("date", "1843"),
        ("description", "Two\n  lines"),
        ("publisher", "\n  Taylor\n"),
        ("rights", "of nobody"),
    )
    repository.reset(
        Item("oai:x:1", "2020-01-01T10:00:00Z", elements, ("math", "math:engines")),
        *(item(number) for number in (2, 3, 4, 5)),
    )
    task = harvested(api, new_source(api, repository))

    assert (task["state"], task["message"]) == ("SUCCEEDED", None)
    assert task["result"] == {"created": 5, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0}
    assert task["progress"] == {"total": 5, "done": 5, "failed": 0}
    assert {**publication(api, "oai:x:1"), "id": None} == {
        "id": None,
        "identifier": "oai:x:1",
        "revision": 1,
        "title": "A title",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Charles  Babbage"}],
        "subjects": ["engines", "notes & tables"],
        "year": 1843,
        "description": "Two\n  lines",
        "publisher": "Taylor",
        "changed": "2020-01-01T10:00:00Z",
        "sets": ["math", "math:engines"],
    }
    assert {one["identifier"]: one["title"] for one in publications(api)} == {
        "oai:x:1": "A title", **{f"oai:x:{n}": f"Title {n}" for n in (2, 3, 4, 5)}
    }  # fmt: skip
    assert [query["verb"] for query in repository.queries] == ["ListRecords"] * 3
    assert repository.queries[0] == {"verb": "ListRecords", "metadataPrefix": "oai_dc"}


def test_the_next_harvest_asks_for_what_is_new_since_the_start_of_the_last_one(
    api: Api, repository: Repository
) -> None:
    repository.reset(*(item(number) for number in (1, 2, 3)))
    source = new_source(api, repository)
    first = harvested(api, source)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    repository.records[1] = replace(item(2, "Another title"), datestamp=now)
    repository.records[2] = Item("oai:x:3", now, deleted=True)
    repository.records.append(replace(item(4), datestamp=now))
    second = harvested(api, source)

    assert second["result"] == {"created": 1, "updated": 1, "unchanged": 0, "deleted": 1, "failed": 0}
    assert {one["identifier"]: one["title"] for one in publications(api)} == {
        "oai:x:1": "Title 1", "oai:x:2": "Another title", "oai:x:4": "Title 4"
    }  # fmt: skip
    asked = [query for query in repository.queries if "from" in query]
    assert len(asked) == 1
    assert moment(asked[0]["from"]) == moment(first["startedAt"]).replace(microsecond=0) - OVERLAP

    third = harvested(api, source)
    assert third["result"] == {"created": 0, "updated": 0, "unchanged": 3, "deleted": 0, "failed": 0}
    assert [one["revision"] for one in publications(api) if one["identifier"] == "oai:x:2"] == [2]
    assert harvested_at(api, source) == third["startedAt"]


def test_a_deletion_is_known_by_its_identifier_where_the_key_is_in_the_metadata(
    api: Api, repository: Repository
) -> None:
    repository.reset(*(replace(item(n), metadata=(*item(n).metadata, ("identifier", f"f:{n}"))) for n in (1, 2)))
    source = new_source(api, repository, mapping={**MAPPING, "identifier": "identifier"})
    assert harvested(api, source)["result"]["created"] == 2
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    repository.records = [Item(f"oai:x:{number}", now, deleted=True) for number in (2, 3)]
    task = harvested(api, source)
    assert (task["state"], task["result"]["deleted"], task["result"]["unchanged"]) == ("SUCCEEDED", 1, 1)
    assert [one["identifier"] for one in publications(api)] == ["f:1"]


def test_what_is_said_last_of_a_record_on_a_page_counts(api: Api, repository: Repository) -> None:
    gone = replace(item(1), deleted=True)
    repository.reset(gone, item(1), item(2), replace(item(2), deleted=True), item(3, "Older"), item(3, "Newer"))
    repository.page = 6
    task = harvested(api, new_source(api, repository))
    assert task["result"] == {"created": 2, "updated": 0, "unchanged": 4, "deleted": 0, "failed": 0}
    assert [(one["identifier"], one["title"]) for one in publications(api)] == [
        ("oai:x:1", "Title 1"), ("oai:x:3", "Newer")
    ]  # fmt: skip


def test_nothing_new_is_a_success(api: Api, repository: Repository) -> None:
    task = harvested(api, new_source(api, repository))
    assert (task["state"], task["progress"]["done"]) == ("SUCCEEDED", 0)


def test_days_are_asked_for_where_a_repository_knows_no_seconds(api: Api, repository: Repository) -> None:
    repository.reset(*(replace(item(number), datestamp=f"2020-01-0{number}") for number in (1, 2, 3)))
    repository.granularity = DAYS
    source = new_source(api, repository)
    task = harvested(api, source, **{"from": "2020-01-02T10:00:00Z", "until": "2020-01-02T11:00:00Z"})
    assert task["result"]["created"] == 1
    assert repository.queries[-1]["from"] == repository.queries[-1]["until"] == "2020-01-02"
    assert harvested_at(api, source) is None, "there may be more before and after what was asked for"


def test_a_set_is_harvested_alone(api: Api, repository: Repository) -> None:
    repository.reset(item(1), item(2, sets=("a:b",)), item(3, sets=("c",)))
    harvested(api, new_source(api, repository, set="a:b"))
    assert [one["identifier"] for one in publications(api)] == ["oai:x:2"]


def test_a_busy_repository_is_asked_again_when_it_says_so(api: Api, repository: Repository) -> None:
    repository.reset(*(item(number) for number in (1, 2, 3)))
    busy = Served(status=503, headers={"retry-after": "1"})
    repository.faults = [once(busy), once(busy, lambda query: "resumptionToken" in query)]
    began = time.monotonic()
    task = harvested(api, new_source(api, repository))
    assert task["result"]["created"] == 3
    assert time.monotonic() - began >= 2
    assert len(repository.asked) == 4


def test_a_repository_that_is_busy_for_too_long_fails_the_harvest_and_what_came_before_stays(
    api: Api, repository: Repository
) -> None:
    repository.reset(*(item(number) for number in (1, 2, 3)))
    repository.faults = [once(Served(status=503, headers={"retry-after": "86400"}), lambda q: "resumptionToken" in q)]
    source = new_source(api, repository)
    task = harvested(api, source)
    assert (task["state"], task["progress"]["done"]) == ("FAILED", 2)
    assert "503" in task["message"]
    assert len(publications(api)) == 2
    assert harvested_at(api, source) is None

    retry = f"mutation($id: ID!) {{ p: retryTask(id: $id) {PAYLOAD} }}"
    retried = ended(api, api.ask(retry, id=task["id"])["p"]["task"])
    assert retried["result"] == {"created": 1, "updated": 0, "unchanged": 2, "deleted": 0, "failed": 0}
    assert harvested_at(api, source) == retried["startedAt"]


@pytest.mark.parametrize("code", ["badResumptionToken", "badArgument", "undefinedError"])
def test_an_error_of_the_protocol_fails_the_harvest_and_what_came_before_stays(
    api: Api, repository: Repository, code: str
) -> None:
    repository.reset(*(item(number) for number in (1, 2, 3)))
    refusal = Served((error(code, "It is said why").encode(),))
    repository.faults = [once(refusal, lambda query: "resumptionToken" in query)]
    task = harvested(api, new_source(api, repository))
    assert task["state"] == "FAILED"
    assert code in task["message"]
    assert "It is said why" in task["message"]
    assert len(publications(api)) == 2


@pytest.mark.parametrize("content", [b"broken xml", b"", b"<html><body>Welcome</body></html>"])
def test_what_is_no_answer_of_the_protocol_fails_the_harvest(api: Api, repository: Repository, content: bytes) -> None:
    repository.faults = [once(Served((content,)))]
    task = harvested(api, new_source(api, repository))
    assert task["state"] == "FAILED"
    assert task["message"].startswith("The repository sent no")


def test_an_answer_that_breaks_off_is_no_end_of_the_list(api: Api, repository: Repository) -> None:
    repository.reset(*(item(number) for number in (1, 2, 3)))
    whole = repository.answer("/oai?verb=ListRecords&metadataPrefix=oai_dc").parts[0]
    repository.faults = [once(Served((whole[: whole.rindex(b"<record>")],)))]
    task = harvested(api, new_source(api, repository))
    assert task["state"] == "FAILED"
    assert "breaks off" in task["message"]
    assert publications(api) == []


def test_records_that_can_not_be_taken_are_errors_of_the_task_and_dead_letters_and_the_others_are_taken(
    api: Api, repository: Repository
) -> None:
    repository.reset(
        item(1),
        Item("oai:x:2", "2020-01-02T00:00:00Z", (("creator", "Ada"),)),
        replace(item(3), raw="<dc:title>Not \x0b XML</dc:title>"),
        Item("oai:x:4", "2020-01-04T00:00:00Z", (("title", "Undated"), ("date", "long ago"))),
        item(5),
    )
    repository.page = 5
    source = new_source(api, repository)
    task = harvested(api, source)

    assert task["state"] == "PARTIAL"
    assert task["result"] == {"created": 2, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 3}
    problems = {error["key"]: error["message"] for error in task["errors"]["nodes"]}
    assert set(problems) == {"oai:x:2", "oai:x:3", "oai:x:4"}
    assert problems["oai:x:2"] == "title: is required"
    assert problems["oai:x:3"].startswith("is no XML")
    assert problems["oai:x:4"].startswith("year: ")
    letters = {letter["key"]: letter for letter in api.ask(LETTERS)["deadLetters"]["nodes"]}
    assert {letter["operation"] for letter in letters.values()} == {"IMPORT"}
    assert letters["oai:x:2"]["reason"] == "oai:x:2: title: is required"
    assert json.loads(letters["oai:x:4"]["payload"])["year"] == "long ago"
    assert harvested_at(api, source) is not None

    repository.records[1:4] = [item(2), item(3), item(4)]
    repository.records = [
        replace(one, datestamp=datetime.now(UTC).isoformat()[:19] + "Z") for one in repository.records
    ]
    assert harvested(api, source)["state"] == "SUCCEEDED"
    left = {letter["key"] for letter in api.ask(LETTERS)["deadLetters"]["nodes"]}
    assert left.isdisjoint(letters), "a letter goes when its record is taken"


def test_what_a_repository_has_no_more_of_a_record_goes_and_what_others_wrote_stays(
    api: Api, repository: Repository
) -> None:
    full = (("title", "One"), ("creator", "Ada"), ("subject", "a"), ("date", "1999"))
    repository.reset(Item("oai:x:1", "2020-01-01T00:00:00Z", full))
    mapping = {name: path for name, path in MAPPING.items() if name != "description"}
    source = new_source(api, repository, mapping=mapping)
    harvested(api, source)
    update = """mutation($id: ID!) {
        updatePublication(id: $id, patch: {description: "By hand"}) { errors { code } } }"""
    id_ = api.ask('{ publication(key: "oai:x:1") { id } }')["publication"]["id"]
    api.ask(update, id=id_)
    repository.records = [Item("oai:x:1", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), (("title", "One"),))]
    assert harvested(api, source)["result"]["updated"] == 1
    left = publication(api, "oai:x:1")
    assert (left["authors"], left["subjects"], left["year"]) == ([], [], None)
    assert left["description"] == "By hand"


def test_a_source_whose_records_would_be_others_is_harvested_whole_again(api: Api, repository: Repository) -> None:
    repository.reset(item(1))
    source = new_source(api, repository)
    harvested(api, source)
    renamed = api.ask(UPDATE, id=source, patch={"name": "Renamed", "schedule": "0 3 * * *"})["p"]
    assert (renamed["errors"], renamed["source"]["name"]) == ([], "Renamed")
    assert harvested_at(api, source) is not None
    api.ask(UPDATE, id=source, patch={"mapping": {"publisher": "rights", "sets": None}})
    assert harvested_at(api, source) is None
    assert source_of(api, source)["mapping"] == {
        **{name: path for name, path in MAPPING.items() if name != "sets"}, "publisher": "rights"
    }  # fmt: skip


def test_without_a_mapping_the_key_is_the_identifier_and_elements_are_taken_by_name(
    api: Api, repository: Repository
) -> None:
    repository.reset(Item("oai:x:1", "2020-01-01T00:00:00Z", (("title", "One"), ("publisher", "P"), ("subject", "s"))))
    harvested(api, new_source(api, repository, mapping=None))
    found = publication(api, "oai:x:1")
    assert (found["title"], found["publisher"], found["subjects"]) == ("One", "P", None)


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the recorded answers are not at {RECORDED}")
def test_the_recorded_answers_of_a_repository_give_exactly_their_records(api: Api, repository: Repository) -> None:
    assert repository.records == []
    kind = type("Recorded", (RecordedRepository,), {"folder": RECORDED})
    with serving_as(kind) as recorded:
        mapping = {**MAPPING, "year": "date", "subjects": "type"}
        source = new_source(api, url=recorded.url("/oai"), mapping=mapping)
        task = harvested(api, source)
        assert task["state"] == "PARTIAL"
        assert task["result"] == {"created": 1, "updated": 0, "unchanged": 6, "deleted": 0, "failed": 1}
        assert [(error["key"], error["message"]) for error in task["errors"]["nodes"]] == [(None, "has no identifier")]
        (found,) = publications(api)
        assert found["identifier"] == "oai:test.example.com:1585322"
        assert found["authors"] == [{"name": "John Doe"}] * 4
        assert found["subjects"] == ["info:eu-repo/semantics/article", "doc-type:article", "text"]
        assert (found["title"], found["year"], found["publisher"]) == ("Sample Title", 2010, "Sample Publisher")
        assert found["changed"] == "2011-01-10T10:19:23Z"
        assert harvested(api, source)["result"]["unchanged"] == 7
        assert publications(api) == [found]


def test_a_file_is_harvested_only_when_it_is_another(api: Api, repository: Repository) -> None:
    lines = [{"identifier": f"f:{number}", "title": f"Title {number}"} for number in (1, 2)]
    content = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
    tag = {"etag": '"one"', "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
    with serving() as files:
        files["/f"] = Served((content, b"nonsense\n"), headers=tag)
        source = new_source(api, url=files.url("/f"), kind="NDJSON", mapping=None)
        first = harvested(api, source)
        assert (first["state"], first["result"]["created"], first["result"]["failed"]) == ("PARTIAL", 2, 1)
        assert [one["line"] for one in first["errors"]["nodes"]] == [3]
        files["/f"] = Served(status=304)
        second = harvested(api, source)
        assert (second["state"], second["progress"]["done"]) == ("SUCCEEDED", 0)
        assert "the one that was harvested last" in second["message"]
        files["/f"] = Served((content,), headers={"etag": '"two"'})
        third = harvested(api, source)
        assert (third["state"], third["result"]["unchanged"]) == ("SUCCEEDED", 2)
        files["/f"] = Served(status=304)
        harvested(api, source)
        asked = [{name.lower(): value for name, value in headers.items()} for headers in files.headers]
    conditions = [(one.get("if-none-match"), one.get("if-modified-since")) for one in asked]
    both = ('"one"', tag["last-modified"])
    assert conditions == [(None, None), both, both, ('"two"', None)]


def test_a_file_that_is_not_there_fails_the_harvest(api: Api) -> None:
    with serving() as files:
        task = harvested(api, new_source(api, url=files.url("/none"), kind="NDJSON", mapping=None))
    assert task["state"] == "FAILED"
    assert "404" in task["message"]


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


def test_a_harvest_of_a_time_that_ends_before_it_begins_is_refused(api: Api, repository: Repository) -> None:
    window = {"from": "2020-01-02T00:00:00Z", "until": "2020-01-01T00:00:00Z"}
    errors = api.ask(HARVEST, id=new_source(api, repository), **window)["p"]["errors"]
    assert [(error["code"], error["path"]) for error in errors] == [("VALIDATION", ["until"])]


def test_a_second_harvest_into_a_collection_is_the_first_one_and_a_conflict(api: Api, repository: Repository) -> None:
    repository.reset(*(item(number) for number in range(1, 9)))
    repository.pause = 0.2
    source = new_source(api, repository)
    first = start(api, source)
    second = api.ask(HARVEST, id=new_source(api, repository))["p"]
    assert second["task"]["id"] == first["id"]
    assert [error["code"] for error in second["errors"]] == ["CONFLICT"]
    assert ended(api, first)["state"] == "SUCCEEDED"


def test_a_harvest_is_cancelled_soon(api: Api, repository: Repository) -> None:
    repository.reset(*(item(number) for number in range(1, 9)))
    repository.pause = 10
    task = start(api, new_source(api, repository))
    until(lambda: bool(repository.asked))
    began = time.monotonic()
    api.ask("mutation($id: ID!) { cancelTask(id: $id) { errors { code } } }", id=task["id"])
    assert ended(api, task)["state"] == "CANCELLED"
    assert time.monotonic() - began < 5


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


def test_a_harvest_whose_worker_was_killed_goes_on_at_its_page_and_takes_each_record_once(
    library: System, api: Api, repository: Repository
) -> None:
    bad = Item("oai:x:1", "2020-01-01T00:00:00Z", (("creator", "Ada"),))
    repository.reset(bad, *(item(number) for number in range(2, 21)))
    repository.pause = 0.2
    task = start(api, new_source(api, repository))
    until(lambda: state_of(api, task)["progress"]["done"] >= 6)
    kill_worker(library)
    with part(["worker", "--name", "second", "--data", str(library.data)], library.data / "worker-2.log"):
        finished = ended(api, task)
    assert (finished["state"], finished["progress"]["failed"]) == ("PARTIAL", 1)
    assert sum(finished["result"].values()) == 20
    assert [one["key"] for one in finished["errors"]["nodes"]] == ["oai:x:1"]
    assert [one["revision"] for one in publications(api)] == [1] * 19
    firsts = [query for query in repository.queries if "resumptionToken" not in query]
    assert len(firsts) == 1, "the pages that were taken are not asked for again"


def test_a_harvest_that_was_given_back_begins_again_where_the_repository_has_forgotten_the_list(
    library: System, api: Api, repository: Repository
) -> None:
    repository.reset(*(item(number) for number in range(1, 21)))
    repository.pause = 0.2
    with part(["worker", "--name", "third", "--data", str(library.data)], library.data / "worker-3.log") as worker:
        task = start(api, new_source(api, repository))
        until(lambda: state_of(api, task)["progress"]["done"] >= 6)
        worker.terminate()
        assert worker.wait(10) == 0
    assert state_of(api, task)["state"] == "QUEUED"
    repository.pause = 0
    forgotten = Served((error("badResumptionToken").encode(),))
    repository.faults = [once(forgotten, lambda query: "resumptionToken" in query)]
    with part(["worker", "--name", "fourth", "--data", str(library.data)], library.data / "worker-4.log"):
        assert ended(api, task)["state"] == "SUCCEEDED"
    assert [one["revision"] for one in publications(api)] == [1] * 20


def values(url: str) -> dict[str, Any]:
    return {"name": "A repository", "collection": "Publication", "kind": "OAI_PMH", "url": url, "mapping": MAPPING}


def number_of(id_: str) -> int:
    return int(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).rpartition(b":")[2])


def database_of(system: System) -> str:
    return load_settings(system.data, environment={}).database_url


async def schedules(system: System, source: str) -> list[tuple[str, str]]:
    """The lines and zones by which a source is harvested."""
    connection = await asyncpg.connect(database_of(system))
    try:
        name = f"source:{number_of(source)}"
        return [tuple(row) for row in await connection.fetch("SELECT cron, zone FROM schedules WHERE name = $1", name)]
    finally:
        await connection.close()


def new_source(api: Api, repository: Repository | None = None, **more: Any) -> str:
    """The id of a new source of `Publication`."""
    payload = api.ask(CREATE, input={**values("" if repository is None else repository.base), **more})["p"]
    assert payload["errors"] == []
    return str(payload["source"]["id"])


def listed(api: Api) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = api.ask(f"{{ sources(first: 1000) {{ nodes {{ {SOURCE} }} }} }}")["sources"]["nodes"]
    return nodes


def source_of(api: Api, id_: str) -> dict[str, Any]:
    return next(one for one in listed(api) if one["id"] == id_)


def harvested_at(api: Api, id_: str) -> str | None:
    found: str | None = source_of(api, id_)["harvestedAt"]
    return found


def start(api: Api, source: str, **window: str) -> Task:
    payload = api.ask(HARVEST, id=source, **window)["p"]
    assert payload["errors"] == []
    task: Task = payload["task"]
    assert (task["kind"], task["collection"]) == ("HARVEST", "Publication")
    return task


def harvested(api: Api, source: str, **window: str) -> Task:
    """A harvest of a source, once it has ended."""
    return ended(api, start(api, source, **window))


def state_of(api: Api, task: Task) -> Task:
    found: Task = api.ask(f"query($id: ID!) {{ task(id: $id) {{ {TASK} }} }}", id=task["id"])["task"]
    return found


def ended(api: Api, task: Task) -> Task:
    until(lambda: state_of(api, task)["state"] in ENDS)
    return state_of(api, task)


def publication(api: Api, key: str) -> dict[str, Any]:
    found: dict[str, Any] = api.ask(f"query($k: String!) {{ publication(key: $k) {PUBLICATION} }}", k=key)[
        "publication"
    ]
    return found


def publications(api: Api) -> list[dict[str, Any]]:
    """All that there are, looked up by their keys, so that no index has to follow first."""
    fields = " ".join(f"p{place}: publication(key: {json.dumps(key)}) {PUBLICATION}" for place, key in enumerate(KEYS))
    answer = api.ask(f"{{ {fields} collections {{ name recordCount }} }}")
    counts = {one["name"]: one["recordCount"] for one in answer.pop("collections")}
    found = [one for one in answer.values() if one]
    assert len(found) == counts["Publication"]
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def kill_worker(system: System) -> None:
    workers = [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"worker", str(system.data)} <= set(process.info["cmdline"] or ()) and "cli" in process.info["cmdline"]
    ]
    assert workers
    for process in workers:
        process.send_signal(signal.SIGKILL)


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLED_SECONDS
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)
