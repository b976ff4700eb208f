"""Files of every kind are imported from addresses and by the command, and gone on with where a worker has stopped."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import zstandard

from config import load_settings
from tests.acceptance.asking import Api
from tests.acceptance.serving import Files, Halting, Served, serving_as
from tests.acceptance.task_work import PAYLOAD, ended, kill_worker, state_of, until
from tests.running import System, part

IMPORT = f"mutation($url: String!) {{ p: importRecords(collection: Work, url: $url) {PAYLOAD} }}"
TAG = '"one"'


class RangedFiles(Files):
    """Serves the rest of a file to who asks for it and names the file as it is."""

    def answer(self, path: str) -> Served:
        served = super().answer(path)
        asked = {name.lower(): value for name, value in self.headers[-1].items()}
        tag = served.headers.get("ETag")
        found = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if not found or not tag or asked.get("if-range") != tag:
            return served
        start, data = int(found[1]), b"".join(served.parts)
        headers = {**served.headers, "content-range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        return Served((data[start:],), status=206, headers=headers)


@pytest.fixture(scope="module")
def files() -> Iterator[RangedFiles]:
    with serving_as(RangedFiles) as started:
        yield started


@pytest.fixture(scope="module")
def idle(works: System, later_workers: ExitStack) -> Iterator[System]:
    """The system without a worker, for tests that have their own."""
    kill_worker(works)
    yield works
    later_workers.enter_context(part(["worker", "--data", str(works.data)], works.data / "worker-later.log"))


def imported(api: Api, url: str) -> dict[str, Any]:
    payload = api.ask(IMPORT, url=url)["p"]
    assert payload["errors"] == []
    return ended(api, payload["task"])


def counts(created: int, failed: int = 0, updated: int = 0) -> dict[str, int]:
    return {"created": created, "updated": updated, "unchanged": 0, "failed": failed}


def array(*works: dict[str, Any]) -> bytes:
    return json.dumps(works, indent=1).encode()


def test_an_array_is_imported_and_its_bad_elements_are_named_by_their_places(api: Api, files: RangedFiles) -> None:
    files["/a.json"] = Served((array({"number": "J1"}, {"number": "J2", "year": "soon"}, {"number": "J3"}),))
    task = imported(api, files.url("/a.json"))
    assert (task["state"], task["result"]) == ("PARTIAL", counts(2, failed=1))
    errors = api.ask("query($id: ID!) { task(id: $id) { errors { nodes { key line } } } }", id=task["id"])
    assert errors["task"]["errors"]["nodes"] == [{"key": "J2", "line": 2}]


@pytest.mark.parametrize(("name", "pack"), [("T", bytes), ("TG", gzip.compress), ("TZ", zstandard.compress)])
def test_a_table_is_imported_packed_or_not(
    api: Api, files: RangedFiles, name: str, pack: Callable[[bytes], bytes]
) -> None:
    table = f'number;title;year\n{name}-1;"One; or ""two""";1890\n{name}-2;;\n{name}-3;Three\n'.encode()
    files["/a"] = Served((pack(table),), headers={"content-type": "text/csv; charset=utf-8"})
    task = imported(api, files.url("/a"))
    assert (task["state"], task["result"]) == ("PARTIAL", counts(2, failed=1))
    found = api.ask(f'{{ work(key: "{name}-1") {{ title year }} }}')["work"]
    assert found == {"title": 'One; or "two"', "year": 1890}


def test_the_command_takes_the_same_files_also_from_standard_input(works: System, api: Api, tmp_path: Path) -> None:
    file = tmp_path / "works.csv.zst"
    file.write_bytes(zstandard.compress(b"number,title\nC1,One\nC2,Two\n"))
    settings = load_settings(works.data, environment={})
    with redis.Redis.from_url(settings.redis_url) as valkey, valkey.pubsub(ignore_subscribe_messages=True) as news:
        news.subscribe(f"{settings.index_prefix}:changes")
        assert works.command("import", "Work", str(file)).returncode == 0
        until(lambda: news.get_message(timeout=1) is not None, 5)  # who follows records is told
    done = works.command("import", "Work", "-", stdin=array({"number": "C3"}, {"number": "C4", "none": 1}))
    assert done.returncode == 1
    assert "line 2 (C4): none: is not a property" in done.stderr
    assert [api.ask(f'{{ work(key: "C{n}") {{ title }} }}')["work"] for n in (1, 2, 3, 4)] == [
        {"title": "One"},
        {"title": "Two"},
        {"title": None},
        None,
    ]


@pytest.mark.parametrize(
    ("case", "pack", "headers"),
    [
        ("from there", bytes, {"ETag": TAG}),
        ("packed", gzip.compress, {"ETag": TAG}),
        ("another file", bytes, {"ETag": TAG}),
    ],
)
def test_an_import_goes_on_behind_what_the_worker_before_has_written(
    idle: System,
    api: Api,
    files: RangedFiles,
    case: str,
    pack: Callable[[bytes], bytes],
    headers: dict[str, str],
) -> None:
    name = case.replace(" ", "-")
    path = f"/{name}"
    names = [f"{name}-{number}" for number in range(60)]
    lines = [json.dumps({"number": one, "title": one}).encode() + b"\n" for one in names]
    lines[1] = b"nonsense\n"
    lines[50] = lines[0]  # a key that was met before the worker stopped
    parts = lines if pack is bytes else [pack(b"".join(lines[:30])), pack(b"".join(lines[30:]))]
    served = Halting(parts, at_once=30) if case == "from there" else parts
    files[path] = Served(served, pause=0.08 if pack is bytes else 2, headers=headers)
    with part(["worker", "--data", str(idle.data)], idle.data / f"worker-{name}.log") as worker:
        task = api.ask(IMPORT, url=files.url(path))["p"]["task"]
        until(lambda: state_of(api, task)["progress"]["done"] > 0)
        if isinstance(served, Halting):
            assert served.halted.wait(30)
        worker.terminate()
        assert worker.wait(10) == 0, "also while nothing comes from the address"
    assert state_of(api, task)["state"] == "QUEUED"
    if isinstance(served, Halting):
        served.goes_on.set()
    if case == "another file":
        changed = [line.replace(b'"title": "', b'"title": "new ') for line in lines]
        files[path] = Served((b"".join(changed),), headers={"ETag": '"two"'})
    with part(["worker", "--data", str(idle.data)], idle.data / f"worker-{name}-2.log"):
        task = ended(api, task)
        asked = [h for asked_path, h in zip(files.asked, files.headers, strict=True) if asked_path == path]
        assert len(asked) >= 2
        assert ("range" in {header.lower() for header in asked[1]}) == (pack is bytes)
        errors = api.ask("query($id: ID!) { task(id: $id) { errors { nodes { key line } } } }", id=task["id"])
        assert errors["task"]["errors"]["nodes"] == [{"key": None, "line": 2}, {"key": f"{name}-0", "line": 51}]
        if case == "another file":
            assert task["result"]["updated"] > 0
            assert sum(task["result"].values()) == 60
            assert api.ask(f'{{ work(key: "{name}-0") {{ title }} }}')["work"] == {"title": f"new {name}-0"}
        else:
            assert task["result"] == counts(58, failed=2)
            assert api.ask(f'{{ work(key: "{name}-0") {{ revision }} }}')["work"] == {"revision": 1}
