"""A collection is exported to a file that admin alone can fetch, and that brings the same records back."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.conftest import token_of
from tests.acceptance.task_work import PAYLOAD, Task, ended, state_of, until
from tests.running import System, execute

EXPORT = f"mutation {{ p: exportRecords(collection: Work) {PAYLOAD} }}"
MAKE = "mutation($records: [WorkInput!]!) { upsertWorks(records: $records) { errors { message } } }"
WORKS = [{"number": f"E{number:04}", "title": f"Work {number} é", "year": number} for number in range(1_000)]


@pytest.fixture(scope="module")
def api(works: System) -> Iterator[Api]:
    with works.client(works.token) as client:
        api = Api(client)
        assert {"errors": []} in api.ask(MAKE, records=WORKS)["upsertWorks"]
        yield api


@pytest.fixture(scope="module")
def task(api: Api) -> Task:
    """An export that has succeeded."""
    payload = api.ask(EXPORT)["p"]
    assert payload["errors"] == []
    task = ended(api, payload["task"])
    assert task["state"] == "SUCCEEDED"
    return task


def test_an_export_has_all_records_in_the_order_of_their_keys(works: System, task: Task) -> None:
    with works.client(works.token) as client:
        got = client.get(task["result"]["url"])
        assert got.status_code == 200
        assert got.headers["content-type"] == "application/gzip"
        assert got.headers["content-disposition"].startswith('attachment; filename="Work-')
        assert int(got.headers["content-length"]) == len(got.content) == task["result"]["bytes"]
        assert [json.loads(line) for line in gzip.decompress(got.content).splitlines()] == WORKS
        part = client.get(task["result"]["url"], headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, got.content[10:20])
    assert task["result"]["records"] == len(WORKS)
    assert (task["kind"], task["progress"]["done"], task["progress"]["total"]) == ("EXPORT", 1_000, 1_000)


def test_who_is_not_admin_gets_no_file(works: System, task: Task) -> None:
    for token, status, code in (
        (None, 403, "FORBIDDEN"),
        (token_of(works, "somebody", "editor"), 403, "FORBIDDEN"),
        ("wrong", 401, "UNAUTHENTICATED"),
    ):
        with works.client(token) as client:
            refused = client.get(task["result"]["url"])
        assert refused.status_code == status
        assert refused.json()["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize(
    "path", ["/exports/999999.ndjson.gz", "/exports/..%2Fadmin-token", "/exports/1.ndjson.gz.1.part", "/exports/"]
)
def test_nothing_else_is_given_out(works: System, path: str) -> None:
    with works.client(works.token) as client:
        assert client.get(path).status_code == 404


def test_the_task_of_another_kind_has_no_file(works: System, api: Api) -> None:
    verified = ended(api, api.ask(f"mutation {{ p: verifyIndex(collection: Work) {PAYLOAD} }}")["p"]["task"])
    assert verified["state"] in {"SUCCEEDED", "PARTIAL"}
    number = max(int(path.name.partition(".")[0]) for path in folder(works).iterdir()) + 1
    with works.client(works.token) as client:
        assert client.get(f"/exports/{number}.ndjson.gz").status_code == 404


def test_what_is_exported_can_be_imported_from_where_it_is(works: System, tmp_path: Path, task: Task) -> None:
    file = tmp_path / "works.ndjson.gz"
    with works.client(works.token) as client:
        file.write_bytes(client.get(task["result"]["url"]).content)
    done = works.command("import", "Work", str(file))
    assert "0 created, 0 updated, 1,000 unchanged" in done.stderr + done.stdout


async def test_a_file_goes_with_its_task(works: System, api: Api, task: Task) -> None:
    later = ended(api, api.ask(EXPORT)["p"]["task"])
    file = folder(works) / Path(later["result"]["url"]).name
    left = folder(works) / "999999.ndjson.gz.1.part"
    left.touch()
    assert file.stat().st_mode & 0o777 == 0o600
    settings = load_settings(works.data, environment={})
    number = int(file.name.partition(".")[0])
    await execute(settings.database_url, f"UPDATE tasks SET ended_at = now() - interval '1 year' WHERE id = {number}")
    until(lambda: not file.exists() and not left.exists())
    assert state_of(api, task)["state"] == "SUCCEEDED"
    assert (folder(works) / Path(task["result"]["url"]).name).exists()


def folder(works: System) -> Path:
    return works.data / "exports"
