"""Heavy work is a task: asked for, followed, cancelled, tried again, and taken up again when its worker dies."""

import json
import time
from collections.abc import Iterator
from itertools import count

import pytest
import redis

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.following import Follow, over_events, over_websocket
from tests.acceptance.serving import Files, Served, serving
from tests.acceptance.task_work import ENDS, PAYLOAD, Task, ended, state_of, until
from tests.running import System

IMPORT = f"mutation($url: String!) {{ p: importRecords(collection: Work, url: $url) {PAYLOAD} }}"
FOLLOW = "subscription($id: ID!) { task(id: $id) { id state progress { done failed } } }"
LETTERS = "{ deadLetters(first: 1000) { nodes { id collection key operation reason payload attempts lastAttemptAt } } }"

numbers = count(1)


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving() as started:
        yield started


def test_an_import_by_address_takes_the_good_lines_and_names_the_bad_ones(api: Api, files: Files) -> None:
    good, later = new_works(3)[:2], new_works(1)
    wrong = b'{"number": "X1", "year": "soon"}\n'
    files["/mixed"] = Served((b"".join(map(line, good)), b"{oops\n", wrong, line(later[0])))
    task = ended(api, start(api, files.url("/mixed")))

    assert task["state"] == "PARTIAL"
    assert task["result"] == {"created": 3, "updated": 0, "unchanged": 0, "failed": 2}
    assert (task["progress"]["done"], task["progress"]["failed"], task["progress"]["total"]) == (5, 2, 5)
    assert task["startedAt"] <= task["endedAt"]
    errors = api.ask("query($id: ID!) { task(id: $id) { errors { nodes { message key line } } } }", id=task["id"])
    not_json, not_valid = errors["task"]["errors"]["nodes"]
    assert (not_json["line"], not_json["key"]) == (3, None)
    assert "is not JSON" in not_json["message"]
    assert (not_valid["line"], not_valid["key"]) == (4, "X1")
    assert "year" in not_valid["message"]
    letters = {letter["payload"]: letter for letter in api.ask(LETTERS)["deadLetters"]["nodes"]}
    assert letters["{oops"]["key"] is None
    assert letters["{oops"]["operation"] == "IMPORT"
    assert letters[wrong.decode().strip()]["key"] == "X1"
    assert all(title_of(api, work) == work["title"] for work in (*good, *later))


def test_the_errors_of_a_task_come_in_pages(api: Api, files: Files) -> None:
    files["/bad"] = Served((b"nonsense\n" * 5,))
    task = ended(api, start(api, files.url("/bad")))
    document = """query($id: ID!, $after: String) { task(id: $id) {
        errors(first: 2, after: $after) { nodes { line } pageInfo { hasNextPage endCursor } } } }"""
    lines: list[list[int]] = []
    after = None
    while True:
        page = api.ask(document, id=task["id"], after=after)["task"]["errors"]
        lines.append([error["line"] for error in page["nodes"]])
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert lines == [[1, 2], [3, 4], [5]]


def test_an_address_that_has_no_file_fails_the_task_and_a_retry_is_its_child(api: Api, files: Files) -> None:
    failed = ended(api, start(api, files.url("/later")))
    assert failed["state"] == "FAILED"
    assert "404" in failed["message"]

    (work,) = new_works(1)
    files["/later"] = Served((line(work),))
    retried = api.ask(f"mutation($id: ID!) {{ p: retryTask(id: $id) {PAYLOAD} }}", id=failed["id"])["p"]
    assert retried["errors"] == []
    assert ended(api, retried["task"])["state"] == "SUCCEEDED"
    assert title_of(api, work) == work["title"]
    family = api.ask("query($id: ID!) { task(id: $id) { parent { id children { id } } } }", id=retried["task"]["id"])
    assert family["task"]["parent"] == {"id": failed["id"], "children": [{"id": retried["task"]["id"]}]}
    again = api.ask(f"mutation($id: ID!) {{ p: retryTask(id: $id) {PAYLOAD} }}", id=retried["task"]["id"])["p"]
    assert [error["code"] for error in again["errors"]] == ["CONFLICT"]


def test_a_file_that_breaks_off_fails_the_task_and_what_came_before_stays(api: Api, files: Files) -> None:
    (work,) = new_works(1)
    files["/broken"] = Served((line(work),), promised=1_000)
    task = ended(api, start(api, files.url("/broken")))
    assert task["state"] == "FAILED"
    assert "broke off" in task["message"]
    assert title_of(api, work) == work["title"]


@pytest.mark.parametrize("url", ["ftp://example.org/a", "example.org", "file:///etc/passwd", ""])
def test_what_is_no_http_address_is_refused(api: Api, url: str) -> None:
    payload = api.ask(IMPORT, url=url)["p"]
    assert payload["task"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("VALIDATION", ["url"])]


def test_a_second_task_of_a_kind_on_a_collection_is_the_first_one_and_a_conflict(api: Api, files: Files) -> None:
    first = start(api, slow(files, new_works(40)))
    second = api.ask(IMPORT, url=files.url("/other"))["p"]
    assert second["task"]["id"] == first["id"]
    assert [error["code"] for error in second["errors"]] == ["CONFLICT"]
    assert ended(api, first)["state"] == "SUCCEEDED"


def test_a_running_import_is_cancelled_soon_and_what_it_took_stays(api: Api, files: Files) -> None:
    works = new_works(1_000)
    task = start(api, slow(files, works))
    until(lambda: state_of(api, task)["progress"]["done"] > 0)
    cancelled = api.ask(f"mutation($id: ID!) {{ p: cancelTask(id: $id) {PAYLOAD} }}", id=task["id"])["p"]
    assert cancelled["errors"] == []
    assert cancelled["task"]["state"] == "CANCELLING"

    asked_at = time.monotonic()
    assert ended(api, task)["state"] == "CANCELLED"
    assert time.monotonic() - asked_at < 5
    assert title_of(api, works[0]) == works[0]["title"]
    assert title_of(api, works[-1]) is None
    again = api.ask(f"mutation($id: ID!) {{ p: cancelTask(id: $id) {PAYLOAD} }}", id=task["id"])["p"]
    assert (again["errors"], again["task"]["state"]) == ([], "CANCELLED")


@pytest.mark.parametrize("follow", [over_websocket, over_events])
def test_whoever_follows_a_task_hears_its_state_its_changes_and_its_end(
    works: System, api: Api, files: Files, follow: Follow
) -> None:
    task = start(api, slow(files, new_works(60)))
    events = [result["data"]["task"] for result in follow(works, FOLLOW, works.token, id=task["id"])]
    assert events[0]["state"] in ("QUEUED", "RUNNING")
    assert events[-1] == {"id": task["id"], "state": "SUCCEEDED", "progress": {"done": 60, "failed": 0}}
    done = [event["progress"]["done"] for event in events]
    assert done == sorted(done)
    assert any(0 < one < 60 for one in done)
    assert all(event["state"] not in ENDS for event in events[:-1])


@pytest.mark.parametrize("follow", [over_websocket, over_events])
def test_whoever_follows_a_task_that_has_ended_hears_that_alone(
    works: System, api: Api, files: Files, follow: Follow
) -> None:
    task = ended(api, start(api, files.url("/nothing-here")))
    events = list(follow(works, FOLLOW, works.token, id=task["id"]))
    assert [event["data"]["task"]["state"] for event in events] == ["FAILED"]


def test_whoever_follows_all_tasks_of_a_kind_hears_of_those_that_begin_later(works: System, api: Api) -> None:
    document = "subscription { tasks(kind: [VERIFY]) { id kind state } }"
    events = over_websocket(works, document, works.token)
    first = ended(api, api.ask(f"mutation {{ p: verifyIndex(collection: Work) {PAYLOAD} }}")["p"]["task"])
    assert first["state"] == "SUCCEEDED"
    heard: list[Task] = []
    second: Task | None = None
    for event in events:
        heard.append(event["data"]["tasks"])
        second = second or api.ask(f"mutation {{ p: verifyIndex(collection: Work) {PAYLOAD} }}")["p"]["task"]
        if heard[-1]["id"] == second["id"] and heard[-1]["state"] in ENDS:
            break
    assert {event["kind"] for event in heard} == {"VERIFY"}
    assert heard[-1]["state"] == "SUCCEEDED"


@pytest.mark.parametrize("follow", [over_websocket, over_events])
def test_only_admin_sees_starts_and_follows_tasks(works: System, api: Api, files: Files, follow: Follow) -> None:
    with works.client() as client:
        anyone = Api(client)
        assert anyone.refusal("{ tasks { nodes { id } } }") == "FORBIDDEN"
        assert anyone.refusal('{ task(id: "VGFzazox") { id } }') == "FORBIDDEN"
        assert anyone.refusal(LETTERS) == "FORBIDDEN"
        mutations = (
            f'importRecords(collection: Work, url: "{files.url("/mixed")}") {PAYLOAD}',
            f"rebuildIndex(collection: Work) {PAYLOAD}",
            f"verifyIndex(collection: Work) {PAYLOAD}",
            f'cancelTask(id: "VGFzazox") {PAYLOAD}',
            f'retryTask(id: "VGFzazox") {PAYLOAD}',
            'retryDeadLetters(ids: ["x"]) { errors { code } }',
            'dropDeadLetters(ids: ["x"]) { errors { code } }',
        )
        for mutation in mutations:
            assert [error["code"] for error in anyone.ask(f"mutation {{ p: {mutation} }}")["p"]["errors"]] == [
                "FORBIDDEN"
            ]
    task = ended(api, start(api, files.url("/nothing-here")))
    (refusal,) = follow(works, FOLLOW, None, id=task["id"])
    assert refusal["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_an_id_of_no_task_is_not_found(works: System, api: Api) -> None:
    assert api.ask('{ task(id: "VGFzazo5OTk5OQ") { id } }') == {"task": None}
    for mutation in ("cancelTask", "retryTask"):
        for id_ in ("VGFzazo5OTk5OQ", "nonsense"):
            payload = api.ask(f'mutation {{ p: {mutation}(id: "{id_}") {PAYLOAD} }}')["p"]
            assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["id"])]
    (refusal,) = over_websocket(works, FOLLOW, works.token, id="nonsense")
    assert refusal["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_tasks_are_listed_newest_first_by_state_and_kind(api: Api, files: Files) -> None:
    for _ in range(2):
        ended(api, start(api, files.url("/nothing-here")))
    document = """query($after: String) { tasks(state: [FAILED], kind: [IMPORT], first: 1, after: $after) {
        nodes { kind state createdAt } pageInfo { hasNextPage endCursor } } }"""
    newest = api.ask(document)["tasks"]
    older = api.ask(document, after=newest["pageInfo"]["endCursor"])["tasks"]
    assert newest["pageInfo"]["hasNextPage"]
    assert [page["nodes"][0]["state"] for page in (newest, older)] == ["FAILED", "FAILED"]
    assert newest["nodes"][0]["createdAt"] > older["nodes"][0]["createdAt"]
    assert api.ask("{ tasks(state: []) { nodes { id } } }") == {"tasks": {"nodes": []}}
    assert api.refusal('{ tasks(after: "x") { nodes { id } } }') == "BAD_USER_INPUT"


def test_a_rebuild_and_a_verification_are_tasks_with_a_result(api: Api) -> None:
    rebuilt = ended(api, api.ask(f"mutation {{ p: rebuildIndex(collection: Work) {PAYLOAD} }}")["p"]["task"])
    assert rebuilt["state"] == "SUCCEEDED"
    assert rebuilt["result"]["indexed"] == rebuilt["progress"]["total"]
    verified = ended(api, api.ask(f"mutation {{ p: verifyIndex(collection: Work) {PAYLOAD} }}")["p"]["task"])
    assert verified["state"] == "SUCCEEDED"
    assert verified["result"] == {"missing": 0, "stale": 0, "extra": 0, "repaired": 0}


def test_a_dead_letter_is_retried_with_an_attempt_more_or_dropped(api: Api, files: Files) -> None:
    (work,) = new_works(1)
    renamed = {**work, "title": "The second line"}
    files["/twice"] = Served((line(work), line(renamed), b'{"title": "without a number"}\n'))
    assert ended(api, start(api, files.url("/twice")))["state"] == "PARTIAL"
    letters = {letter["payload"]: letter for letter in api.ask(LETTERS)["deadLetters"]["nodes"]}
    twice, never = letters[line(renamed).decode().strip()], letters['{"title": "without a number"}']

    document = """mutation($ids: [ID!]!) {
        p: retryDeadLetters(ids: $ids) { deadLetters { id attempts reason } errors { code path } } }"""
    retried = api.ask(document, ids=[twice["id"], never["id"], "nonsense"])["p"]
    assert title_of(api, work) == "The second line"
    assert [(letter["id"], letter["attempts"]) for letter in retried["deadLetters"]] == [(never["id"], 2)]
    assert "number" in retried["deadLetters"][0]["reason"]
    assert retried["errors"] == [{"code": "NOT_FOUND", "path": ["ids", "2"]}]

    drop = "mutation($ids: [ID!]!) { p: dropDeadLetters(ids: $ids) { deadLetters { id } errors { code } } }"
    assert api.ask(drop, ids=[never["id"]])["p"] == {"deadLetters": [], "errors": []}
    assert never["id"] not in [letter["id"] for letter in api.ask(LETTERS)["deadLetters"]["nodes"]]


@pytest.mark.parametrize("follow", [over_websocket, over_events])
def test_who_leaves_frees_what_the_server_held_for_them(works: System, api: Api, files: Files, follow: Follow) -> None:
    settings = load_settings(works.data, environment={})
    channel = f"{settings.index_prefix}:tasks"
    task = start(api, slow(files, new_works(100)))
    with redis.Redis.from_url(settings.redis_url) as valkey:
        following = [follow(works, FOLLOW, works.token, id=task["id"]) for _ in range(3)]
        for events in following:
            next(events)
        assert dict(valkey.pubsub_numsub(channel))[channel.encode()] == 1, "one connection, whatever the number"
        for events in following:
            events.close()
        until(lambda: dict(valkey.pubsub_numsub(channel))[channel.encode()] == 0)
    assert ended(api, task)["state"] == "SUCCEEDED"


def new_works(number: int) -> list[dict[str, str]]:
    """Works that no other test has."""
    return [{"number": f"N{one:06}", "title": f"Work {one}"} for one in (next(numbers) for _ in range(number))]


def line(work: dict[str, str]) -> bytes:
    return json.dumps(work).encode() + b"\n"


def url_path(works: list[dict[str, str]]) -> str:
    return f"/{works[0]['number']}"


def slow(files: Files, works: list[dict[str, str]]) -> str:
    """The address of a file that comes a line at a time."""
    files[url_path(works)] = Served(tuple(map(line, works)), pause=0.05)
    return files.url(url_path(works))


def start(api: Api, url: str) -> Task:
    payload = api.ask(IMPORT, url=url)["p"]
    assert payload["errors"] == []
    task: Task = payload["task"]
    assert (task["kind"], task["collection"]) == ("IMPORT", "Work")
    return task


def title_of(api: Api, work: dict[str, str]) -> str | None:
    found = api.ask("query($key: String!) { work(key: $key) { title } }", key=work["number"])["work"]
    return found and str(found["title"])
