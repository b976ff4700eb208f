"""Documents that are named by their hashes: automatic persisted queries."""

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from metrics import REGISTRY
from schema.endpoint import DocumentLimits
from tests.unit.endpoint_app import App, Client, code
from tests.unit.test_endpoint_streams import EVENTS, connected, events

GRAPHQL = {"accept": "application/graphql-response+json"}
TEXT = "query Hello($name: String) { hello(name: $name) }"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def named(text: str, **more: Any) -> dict[str, Any]:
    """The extensions that name a document."""
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text), **more}}


def post(client: Client, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
    return client.post("/graphql", json=parameters, headers=headers)


class Elsewhere(dict[bytes, bytes]):
    """What several servers share, in memory."""

    async def get(self, key: bytes) -> bytes | None:  # type: ignore[override]
        return super().get(key)

    def put(self, key: bytes, body: bytes) -> bool:
        self[key] = body
        return True


@pytest.fixture
def shared() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def client(shared: Elsewhere) -> Client:
    return Client(App(shared=shared))


class TestHashes:
    def test_a_text_that_was_sent_with_its_hash_is_found_by_it(self, client: Client) -> None:
        assert post(client, query=TEXT, extensions=named(TEXT)).json() == {"data": {"hello": "Hello, world"}}
        found = post(client, extensions=named(TEXT), variables={"name": "Ada"}, operationName="Hello")
        assert found.json() == {"data": {"hello": "Hello, Ada"}}
        params = {"extensions": json.dumps(named(TEXT)), "variables": '{"name": "Bo"}'}
        assert client.get("/graphql", params=params).json() == {"data": {"hello": "Hello, Bo"}}

    def test_it_is_parsed_and_validated_once(self, client: Client) -> None:
        def made() -> float:
            return REGISTRY.get_sample_value("catalograph_documents_total", {"source": "made"}) or 0

        post(client, query=TEXT, extensions=named(TEXT))
        before = made()
        for _ in range(3):
            post(client, extensions=named(TEXT))
        assert made() == before

    @pytest.mark.parametrize("headers", [None, GRAPHQL])
    def test_one_that_nobody_has_sent_is_told_in_the_words_that_clients_wait_for(
        self, client: Client, headers: dict[str, str] | None
    ) -> None:
        post(client, query=TEXT)
        for answer in (
            post(client, headers, extensions=named(TEXT)),
            client.get("/graphql", params={"extensions": json.dumps(named(TEXT))}, headers=headers),
        ):
            assert (answer.status_code, code(answer)) == (200, "PERSISTED_QUERY_NOT_FOUND")
            assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        assert answer.headers["cache-control"] == "no-store"

    def test_a_hash_of_another_text_is_refused_and_names_nothing(self, client: Client, shared: Elsewhere) -> None:
        answer = post(client, GRAPHQL, query="{ __typename }", extensions=named(TEXT))
        assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")
        assert code(post(client, extensions=named(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"
        assert not shared

    @pytest.mark.parametrize(
        "persisted", [1, [], {}, {"version": 1}, {"version": 2, "sha256Hash": "00"}, {"version": 1, "sha256Hash": 1}]
    )
    def test_what_names_nothing_is_refused(self, client: Client, persisted: Any) -> None:
        answer = post(client, GRAPHQL, query=TEXT, extensions={"persistedQuery": persisted})
        assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")

    @pytest.mark.parametrize("extensions", [{}, {"persistedQuery": None}, {"other": 1}])
    def test_who_names_none_need_not(self, client: Client, extensions: dict[str, Any]) -> None:
        assert post(client, query=TEXT, extensions=extensions).status_code == 200
        assert post(client, extensions=extensions).status_code == 400

    @pytest.mark.parametrize("text", ["{", "{ nothing }", "{ " + "hello " * 600 + "}"])
    def test_what_cannot_run_is_not_kept(self, client: Client, shared: Elsewhere, text: str) -> None:
        assert "errors" in post(client, query=text, extensions=named(text)).json()
        assert code(post(client, extensions=named(text))) == "PERSISTED_QUERY_NOT_FOUND"
        assert not shared

    def test_a_mutation_is_not_run_by_get(self, client: Client) -> None:
        text = "mutation { touch }"
        assert post(client, query=text, extensions=named(text)).json() == {"data": {"touch": True}}
        assert client.get("/graphql", params={"extensions": json.dumps(named(text))}).status_code == 405
        assert post(client, extensions=named(text)).json() == {"data": {"touch": True}}

    def test_a_get_by_hash_has_a_tag_and_is_not_answered_again_while_it_holds(self, client: Client) -> None:
        text = "query Shared { hello }"
        post(client, query=text, extensions=named(text))
        params = {"extensions": json.dumps(named(text))}
        first = client.get("/graphql", params=params)
        assert first.headers["cache-control"] == "public, max-age=5"
        again = client.get("/graphql", params=params, headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304

    def test_limits_hold_for_it_too(self, shared: Elsewhere) -> None:
        text = "{ a: shape { name } b: shape { name } }"
        client = Client(App(shared=shared, document_limits=DocumentLimits(max_cost=1)))
        assert code(post(client, extensions=named(text), query=text)) == "COST_EXCEEDED"
        assert code(post(client, extensions=named(text))) == "COST_EXCEEDED"


class TestSharing:
    def test_what_was_sent_to_one_server_is_found_on_another(self, client: Client, shared: Elsewhere) -> None:
        post(client, query=TEXT, extensions=named(TEXT))
        other = Client(App(shared=shared))
        for _ in range(2):
            assert post(other, extensions=named(TEXT)).json() == {"data": {"hello": "Hello, world"}}
            shared.clear()

    def test_what_was_lost_is_shared_again_when_it_is_sent_again(self, client: Client, shared: Elsewhere) -> None:
        post(client, query=TEXT, extensions=named(TEXT))
        shared.clear()
        post(client, query=TEXT, extensions=named(TEXT))
        assert list(shared) == [bytes.fromhex(digest(TEXT))]

    @pytest.mark.parametrize("body", [b"{ boom }", b"\xff", b""])
    def test_a_text_of_another_hash_is_not_taken(self, client: Client, shared: Elsewhere, body: bytes) -> None:
        shared[bytes.fromhex(digest(TEXT))] = body
        assert code(post(client, extensions=named(TEXT))) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_subscription_is_found_by_its_hash_over_an_event_stream(client: Client) -> None:
    text = "subscription { count(to: 1) }"
    for query in (text, None):
        answer = post(client, EVENTS, extensions=named(text), query=query)
        assert json.loads(events(answer.text)[0][1]) == {"data": {"count": 0}}
    (_, unknown), _ = events(post(client, EVENTS, extensions=named(TEXT)).text)
    assert json.loads(unknown)["errors"][0]["message"] == "PersistedQueryNotFound"


@pytest.mark.anyio
class TestWebSockets:
    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_a_subscription_is_found_by_its_hash_over_a_web_socket(self) -> None:
        text = "subscription { count(to: 1) }"
        async with connected(App()) as socket:
            await socket.send("subscribe", id="1", payload={"extensions": named(text)})
            assert (await socket.message())["payload"][0]["message"] == "PersistedQueryNotFound"
            for query in ({"query": text}, {"query": None}, {}):
                await socket.send("subscribe", id="2", payload={**query, "extensions": named(text)})
                assert (await socket.message())["payload"] == {"data": {"count": 0}}
                assert (await socket.message())["type"] == "complete"

    async def test_a_message_without_text_and_hash_closes_the_socket(self) -> None:
        async with connected(App()) as socket:
            await socket.send("subscribe", id="1", payload={"extensions": {"cost": True}})
            assert (await socket.event())["code"] == 4400
