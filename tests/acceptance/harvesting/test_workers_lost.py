"""What is killed or stopped in the middle of heavy work: it goes on where it was, on both brokers.

Last of all, since the library's own worker ends with this.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.asking import Api, Writer
from tests.acceptance.harvesting.conftest import IN_SMALL_STEPS
from tests.acceptance.harvesting.sources import COLLECTIONS, item, new_source, publications, start
from tests.acceptance.repository import Item, Query, Repository, error, once
from tests.acceptance.serving import HALT_SECONDS, Files, Halting, Served, serving, serving_as
from tests.acceptance.task_work import PAYLOAD, Task, ended, kill_worker, state_of, until
from tests.rabbitmq import kill_rabbitmq, running_rabbitmq
from tests.running import System, beside, part

THERE, IMPORTED, HARVESTED = 400, 40, 20
FINISHED = "{ publications(first: 0) { totalCount } collections { name recordCount } }"
WORKER_LOST_SECONDS = 30


@dataclass
class Library:
    """A system without a worker of its own, and what it imports and harvests."""

    system: System
    api: Api
    files: Files
    repository: Repository
    keys: set[str] = field(default_factory=set)
    """Those of all its records."""
    goes_on: threading.Event = field(default_factory=threading.Event)

    def fill(self) -> None:
        """Have records of which a rebuild takes a while."""
        keys = [f"there-{number}" for number in range(THERE)]
        Writer(self.api, "Publication", "publications").upsert(*({"identifier": key, "title": key} for key in keys))
        self.keys |= set(keys)

    def ask(self, mutation: str) -> Task:
        payload = self.api.ask(f"mutation {{ p: {mutation} {PAYLOAD} }}")["p"]
        assert payload["errors"] == []
        task: Task = payload["task"]
        return task

    def begin(self, name: str) -> tuple[Task, Task, Task]:
        """A harvest, an import and a rebuild, each in the middle of its work; the first two stay there."""
        bad = Item(f"{name}:0", "2020-01-01T00:00:00Z", (("creator", "Ada"),))
        good = [f"{name}:{number}" for number in range(1, HARVESTED)]
        self.repository.reset(bad, *(Item(key, bad.datestamp, (("title", key),)) for key in good))
        keys = [f"{name}-{number}" for number in range(IMPORTED)]
        lines = [json.dumps({"identifier": key, "title": key}).encode() + b"\n" for key in keys]
        self.keys |= {*good, *keys}
        self.goes_on.clear()
        self.files["/file"] = Served(Halting(lines, IMPORTED // 2, self.goes_on), pause=0.1)
        self.repository.faults = [self.halt]
        harvest = start(self.api, new_source(self.api, self.repository))
        import_ = self.ask(f'importRecords(collection: Publication, url: "{self.files.url("/file")}")')
        until(lambda: self.is_busy(harvest) and self.is_busy(import_))
        rebuild = self.ask("rebuildIndex(collection: Publication)")
        until(lambda: self.is_busy(rebuild))
        return harvest, import_, rebuild

    def halt(self, query: Query) -> Served | None:
        """Let the first pages through, and the others when it goes on."""
        if query.get("resumptionToken", "").endswith(f"|{HARVESTED // 2}"):
            self.goes_on.wait(HALT_SECONDS)
        return None

    def is_busy(self, task: Task) -> bool:
        now = state_of(self.api, task)
        done, total = now["progress"]["done"], now["progress"]["total"]
        return bool(now["state"] == "RUNNING" and 0 < done < (total or IMPORTED))

    def check(self, harvest: Task, import_: Task, rebuild: Task) -> None:
        """Each has ended right: no record twice, and none missing, in both stores."""
        harvest, import_, rebuild = (ended(self.api, task) for task in (harvest, import_, rebuild))
        assert (harvest["state"], harvest["result"]["created"]) == ("PARTIAL", HARVESTED - 1)
        assert [one["key"] for one in harvest["errors"]["nodes"]] == [self.repository.records[0].identifier]
        firsts = [query for query in self.repository.queries if "resumptionToken" not in query]
        assert len(firsts) == 1, "the pages that were taken are not asked for again"
        assert import_["result"] == {"created": IMPORTED, "updated": 0, "unchanged": 0, "failed": 0}
        assert (rebuild["state"], rebuild["result"]["refused"]) == ("SUCCEEDED", 0)
        assert self.revisions() == dict.fromkeys(self.keys, 1)
        until(lambda: self.api.ask(FINISHED) == {
            "publications": {"totalCount": len(self.keys)},
            "collections": [{"name": "Note", "recordCount": 0}, {"name": "Publication", "recordCount": len(self.keys)}],
        })  # fmt: skip
        verified = ended(self.api, self.ask("verifyIndex(collection: Publication)"))
        assert verified["result"] == {"missing": 0, "stale": 0, "extra": 0, "repaired": 0}

    def revisions(self) -> dict[str, int]:
        fields = (f"p{n}: publication(key: {json.dumps(key)}) {{ key revision }}" for n, key in enumerate(self.keys))
        asked = list(fields)
        batches = (asked[begin : begin + 50] for begin in range(0, len(asked), 50))
        found = [one for batch in batches for one in self.api.ask(f"{{ {' '.join(batch)} }}").values()]
        return {one["key"]: one["revision"] for one in found if one}


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


@pytest.fixture(scope="module")
def over_redis(library: System, api: Api, served: Repository, stack: ExitStack) -> Library:
    kill_worker(library)
    return Library(library, api, stack.enter_context(serving()), served)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker") / "rabbitmq"


@pytest.fixture(scope="module")
def over_rabbitmq(system: System, broker: Path, tmp_path_factory: pytest.TempPathFactory, stack: ExitStack) -> Library:
    url = stack.enter_context(running_rabbitmq(broker))
    data = tmp_path_factory.mktemp("over-rabbitmq") / "data"
    started = stack.enter_context(beside(system, data, COLLECTIONS, broker_url=url, **IN_SMALL_STEPS))
    kill_worker(started)
    api = Api(stack.enter_context(started.client(started.token)))
    library = Library(started, api, stack.enter_context(serving()), stack.enter_context(serving_as(Repository)))
    library.fill()
    return library


def test_a_harvest_that_was_given_back_begins_again_where_the_repository_has_forgotten_the_list(
    over_redis: Library, repository: Repository
) -> None:
    api, data = over_redis.api, over_redis.system.data
    repository.reset(*(item(number) for number in range(1, 21)))
    repository.pause = 0.2
    with part(["worker", "--name", "one", "--data", str(data)], data / "worker-1.log") as worker:
        task = start(api, new_source(api, repository))
        until(lambda: state_of(api, task)["progress"]["done"] >= 6)
        worker.terminate()
        assert worker.wait(10) == 0
    assert state_of(api, task)["state"] == "QUEUED"
    repository.pause = 0
    forgotten = Served((error("badResumptionToken").encode(),))
    repository.faults = [once(forgotten, lambda query: "resumptionToken" in query)]
    with part(["worker", "--name", "two", "--data", str(data)], data / "worker-2.log"):
        assert ended(api, task)["state"] == "SUCCEEDED"
    assert [one["revision"] for one in publications(api)] == [1] * 20
    over_redis.keys = {f"oai:x:{number}" for number in range(1, 21)}
    over_redis.fill()


def test_a_restart_of_rabbitmq_in_the_middle_of_an_import_a_harvest_and_a_rebuild_stops_none(
    over_rabbitmq: Library, broker: Path
) -> None:
    data = over_rabbitmq.system.data
    with part(["worker", "--name", "one", "--data", str(data)], data / "worker-1.log"):
        tasks = over_rabbitmq.begin("restart")
        kill_rabbitmq(broker)
        meanwhile = over_rabbitmq.ask("verifyIndex(collection: Note)")
        over_rabbitmq.goes_on.set()
        over_rabbitmq.check(*tasks)
        assert ended(over_rabbitmq.api, meanwhile)["state"] == "SUCCEEDED"


def test_an_import_a_harvest_and_a_rebuild_whose_worker_was_killed_are_taken_up_again(
    over_redis: Library, over_rabbitmq: Library
) -> None:
    def kill_in_the_middle(library: Library) -> None:
        data = library.system.data
        with part(["worker", "--name", "three", "--data", str(data)], data / "worker-3.log"):
            tasks = library.begin("kill")
            kill_worker(library.system)
        killed_at = time.monotonic()
        library.goes_on.set()
        asked = len(library.files.asked)
        with part(["worker", "--name", "four", "--data", str(data)], data / "worker-4.log"):
            until(lambda: len(library.files.asked) > asked)
            assert time.monotonic() - killed_at < WORKER_LOST_SECONDS
            library.check(*tasks)

    with ThreadPoolExecutor() as both:
        list(both.map(kill_in_the_middle, (over_redis, over_rabbitmq)))
