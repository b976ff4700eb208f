"""Records come from files of NDJSON, when these are others than before."""

import json

from tests.acceptance.asking import Api
from tests.acceptance.harvesting.sources import harvested, new_source
from tests.acceptance.repository import Repository
from tests.acceptance.serving import Served, serving


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
