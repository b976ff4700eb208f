"""The endpoint over HTTP: requests, statuses, media types, ids, limits."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Scope
from structlog.testing import capture_logs
from structlog.typing import EventDict

from errors import RequestRefused
from metrics import REGISTRY
from schema.endpoint import DocumentLimits, Limits
from schema.endpoint.body import read_body
from server import Counting
from tests.unit.endpoint_app import App, Client, code, post

GRAPHQL = {"accept": "application/graphql-response+json"}
PACKED = gzip.compress(b'{"query": "{__typename}"}', mtime=0)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What is logged, kept from the terminal."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def client(app: App) -> Client:
    return Client(app)


class TestRequests:
    def test_a_query_is_answered_with_its_data_alone(self, client: Client) -> None:
        response = post(client, '{ hello(name: "Ada") }')
        assert response.json() == {"data": {"hello": "Hello, Ada"}}
        assert response.headers["content-type"] == "application/json; charset=utf-8"

    def test_the_named_operation_runs_with_its_variables(self, client: Client) -> None:
        query = "query A { __typename } query B($name: String!) { hello(name: $name) }"
        response = post(client, query, operationName="B", variables={"name": "Bo"})
        assert response.json() == {"data": {"hello": "Hello, Bo"}}

    def test_a_get_request_carries_everything_in_its_query_string(self, client: Client) -> None:
        given = {"query": "query A($n: String) { hello(name: $n) }", "operationName": "A", "variables": '{"n": "Zoë"}'}
        assert client.get("/graphql", params=given).json() == {"data": {"hello": "Hello, Zoë"}}

    def test_empty_parameters_of_a_get_request_are_as_if_absent(self, client: Client) -> None:
        response = client.get("/graphql?query={__typename}&operationName=&variables=&extensions=")
        assert response.json() == {"data": {"__typename": "Query"}}

    @pytest.mark.parametrize("query", ["query=%ff", "query={a}&query={b}", "query={__typename}&variables=[1", ""])
    def test_a_get_request_that_cannot_be_read_is_refused(self, client: Client, query: str) -> None:
        assert client.get(f"/graphql?{query}").status_code == 400

    def test_a_mutation_by_get_is_refused_and_not_run(self, client: Client, app: App) -> None:
        response = client.get("/graphql", params={"query": "mutation { touch }"})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert "touched" not in app.log

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_other_methods_are_told_which_ones_there_are(self, client: Client, method: str) -> None:
        response = client.request(method, "/graphql")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"3", b'"x"', b"[]", b"\xff", b"NaN", b'{"query": NaN}'])
    def test_a_body_that_is_no_request_is_refused(self, client: Client, body: bytes) -> None:
        response = client.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")

    def test_deeply_nested_json_is_refused_and_the_server_lives(self, client: Client) -> None:
        body = b"[" * 9_000
        assert client.post("/graphql", content=body, headers={"content-type": "application/json"}).status_code == 400
        assert post(client, "{ __typename }").status_code == 200

    def test_unknown_and_ambiguous_operations_are_named(self, client: Client) -> None:
        two = "query A { __typename } query B { __typename }"
        assert "'C'" in post(client, two, operationName="C").json()["errors"][0]["message"]
        assert "operationName" in post(client, two).json()["errors"][0]["message"]
        assert post(client, two, GRAPHQL).status_code == 400

    def test_a_hash_without_text_gets_the_answer_that_clients_wait_for(self, client: Client) -> None:
        body = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}
        response = client.post("/graphql", json=body)
        assert (response.status_code, code(response)) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"

    def test_a_browser_gets_the_page_and_a_program_its_answer(self, client: Client) -> None:
        browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        shown = client.get("/graphql", headers=browser)
        assert "GraphiQL" in shown.text
        assert shown.headers["x-request-id"]
        assert client.get("/graphql?query={__typename}", headers={"accept": "*/*"}).json()["data"]

    def test_a_subscription_over_plain_http_is_told_where_to_go(self, client: Client, app: App) -> None:
        response = post(client, "subscription { count(to: 2) }", GRAPHQL)
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
        assert "WebSocket" in response.json()["errors"][0]["message"]


class TestStatuses:
    @pytest.mark.parametrize(
        ("query", "variables", "expected"),
        [
            ("{", {}, "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
            ("query ($n: Int!) { limit(first: $n) }", {"n": "x"}, "BAD_USER_INPUT"),
            ("{ " + "__typename " * 600 + "}", {}, "COST_EXCEEDED"),
        ],
    )
    def test_an_operation_that_cannot_run_is_200_as_json_and_400_as_graphql(
        self, client: Client, query: str, variables: dict[str, Any], expected: str
    ) -> None:
        plain, graphql = (post(client, query, accept, variables=variables) for accept in ({}, GRAPHQL))
        assert (plain.status_code, graphql.status_code) == (200, 400)
        assert code(plain) == code(graphql) == expected
        assert "data" not in plain.json()
        assert "data" not in graphql.json()

    @pytest.mark.parametrize("accept", [{}, GRAPHQL])
    def test_data_that_is_null_for_an_error_inside_is_still_200(self, client: Client, accept: dict[str, str]) -> None:
        response = post(client, "{ certainlyBoom }", accept)
        assert response.status_code == 200
        assert response.json()["data"] is None

    @pytest.mark.parametrize("accept", [{}, GRAPHQL])
    @pytest.mark.parametrize(
        ("token", "status", "expected", "header"),
        [
            ("bad", 401, "UNAUTHENTICATED", "www-authenticate"),
            ("down", 503, "DATABASE_UNAVAILABLE", "retry-after"),
            ("broken", 500, "INTERNAL", "content-type"),
        ],
    )
    def test_without_a_viewer_the_whole_request_fails(
        self, client: Client, accept: dict[str, str], token: str, status: int, expected: str, header: str
    ) -> None:
        response = post(client, "{ __typename }", {"authorization": f"Bearer {token}", **accept})
        assert (response.status_code, code(response)) == (status, expected)
        assert header in response.headers
        assert "data" not in response.json()
        assert "hunter2" not in response.text

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed"])
    def test_a_body_that_a_foreign_page_could_send_is_415(self, client: Client, content_type: str) -> None:
        response = client.post("/graphql", content=b'{"query": "{__typename}"}', headers={"content-type": content_type})
        assert response.status_code == 415

    def test_another_charset_is_415_and_utf_8_is_not(self, client: Client) -> None:
        body = b'{"query": "{__typename}"}'
        for charset, status in (("utf-16", 415), ("UTF-8", 200), ('"utf-8"', 200)):
            headers = {"content-type": f"application/json; charset={charset}"}
            assert client.post("/graphql", content=body, headers=headers).status_code == status

    def test_who_accepts_nothing_that_we_offer_is_told_so_in_json(self, client: Client) -> None:
        response = post(client, "{ __typename }", {"accept": "application/xml"})
        assert (response.status_code, code(response)) == (406, "BAD_USER_INPUT")


class TestRequestIds:
    def test_a_given_id_comes_back_in_the_header_the_context_and_every_error(self, client: Client) -> None:
        response = post(client, "{ requestId boom }", {"x-request-id": "trace 42"})
        assert response.headers["x-request-id"] == "trace 42"
        assert response.json()["data"]["requestId"] == "trace 42"
        assert response.json()["errors"][0]["extensions"]["requestId"] == "trace 42"

    @pytest.mark.parametrize("given", [b"", b"x" * 129, b"a\tb", "ä".encode()])
    def test_an_id_that_could_harm_a_log_is_replaced(self, client: Client, given: bytes) -> None:
        response = client.post("/graphql", json={"query": "{ __typename }"}, headers={b"x-request-id": given})
        made = response.headers["x-request-id"]
        assert len(made) == 32
        assert made.isalnum()

    def test_two_requests_get_two_ids(self, client: Client) -> None:
        assert len({post(client, "{ requestId }").json()["data"]["requestId"] for _ in range(2)}) == 2


class TestSizes:
    def test_a_body_above_the_limit_is_413_whatever_it_holds(self, client: Client) -> None:
        headers = {"content-type": "application/json"}
        for body in (b'{"query": "{__typename}", "x": "' + b"x" * 10_000 + b'"}', b"x" * 10_001, b"[" * 10_001):
            assert client.post("/graphql", content=body, headers=headers).status_code == 413

    def test_an_upsert_may_be_larger_up_to_its_own_limit(self, client: Client) -> None:
        query = "mutation U($r: [String!]!) { ...F } fragment F on Mutation { upsertThings(records: $r) }"
        assert post(client, query, variables={"r": ["x" * 20_000]}).json() == {"data": {"upsertThings": 1}}
        assert post(client, query, variables={"r": ["x" * 50_000]}).status_code == 413

    def test_a_large_document_that_only_names_an_upsert_elsewhere_is_413(self, client: Client) -> None:
        query = "mutation U($r: [String!]!) { upsertThings(records: $r) } mutation T { touch }"
        response = post(client, query, operationName="T", variables={"r": ["x" * 20_000]})
        assert response.status_code == 413

    def test_a_large_document_that_is_no_operation_is_413(self, client: Client) -> None:
        for query in ("{ nothing }", "{", "query A { hello } query B { hello }"):
            assert post(client, query, variables={"x": "x" * 20_000}).status_code == 413

    def test_an_array_has_no_larger_limit_for_upserts(self) -> None:
        client = Client(App(limits=Limits(10_000, 50_000, 5.0, batch_max=3)))
        upsert = {"query": "mutation ($r: [String!]!) { upsertThings(records: $r) }"}
        assert client.post("/graphql", json=[{**upsert, "variables": {"r": ["x"]}}]).status_code == 200
        assert client.post("/graphql", json=[{**upsert, "variables": {"r": ["x" * 20_000]}}]).status_code == 413

    def test_an_address_above_the_limit_is_414(self, client: Client) -> None:
        assert client.get("/graphql", params={"query": "{ hello }", "x": "x" * 10_000}).status_code == 414

    def test_a_declared_length_above_every_limit_is_refused_unread(self, client: Client) -> None:
        headers = {"content-type": "application/json", "content-length": "50001"}
        assert client.post("/graphql", content=b"{}", headers=headers).status_code == 413

    @pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
    def test_packed_bodies_are_read(self, client: Client, coding: str, pack: Any) -> None:
        headers = {"content-type": "application/json", "content-encoding": coding}
        response = client.post("/graphql", content=pack(b'{"query": "{__typename}"}'), headers=headers)
        assert response.json() == {"data": {"__typename": "Query"}}

    def test_the_limit_counts_unpacked_bytes_and_a_bomb_is_never_unpacked(self, client: Client) -> None:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        for size in (10_001, 20_000_000):
            body = gzip.compress(b'{"query": "{__typename}"' + b" " * size + b"}")
            assert client.post("/graphql", content=body, headers=headers).status_code == 413

    @pytest.mark.anyio
    async def test_of_a_bomb_no_more_than_the_limit_is_unpacked(self) -> None:
        bomb = [body(gzip.compress(b" " * 50_000_000))]

        async def receive() -> Message:
            return bomb.pop()

        tracemalloc.start()
        with pytest.raises(RequestRefused):
            await read_body(receive, {"content-encoding": "gzip"}, 60_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000_000

    @pytest.mark.anyio
    async def test_a_body_without_declared_length_is_read_up_to_the_limit_only(self) -> None:
        pieces = [body(b"x" * 10_000, more=True) for _ in range(10)]
        messages: list[Message | None] = [*pieces]
        assert (await exchange(App(), messages))[0]["status"] == 413
        assert len(messages) == 4

    @pytest.mark.parametrize("body", [b"plain", PACKED[:-3], PACKED[:-9], PACKED + b"more"])
    def test_a_packed_body_that_is_damaged_is_400(self, client: Client, body: bytes) -> None:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        assert client.post("/graphql", content=body, headers=headers).status_code == 400

    def test_an_unknown_content_coding_is_415_and_names_the_known(self, client: Client) -> None:
        headers = {"content-type": "application/json", "content-encoding": "br"}
        response = client.post("/graphql", content=b"{}", headers=headers)
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip, deflate")


class TestCosts:
    QUERY = "query($all: Boolean!) { shape { name } other: shape @include(if: $all) { name } }"

    @pytest.fixture
    def app(self) -> App:
        return App(document_limits=DocumentLimits(max_cost=1), limits=Limits(10_000, 50_000, 5.0, batch_max=3))

    @pytest.mark.parametrize("headers", [{}, GRAPHQL])
    def test_what_costs_too_much_is_refused_before_it_runs(self, client: Client, headers: dict[str, str]) -> None:
        answer = post(client, self.QUERY, headers, variables={"all": True})
        assert (answer.status_code, code(answer)) == (400 if headers else 200, "COST_EXCEEDED")
        assert "may cost 2; 1 is allowed" in answer.json()["errors"][0]["message"]
        assert "extensions" not in answer.json()

    @pytest.mark.parametrize(("all_", "requested"), [(True, 2), (False, 1)])
    def test_it_is_told_to_who_asks_whether_it_is_too_much_or_not(
        self, client: Client, all_: bool, requested: int
    ) -> None:
        expected = {"requested": requested, "limit": 1}
        asked = {"query": self.QUERY, "variables": {"all": all_}, "extensions": {"cost": True}}
        assert client.post("/graphql", json=asked).json()["extensions"] == {"cost": expected}
        written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
        assert client.get("/graphql", params=written).json()["extensions"] == {"cost": expected}

    @pytest.mark.parametrize("asked", [{}, {"cost": False}, {"cost": 1}, {"cost": None}])
    def test_it_is_not_told_to_others(self, client: Client, asked: dict[str, Any]) -> None:
        assert "extensions" not in post(client, "{ hello }", extensions=asked).json()

    def test_each_operation_of_an_array_has_a_cost_of_its_own(self, client: Client) -> None:
        asked = {"query": self.QUERY, "extensions": {"cost": True}}
        both = [{**asked, "variables": {"all": all_}} for all_ in (True, False)]
        dear, cheap = client.post("/graphql", json=both).json()
        assert "errors" in dear
        assert [one["extensions"]["cost"]["requested"] for one in (dear, cheap)] == [2, 1]
        assert "data" not in dear
        assert "data" in cheap


class TestArrays:
    def test_arrays_are_refused_unless_allowed(self, client: Client) -> None:
        assert client.post("/graphql", json=[{"query": "{ __typename }"}]).status_code == 400

    def test_an_allowed_array_is_answered_in_its_order_with_one_context(self) -> None:
        app = App(limits=Limits(10_000, 50_000, 5.0, batch_max=3))
        operations = [{"query": "{ __typename }"}, {"query": "{"}, {"query": "mutation { touch }"}]
        response = Client(app).post("/graphql", json=operations)
        first, second, third = response.json()
        assert first == {"data": {"__typename": "Query"}}
        assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
        assert third == {"data": {"touch": True}}
        assert app.log == ["opened", "touched", "closed"]

    @pytest.mark.parametrize("count", [0, 4])
    def test_an_array_of_none_or_too_many_is_refused(self, count: int) -> None:
        app = App(limits=Limits(10_000, 50_000, 5.0, batch_max=3))
        response = Client(app).post("/graphql", json=[{"query": "{ __typename }"}] * count)
        assert response.status_code == 400
        assert app.log == []


class TestValues:
    def test_integers_of_any_size_arrive_and_leave_exactly(self, client: Client) -> None:
        headers = {"content-type": "application/json"}
        number = 2**70 + 1
        body = json.dumps({"query": "query ($v: Anything!) { echo(value: $v) }", "variables": {"v": number}})
        assert client.post("/graphql", content=body, headers=headers).json() == {"data": {"echo": number}}

    def test_a_lone_surrogate_is_passed_through_for_the_schema_to_judge(self, client: Client) -> None:
        body = b'{"query": "query ($v: Anything!) { echo(value: $v) }", "variables": {"v": "\\ud800"}}'
        response = client.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert response.content == b'{"data":{"echo":"\\ud800"}}'

    def test_keys_that_are_no_strings_become_strings(self, client: Client) -> None:
        assert post(client, '{ strange(kind: "keys") }').json() == {"data": {"strange": {"1": "one"}}}

    def test_a_value_without_json_form_is_an_internal_error(self, client: Client) -> None:
        response = post(client, '{ strange(kind: "object") }')
        assert (response.status_code, code(response)) == (500, "INTERNAL")


class TestTime:
    def test_an_operation_beyond_its_time_is_cancelled_and_told_so(self) -> None:
        app = App(limits=Limits(10_000, 50_000, timeout=0.05))
        response = post(Client(app), "{ slow }", GRAPHQL)
        assert (response.status_code, code(response)) == (504, "TIMEOUT")
        assert app.log == ["opened", "started", "cancelled", "closed"]

    @pytest.mark.anyio
    async def test_a_body_that_does_not_arrive_is_given_up(self) -> None:
        app = App(limits=Limits(10_000, 50_000, timeout=0.05))
        sent = await exchange(app, [])
        assert sent[0]["status"] == 408

    @pytest.mark.anyio
    async def test_when_the_client_goes_its_operation_ends_and_nothing_is_sent(self) -> None:
        app = App()
        sent = await exchange(app, [body(b'{"query": "{ slow }"}'), None, {"type": "http.disconnect"}])
        assert sent == []
        assert app.log == ["opened", "started", "cancelled", "closed"]

    @pytest.mark.anyio
    async def test_a_client_that_goes_while_it_sends_is_forgotten(self) -> None:
        app = App()
        sent = await exchange(app, [body(b'{"query"', more=True), {"type": "http.disconnect"}])
        assert sent == []
        assert app.log == []

    @pytest.mark.anyio
    async def test_a_client_that_goes_is_counted_by_a_status_of_its_own(self) -> None:
        def counted() -> dict[int, float]:
            names = "catalograph_requests_total"
            return {
                status: REGISTRY.get_sample_value(names, {"status": str(status)}) or 0 for status in (200, 499, 500)
            }

        async def broken(*_: object) -> None:
            raise RuntimeError

        before = counted()
        counting = Counting(App().endpoint)
        await exchange(counting, [body(b'{"query": "{ slow }"}'), None, {"type": "http.disconnect"}])
        await exchange(counting, [body(b'{"query": "{ __typename }"}'), body(b"")])
        with pytest.raises(RuntimeError):
            await exchange(Counting(broken), [])
        assert counted() == {status: number + 1 for status, number in before.items()}

    @pytest.mark.anyio
    async def test_a_server_that_stops_cancels_the_request_itself(self) -> None:
        app = App()
        task = asyncio.ensure_future(exchange(app, [body(b'{"query": "{ slow }"}')]))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert app.log == ["opened", "started", "cancelled", "closed"]

    @pytest.mark.anyio
    async def test_a_body_in_many_pieces_is_put_together(self) -> None:
        pieces = [body(bytes([byte]), more=True) for byte in b'{"query": "{ __typename }"}']
        sent = await exchange(App(), [*pieces, body(b"")])
        assert sent[1]["body"] == b'{"data":{"__typename":"Query"}}'


def body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


async def exchange(app: App | ASGIApp, messages: list[Message | None]) -> list[Message]:
    """What the endpoint, or what is around it, sends to a client that sends `messages`, taking them off the list.

    None is a short while.
    """
    sent: list[Message] = []

    async def receive() -> Message:
        while messages:
            if message := messages.pop(0):
                return message
            await asyncio.sleep(0.05)
        await asyncio.sleep(60)
        raise AssertionError("never asked for this long")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope: Scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await (app.endpoint if isinstance(app, App) else app)(scope, receive, send)
    return sent
