"""Subscriptions over WebSocket and Server-Sent Events, on the endpoint's own path."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, cast

import pytest
from starlette.types import Message, Scope
from strawberry.types import ExecutionResult
from structlog.testing import capture_logs
from structlog.typing import EventDict

from schema.endpoint import DocumentLimits, Limits
from schema.endpoint.connection import Connection
from schema.endpoint.sharing import SharedResults
from tests.unit.endpoint_app import App, Client, code, post

EVENTS = {"accept": "text/event-stream"}


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


class Socket:
    """The client's end of a WebSocket without a network between."""

    def __init__(self, app: App, headers: dict[str, str]) -> None:
        self._to: asyncio.Queue[Message] = asyncio.Queue()
        self._from: asyncio.Queue[Message] = asyncio.Queue()
        scope: Scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": ["graphql-transport-ws"],
            "client": ("127.0.0.1", 1),
        }
        self._to.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(app.endpoint(scope, self._to.get, self.take))

    async def take(self, message: Message) -> None:
        await self._from.put(message)

    async def send(self, kind: str, **message: Any) -> None:
        await self._to.put({"type": "websocket.receive", "text": json.dumps({"type": kind, **message})})

    async def send_text(self, text: str) -> None:
        await self._to.put({"type": "websocket.receive", "text": text})

    async def event(self) -> Message:
        return await asyncio.wait_for(self._from.get(), 2)

    async def message(self) -> dict[str, Any]:
        received: dict[str, Any] = json.loads((await self.event())["text"])
        return received

    async def leave(self) -> None:
        await self._to.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, 2)


@asynccontextmanager
async def connected(
    app: App, payload: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> AsyncIterator[Socket]:
    socket = Socket(app, headers or {})
    assert (await socket.event())["type"] == "websocket.accept"
    await socket.send("connection_init", payload=payload or {})
    assert (await socket.message())["type"] == "connection_ack"
    yield socket
    await socket.leave()


@pytest.mark.anyio
class TestWebSockets:
    async def test_a_subscription_sends_each_event_then_completes(self, app: App) -> None:
        async with connected(app) as socket:
            await socket.send("subscribe", id="1", payload={"query": "subscription { count(to: 2) }"})
            messages = [await socket.message() for _ in range(3)]
        assert [m["payload"]["data"]["count"] for m in messages[:2]] == [0, 1]
        assert messages[2] == {"id": "1", "type": "complete"}

    async def test_every_event_has_a_context_of_its_own_and_all_are_closed(self, app: App) -> None:
        async with connected(app) as socket:
            app.log.clear()
            await socket.send("subscribe", id="1", payload={"query": "subscription { count(to: 3) }"})
            for _ in range(4):
                await socket.message()
        assert app.log.count("opened") == app.log.count("closed") == 4

    async def test_queries_run_too_with_variables_and_names(self, app: App) -> None:
        query = "query A { __typename } query B($n: String) { hello(name: $n) }"
        async with connected(app) as socket:
            payload = {"query": query, "operationName": "B", "variables": {"n": "Bo"}}
            await socket.send("subscribe", id="1", payload=payload)
            assert (await socket.message())["payload"] == {"data": {"hello": "Hello, Bo"}}

    async def test_a_cost_is_told_and_limited_as_over_http(self) -> None:
        asked = {"query": "subscription { count(to: 1) }", "extensions": {"cost": True}}
        async with connected(App(document_limits=DocumentLimits(max_cost=1))) as socket:
            await socket.send("subscribe", id="1", payload=asked)
            told = (await socket.message())["payload"]
            assert told == {"data": {"count": 0}, "extensions": {"cost": {"requested": 0, "limit": 1}}}
            assert (await socket.message())["type"] == "complete"
            await socket.send("subscribe", id="1", payload={"query": "{ a: shape { name } b: shape { name } }"})
            assert (await socket.message())["payload"][0]["extensions"]["code"] == "COST_EXCEEDED"

    async def test_a_query_has_no_more_time_than_over_http(self) -> None:
        async with connected(App(limits=Limits(10_000, 50_000, timeout=0.05))) as socket:
            await socket.send("subscribe", id="1", payload={"query": "{ slow }"})
            message = await socket.message()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "TIMEOUT")

    async def test_the_token_of_connection_init_counts_for_its_operations(self, app: App) -> None:
        async with connected(app, {"Authorization": "Bearer good"}, {"authorization": "Bearer other"}) as socket:
            await socket.send("subscribe", id="1", payload={"query": "{ authorization }"})
            assert (await socket.message())["payload"]["data"] == {"authorization": "Bearer good"}

    async def test_a_bad_token_is_refused_at_connection_init(self, app: App) -> None:
        socket = Socket(app, {})
        await socket.event()
        await socket.send("connection_init", payload={"authorization": "Bearer bad"})
        assert (await socket.event())["code"] == 4403

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { count }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription ($to: Int!) { count(to: $to) }", "BAD_USER_INPUT"),
            ("{ " + "__typename " * 600 + "}", "COST_EXCEEDED"),
        ],
    )
    async def test_a_refused_operation_leaves_the_others_of_its_socket_alone(
        self, app: App, query: str, expected: str
    ) -> None:
        async with connected(app) as socket:
            await socket.send("subscribe", id="1", payload={"query": query})
            message = await socket.message()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", expected)
            await socket.send("subscribe", id="1", payload={"query": "{ hello }"})
            assert (await socket.message())["type"] == "next"

    async def test_a_source_that_breaks_is_masked_and_ends_its_stream(self, app: App) -> None:
        async with connected(app) as socket:
            await socket.send("subscribe", id="1", payload={"query": "subscription { breaks }"})
            messages = [await socket.message() for _ in range(3)]
        assert [m["type"] for m in messages] == ["next", "next", "complete"]
        assert messages[1]["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "hunter2" not in json.dumps(messages)

    @pytest.mark.parametrize("how", ["complete", "leave"])
    async def test_a_stream_ends_with_its_reader(self, app: App, how: str) -> None:
        async with connected(app) as socket:
            await socket.send("subscribe", id="1", payload={"query": "subscription { endless }"})
            await socket.message()
            if how == "complete":
                await socket.send("complete", id="1")
                await asyncio.sleep(0.1)
                assert "ended" in app.log
        assert "ended" in app.log
        assert app.log.count("opened") == app.log.count("closed")

    async def test_a_cookie_from_a_foreign_page_is_refused_and_a_token_is_not(self, app: App) -> None:
        foreign = {"origin": "https://evil.test", "host": "catalograph.test"}
        socket = Socket(app, {**foreign, "cookie": "session=1"})
        assert (await socket.event())["type"] == "websocket.close"
        async with connected(app, headers=foreign):
            pass

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("{", 4400),
            ("[]", 4400),
            ('"subscribe"', 4400),
            ('{"id": "1"}', 4400),
            ('{"type": "dance"}', 4400),
            ('{"type": "subscribe", "payload": {"query": "{ hello }"}}', 4400),
            ('{"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}', 4400),
            ('{"type": "subscribe", "id": "1", "payload": {}}', 4400),
            ('{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}', 4400),
            ('{"type": "complete"}', 4400),
            ('{"type": "connection_init"}', 4429),
        ],
    )
    async def test_a_message_against_the_protocol_closes_the_socket_with_its_code(
        self, app: App, text: str, code: int
    ) -> None:
        async with connected(app) as socket:
            await socket.send_text(text)
            assert (await socket.event())["code"] == code

    async def test_who_subscribes_before_saying_who_it_is_is_closed(self, app: App) -> None:
        socket = Socket(app, {})
        await socket.event()
        await socket.send("subscribe", id="1", payload={"query": "{ hello }"})
        assert (await socket.event())["code"] == 4401
        await socket.leave()

    async def test_an_id_that_is_in_use_closes_the_socket(self, app: App) -> None:
        async with connected(app) as socket:
            for _ in range(2):
                await socket.send("subscribe", id="1", payload={"query": "subscription { silent }"})
            assert (await socket.event())["code"] == 4409

    async def test_a_token_that_ends_closes_its_sockets_and_no_others(self, app: App) -> None:
        given = {"authorization": "Bearer a"}
        async with connected(app, given) as one, connected(app) as other:
            await one.send("subscribe", id="1", payload={"query": "subscription { silent }"})
            await asyncio.sleep(0.1)
            assert "ended" not in app.log
            app.ended.add("Bearer a")
            assert await one.event() == {"type": "websocket.close", "code": 4403, "reason": "Forbidden"}
            await one.leave()
            assert "ended" in app.log
            await other.send("ping")
            assert (await other.message())["type"] == "pong"
        assert len(app.streams.watch) == 0

    async def test_who_does_not_even_take_the_close_is_cut_off(self, app: App) -> None:
        class Deaf(Socket):
            async def take(self, message: Message) -> None:
                if message["type"] == "websocket.close":
                    await asyncio.Event().wait()
                await super().take(message)

        socket = Deaf(app, {})
        await socket.event()
        await socket.send("connection_init", payload={"authorization": "Bearer a"})
        await socket.message()
        await socket.send("subscribe", id="1", payload={"query": "subscription { silent }"})
        await asyncio.sleep(0.02)
        app.ended.add("Bearer a")
        await asyncio.wait_for(socket.task, 4)
        assert "ended" in app.log
        assert len(app.streams.watch) == 0

    async def test_of_who_does_not_read_no_more_is_asked_than_one_result(self) -> None:
        app = App(watch_seconds=60)

        class Slow(Socket):
            async def take(self, message: Message) -> None:
                if "next" in message.get("text", ""):
                    await asyncio.Event().wait()
                await super().take(message)

        socket = Slow(app, {})
        await socket.event()
        await socket.send("connection_init")
        await socket.message()
        app.log.clear()
        await socket.send("subscribe", id="1", payload={"query": "subscription { endless }"})
        await asyncio.sleep(0.2)
        assert app.log.count("opened") == 2, "the subscription itself and its first event"
        await socket.leave()
        assert "ended" in app.log

    @pytest.mark.parametrize("token", ["Bearer down", "Bearer broken"])
    async def test_what_cannot_be_checked_stays_and_is_checked_again(self, app: App, token: str) -> None:
        async with connected(app, {"authorization": "Bearer a"}) as socket:
            (connection,) = app.streams.watch
            assert isinstance(connection, Connection)
            connection.connection_params = {"authorization": token}
            await asyncio.sleep(0.15)
            await socket.send("ping")
            assert (await socket.message())["type"] == "pong"
            app.ended.add(token)
            assert (await socket.event())["code"] == 4403

    async def test_without_streams_a_socket_is_closed(self) -> None:
        assert (await Socket(App(streaming=False), {}).event())["type"] == "websocket.close"


def events(text: str) -> list[tuple[str, Any]]:
    pairs = (block.split("\r\n") for block in text.strip().split("\r\n\r\n"))
    return [(name.removeprefix("event: "), data.removeprefix("data:").strip()) for name, data in pairs]


class TestEventStreams:
    def test_a_subscription_is_a_stream_of_events(self, app: App) -> None:
        response = post(Client(app), "subscription { count(to: 2) }", EVENTS)
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-request-id"]
        first, second, end = events(response.text)
        assert [json.loads(event[1])["data"]["count"] for event in (first, second)] == [0, 1]
        assert end == ("complete", "")

    def test_by_get_it_is_the_same(self, app: App) -> None:
        given = {"query": "subscription ($n: Int!) { count(to: $n) }", "variables": '{"n": 1}'}
        assert len(events(Client(app).get("/graphql", params=given, headers=EVENTS).text)) == 2

    def test_a_client_that_takes_both_gets_a_stream_for_a_subscription_only(self, app: App) -> None:
        both = {"accept": "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"}
        assert post(Client(app), "subscription { count(to: 1) }", both).text.startswith("event: next")
        assert post(Client(app), "{ __typename }", both).json() == {"data": {"__typename": "Query"}}

    def test_a_mutation_by_get_is_refused_here_too(self, app: App) -> None:
        response = Client(app).get("/graphql", params={"query": "mutation { touch }"}, headers=EVENTS)
        assert response.status_code == 405
        assert "touched" not in app.log

    def test_a_query_is_a_stream_of_one_event_for_who_wants_streams_only(self, app: App) -> None:
        (_, data), (end, _) = events(post(Client(app), "{ hello }", EVENTS).text)
        assert json.loads(data) == {"data": {"hello": "Hello, world"}}
        assert end == "complete"

    def test_a_bad_token_is_401_before_any_stream(self, app: App) -> None:
        response = post(Client(app), "subscription { count(to: 1) }", {**EVENTS, "authorization": "Bearer bad"})
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")

    def test_limits_hold_before_the_stream(self, app: App) -> None:
        client = Client(app)
        assert post(client, "subscription { count(to: 1) }", EVENTS, variables={"x": "x" * 20_000}).status_code == 413
        assert (
            client.post("/graphql", content=b"{", headers={**EVENTS, "content-type": "text/plain"}).status_code == 415
        )

    def test_a_refused_operation_is_told_in_the_stream(self, app: App) -> None:
        (name, data), (end, _) = events(post(Client(app), "subscription { nothing }", EVENTS).text)
        assert (name, end) == ("next", "complete")
        assert json.loads(data)["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    def test_every_context_is_closed_at_the_end(self, app: App) -> None:
        post(Client(app), "subscription { count(to: 2) }", EVENTS)
        assert app.log.count("opened") == app.log.count("closed") > 0


class EventStream:
    """The client's end of an event stream without a network between; `task` is the server's."""

    def __init__(self, app: App, query: str) -> None:
        self._to: asyncio.Queue[Message] = asyncio.Queue()
        self._from: asyncio.Queue[Message] = asyncio.Queue()
        headers = [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")]
        scope: Scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
        self._to.put_nowait({"type": "http.request", "body": json.dumps({"query": query}).encode()})
        self.task = asyncio.ensure_future(app.endpoint(scope, self._to.get, self._from.put))

    async def message(self) -> Message:
        return await asyncio.wait_for(self._from.get(), 2)

    async def rest(self) -> list[Message]:
        """What else is sent, until the server has done with it."""
        await asyncio.wait_for(self.task, 2)
        return [self._from.get_nowait() for _ in range(self._from.qsize())]


@pytest.mark.anyio
class TestLeaving:
    async def test_a_server_that_stops_breaks_off_its_event_streams_without_completing_them(self, app: App) -> None:
        streams = [EventStream(app, f"subscription {{ {field} }}") for field in ("endless", "endless", "silent")]
        for stream in streams:
            assert (await stream.message())["status"] == 200
        await streams[0].message()
        app.streams.leave()
        for stream in streams:
            *events, end = await stream.rest()
            assert not any(b"complete" in event["body"] for event in events)
            assert end == {"type": "http.response.body", "body": b"", "more_body": False}
        assert app.log.count("ended") == 3
        assert app.log.count("opened") == app.log.count("closed")
        assert len(app.streams.watch) == 0

    async def test_a_stream_that_begins_meanwhile_ends_too(self, app: App) -> None:
        app.streams.leave()
        stream = EventStream(app, "subscription { silent }")
        await stream.rest()
        assert len(app.streams.watch) == 0


@pytest.mark.anyio
class TestSharing:
    async def test_one_event_is_made_once_for_all_who_ask_the_same_with_the_same_token(self) -> None:
        app = App(event_key=lambda event: cast("int", event), watch_seconds=60)
        a, b = {"authorization": "Bearer a"}, {"authorization": "Bearer b"}
        async with connected(app, a) as one, connected(app, a) as two, connected(app, b) as three:
            app.log.clear()
            sockets = (one, two, three)
            for socket in sockets:
                await socket.send("subscribe", id="1", payload={"query": "subscription { count(to: 3) }"})
            for socket in sockets:
                messages = [await socket.message() for _ in range(4)]
                assert [m["payload"]["data"]["count"] for m in messages[:3]] == [0, 1, 2]
            assert app.log.count("opened") == app.log.count("closed") == 3 + 2 * 3

    async def test_who_waits_for_what_somebody_makes_who_leaves_gets_one_of_its_own(self) -> None:
        shared, made = SharedResults(), count(1)

        async def make() -> ExecutionResult:
            number = next(made)
            await asyncio.sleep(0.02)
            return ExecutionResult({"number": number}, None)

        first, *others = (asyncio.create_task(shared.result("key", None, make)) for _ in range(3))
        await asyncio.sleep(0.01)
        first.cancel()
        assert [(await other).data for other in others] == [{"number": 2}, {"number": 3}]
        assert (await shared.result("other key", None, make)).data == {"number": 4}
