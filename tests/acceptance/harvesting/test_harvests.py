"""Records come from a repository over OAI-PMH: whole at first, then what is new."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.harvesting.sources import (
    HARVEST,
    LETTERS,
    MAPPING,
    OVERLAP,
    RECORDED,
    UPDATE,
    harvested,
    harvested_at,
    item,
    moment,
    new_source,
    publication,
    publications,
    source_of,
    start,
)
from tests.acceptance.repository import DAYS, Item, RecordedRepository, Repository, error, once
from tests.acceptance.serving import Served, serving_as
from tests.acceptance.task_work import PAYLOAD, ended, until


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
    assert {name: task["progress"][name] for name in ("total", "done", "failed")} == {
        "total": 5,
        "done": 5,
        "failed": 0,
    }
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
    (whole,) = repository.answer("/oai?verb=ListRecords&metadataPrefix=oai_dc").parts
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
