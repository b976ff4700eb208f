"""A harvest whose worker is lost goes on where it was; last of all, since the library's own worker ends with this."""

from tests.acceptance.asking import Api
from tests.acceptance.harvesting.sources import item, new_source, publications, start
from tests.acceptance.repository import Item, Repository, error, once
from tests.acceptance.serving import Served
from tests.acceptance.task_work import ended, kill_worker, state_of, until
from tests.running import System, part


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
