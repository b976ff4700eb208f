"""How an operation is answered can be seen, and is as little as the operation needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema.explaining import HEADER
from tests.acceptance.asking import Api
from tests.running import System

FOUR = """query Four($s: String) {
  artworks(search: $s, first: 2) { nodes { title } }
  more: artworks(first: 1) { totalCount facets { classification { buckets { value } } } }
  artists(first: 1) { nodes { fc } }
  women: artists(filter: {gender: {eq: "Female"}}) { totalCount }
}"""
REVERSE = "{ artists(first: 20) { nodes { artworks(first: 5) { nodes { title } } } } }"
LEVELS = """{ artists(first: 20, orderBy: [{totalWorks: DESC}]) { nodes { artworks(first: 5) { nodes {
  contributors { artist { fc artworks(first: 1) { nodes { contributors { artist { mda } } } } } } } } } } }"""


@pytest.fixture(scope="module")
def explained(system: System) -> Iterator[Api]:
    with system.client(system.token) as client:
        client.headers[HEADER] = "true"
        yield Api(client)


def sent(api: Api, document: str, **variables: Any) -> list[dict[str, Any]]:
    answer = api.answer(document, variables)
    assert "errors" not in answer, answer
    requests: list[dict[str, Any]] = answer["extensions"]["explain"]
    return requests


def test_admin_is_told_the_statements_and_the_bodies(explained: Api) -> None:
    requests = sent(explained, '{ artworks(first: 3) { totalCount } artist(key: "38") { fc } }')
    search, look_up = sorted(requests, key=lambda request: request["store"])
    assert (search["store"], search["method"], look_up["store"]) == ("elasticsearch", "POST", "postgresql")
    assert search["path"].startswith("/catalograph-artwork/_search")
    assert search["body"]["track_total_hits"] is True
    assert look_up["statement"].startswith("SELECT")
    assert look_up["parameters"] == ["Artist", ["38"]]
    assert search["milliseconds"] > 0 < look_up["milliseconds"]


def test_what_asks_no_store_is_explained_by_nothing(explained: Api) -> None:
    assert sent(explained, "{ __typename }") == []


def test_a_write_is_explained_too(explained: Api) -> None:
    statements = sent(explained, 'mutation { deleteArtist(id: "nobody") { errors { code } } }')
    assert all(one["store"] == "postgresql" for one in statements)


def test_nothing_is_explained_unless_asked_for(tate_api: Api) -> None:
    assert "extensions" not in tate_api.answer("{ artworks { totalCount } }")


@pytest.mark.parametrize(("value", "code"), [("true", "FORBIDDEN"), ("1", "FORBIDDEN"), ("loudly", "BAD_USER_INPUT")])
def test_others_than_admin_are_told_nothing(system: System, value: str, code: str) -> None:
    answer = httpx.post(system.graphql, json={"query": "{ artworks { totalCount } }"}, headers={HEADER: value}).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert "data" not in answer


@pytest.mark.parametrize("value", ["false", "0"])
def test_the_header_can_say_no(system: System, value: str) -> None:
    answer = httpx.post(system.graphql, json={"query": "{ artworks { totalCount } }"}, headers={HEADER: value}).json()
    assert answer.keys() == {"data"}


def test_four_searches_are_one_request(explained: Api) -> None:
    (request,) = sent(explained, FOUR, s="river")
    assert request["path"].startswith("/_msearch")
    assert len(request["body"]) == 8, "a line for the index and one for the search of each"


def test_what_is_not_selected_is_not_asked_for(explained: Api) -> None:
    (request,) = sent(explained, '{ artworks(search: "sea", first: 5) { nodes { title } } }')
    body = request["body"]
    assert not {"aggs", "highlight", "post_filter", "track_scores"} & body.keys()
    assert (body["track_total_hits"], body["size"]) == (False, 6)
    paths = request["path"].partition("filter_path=")[2].split(",")
    assert [path for path in paths if path.startswith("hits.")] == ["hits.hits.sort", "hits.hits._source.data.title"]


@pytest.mark.parametrize(
    ("selected", "key"),
    [
        ("facets { medium { buckets { value } } }", "aggs"),
        ("edges { highlights { path } }", "highlight"),
        ("edges { score }", "track_scores"),
    ],
)
def test_what_is_selected_is_asked_for(explained: Api, selected: str, key: str) -> None:
    (request,) = sent(explained, f'{{ artworks(search: "sea", first: 5, orderBy: [{{title: ASC}}]) {{ {selected} }} }}')
    assert key in request["body"]


def test_what_links_to_twenty_records_is_found_at_once(explained: Api) -> None:
    first, second = sent(explained, REVERSE)
    assert first["path"].startswith("/catalograph-artist/_search")
    assert len(second["body"]) == 40


def test_each_level_of_links_is_one_request_however_many_records_there_are(explained: Api) -> None:
    stores = [request["store"] for request in sent(explained, LEVELS)]
    assert stores == ["elasticsearch", "elasticsearch", "postgresql", "elasticsearch"]


def test_the_command_says_what_each_root_field_does(system: System, tmp_path: Path) -> None:
    file = tmp_path / "four.graphql"
    file.write_text(FOUR)
    done = system.command("explain", str(file), "--variables", '{"s": "river"}')
    assert (done.returncode, done.stderr) == (0, "")
    assert "  artists (ArtistConnection): POST /catalograph-artist/_search\n" in done.stdout
    assert "  together: POST /_msearch with 4 searches\n" in done.stdout
    assert '"query":"river"' in done.stdout


def test_the_command_shows_statements_too(system: System) -> None:
    done = system.command("explain", '{ artist(key: "38") { fc } viewer { id } }')
    assert "  artist (Artist): SELECT records\n  viewer (Viewer): asks no store\n" in done.stdout
    assert 'parameters: ["Artist",["38"]]' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{ artwork }"], "must have a selection of subfields"),
        (["{ nothing }"], "Cannot query field"),
        (["{"], "Syntax Error"),
        (["nowhere.graphql"], "neither a file nor an operation"),
        (['mutation { deleteArtist(id: "x") { errors { code } } }'], "not run to explain it"),
        (["{ __typename }", "--variables", "{x"], "--variables is not JSON"),
        (["{ artworks(first: -1) { totalCount } }"], "first must be 0 to 1,000"),
    ],
)
def test_what_can_not_be_explained_is_refused(system: System, arguments: list[str], said: str) -> None:
    done = system.command("explain", *arguments)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
