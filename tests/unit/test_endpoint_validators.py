"""Answers to GET are told apart by their entity tags, so that what a client has is not sent again."""

import httpx
import pytest
from starlette_compress import CompressMiddleware

from schema.endpoint.validators import CodedTags
from tests.unit.endpoint_app import App, Client, post

SHARED = "query Shared { hello }"
LONG = f'query {{ hello(name: "{"x" * 500}") }}'
PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def client() -> Client:
    app = App()
    app.endpoint = CodedTags(CompressMiddleware(app.endpoint, minimum_size=200))
    return Client(app)


def get(client: Client, query: str, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/graphql", params={"query": query}, headers={**PLAIN, **given})


def test_who_has_the_answer_is_told_so_and_not_sent_it_again(client: Client) -> None:
    first = get(client, LONG)
    again = get(client, LONG, if_none_match=first.headers["etag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    for name in ("etag", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert _vary(again) == _vary(first) == {"accept", "accept-encoding", "authorization", "cookie"}
    assert "content-type" not in again.headers
    assert again.headers["x-request-id"]


@pytest.mark.parametrize("header", ['"other"', "", "W/", '"', "{tag}x", "{half}"])
def test_who_has_another_one_gets_it(client: Client, header: str) -> None:
    tag = get(client, SHARED).headers["etag"]
    given = header.format(tag=tag, half=tag[: len(tag) // 2])
    assert get(client, SHARED, if_none_match=given).status_code == 200


@pytest.mark.parametrize("header", ["*", 'W/{tag}, "a"', '"a", "b,c" , {tag}'])
def test_all_forms_of_the_header_are_understood(client: Client, header: str) -> None:
    tag = get(client, SHARED).headers["etag"]
    assert get(client, SHARED, if_none_match=header.format(tag=tag)).status_code == 304


def test_other_answers_and_other_media_types_have_other_tags(client: Client) -> None:
    tags = [
        get(client, SHARED).headers["etag"],
        get(client, '{ hello(name: "Ada") }').headers["etag"],
        get(client, SHARED, accept="application/graphql-response+json").headers["etag"],
    ]
    assert len(set(tags)) == 3


def test_what_is_compressed_has_a_tag_of_its_own_that_is_known_again(client: Client) -> None:
    plain, packed = get(client, LONG), get(client, LONG, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] == f'{plain.headers["etag"][:-1]}-gzip"'
    again = get(client, LONG, accept_encoding="gzip", if_none_match=packed.headers["etag"])
    assert (again.status_code, again.headers["etag"]) == (304, packed.headers["etag"])


def test_only_what_is_said_to_be_public_may_be_kept_by_others(client: Client) -> None:
    assert get(client, SHARED).headers["cache-control"] == "public, max-age=5"
    assert get(client, "{ hello }").headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("query", ["{ boom }", "query Shared { boom }", "{ nothing }", "{", "mutation { touch }"])
def test_errors_are_kept_by_nobody(client: Client, query: str) -> None:
    answer = get(client, query)
    assert (answer.headers["cache-control"], "etag" in answer.headers) == ("no-store", False)


def test_answers_to_post_say_nothing_of_being_kept(client: Client) -> None:
    answer = post(client, SHARED, {"if-none-match": "*"})
    assert answer.status_code == 200
    assert not {"etag", "cache-control"} & answer.headers.keys()


def _vary(answer: httpx.Response) -> set[str]:
    return {one.strip().lower() for one in answer.headers["vary"].split(",")}
