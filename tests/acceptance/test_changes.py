"""Whoever follows records hears of each change that they may read, once, in order, also of what they missed."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from websockets.exceptions import ConnectionClosed

from config import load_settings
from tests.acceptance.asking import Api, Writer
from tests.acceptance.following import Follow, Results, over_events, over_websocket
from tests.acceptance.task_work import until
from tests.acceptance.test_metrics import samples
from tests.running import System, beside, execute, serving_too

COLLECTIONS = Path(__file__).parent / "changes"
FIELDS = "cursor operation collection id key revision record { key revision ... on Note { title secret } }"
ALL = f"subscription($after: String) {{ recordChanged(after: $after) {{ {FIELDS} }} }}"
NOTES = f"subscription($after: String) {{ recordChanged(collections: [Note], after: $after) {{ {FIELDS} }} }}"
numbers = count(1)

Change = dict[str, Any]


@pytest.fixture(scope="module")
def one(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with beside(system, tmp_path_factory.mktemp("changes") / "data", COLLECTIONS) as started:
        yield started


@pytest.fixture(scope="module")
def other(one: System) -> Iterator[System]:
    with serving_too(one) as more:
        yield more


@pytest.fixture(scope="module")
def notes(one: System) -> Iterator[Writer]:
    with one.client(one.token) as client:
        yield Writer(Api(client), "Note", "notes")


@pytest.fixture
def cursor(one: System, notes: Writer) -> str:
    """Behind everything that other tests wrote."""
    key = new_key()
    begin = Following(one, over_websocket, ALL, one.token)
    notes.create(number=key, status="published")
    return str(begin.until(key)[-1]["cursor"])


class Following:
    """A follower in a thread: what it has heard until now."""

    def __init__(
        self, system: System, follow: Follow, document: str, token: str | None = None, after: str | None = None
    ) -> None:
        self.heard: list[Any] = []
        self.results: Results = follow(system, document, token, after=after)
        self._there = threading.Condition()
        before = begun(system)
        threading.Thread(target=self._follow, daemon=True).start()
        if after is None:
            until(lambda: begun(system) > before)

    def _follow(self) -> None:
        try:
            for result in self.results:
                with self._there:
                    self.heard.append(result["data"]["recordChanged"] if result.get("data") else result)
                    self._there.notify_all()
        except (ConnectionClosed, httpx.TransportError) as error:
            with self._there:
                self.heard.append(error)
                self._there.notify_all()

    def until(self, key: str, operation: str | None = None) -> list[Change]:
        """Everything heard, up to the first change of the record with this key."""

        def place() -> int | None:
            met = (n for n, c in enumerate(self.heard) if c["key"] == key and operation in (None, c["operation"]))
            return next(met, None)

        with self._there:
            assert self._there.wait_for(lambda: place() is not None, 10), self.heard
            found = place()
            assert found is not None
            return list(self.heard[: found + 1])

    def end(self) -> Any:
        """What ended it."""
        with self._there:
            assert self._there.wait_for(self._has_ended, 10), self.heard
            return self.heard[-1]

    def _has_ended(self) -> bool:
        return bool(self.heard) and not (isinstance(self.heard[-1], dict) and "key" in self.heard[-1])


def begun(system: System) -> float:
    """How many subscriptions the server has seen begin."""
    return samples(system).get(("catalograph_subscriptions_total", "changes"), 0)


def new_key() -> str:
    return f"N{next(numbers):05}"


def told(changes: list[Change]) -> list[tuple[str, str, int]]:
    return [(change["operation"], change["key"], change["revision"]) for change in changes]


def test_who_leaves_frees_what_the_server_held(one: System, notes: Writer) -> None:
    settings = load_settings(one.data, environment={})
    channel = f"{settings.index_prefix}:changes"
    with redis.Redis.from_url(settings.redis_url) as valkey:

        def listening() -> int:
            return int(dict(valkey.pubsub_numsub(channel))[channel.encode()])

        until(lambda: listening() == 0)
        following = [follow(one, NOTES, one.token, after=None) for follow in (over_websocket, over_events) * 2]
        threads = [threading.Thread(target=next, args=(results,)) for results in following]
        for thread in threads:
            thread.start()
        until(lambda: listening() == 1)
        time.sleep(0.3)
        notes.create(number=new_key())
        for thread in threads:
            thread.join(5)
        for results in following:
            results.close()
        until(lambda: listening() == 0)


@pytest.mark.parametrize("follow", [over_websocket, over_events])
def test_each_kind_of_write_is_heard_on_any_server_with_the_record_as_it_was_left(
    other: System, notes: Writer, follow: Follow
) -> None:
    following = Following(other, follow, NOTES, other.token)
    key, end = new_key(), new_key()
    record = notes.create(number=key, title="a", status="published")["record"]
    api = notes.api
    payload = "{ record { revision } errors { code message } }"
    api.ask(f'mutation($i: ID!) {{ updateNote(id: $i, patch: {{title: "b"}}) {payload} }}', i=record["id"])
    api.ask(f"mutation($i: ID!) {{ deleteNote(id: $i) {payload} }}", i=record["id"])
    api.ask(f"mutation($i: ID!) {{ restoreNote(id: $i) {payload} }}", i=record["id"])
    api.ask(f"mutation($i: ID!) {{ revertNote(id: $i, revision: 1) {payload} }}", i=record["id"])
    notes.create(number=end)
    changes = following.until(end)[:-1]
    assert told(changes) == [
        ("CREATE", key, 1),
        ("UPDATE", key, 2),
        ("DELETE", key, 3),
        ("RESTORE", key, 4),
        ("REVERT", key, 5),
    ]
    assert [change["record"] and change["record"]["title"] for change in changes] == ["a", "b", None, "b", "a"]
    assert [change["record"]["revision"] for change in changes if change["record"]] == [1, 2, 4, 5]
    assert {(change["collection"], change["id"]) for change in changes} == {("Note", record["id"])}
    again = Following(other, follow, NOTES, other.token, after=changes[1]["cursor"])
    assert again.until(end)[:-1] == changes[2:], "a replay tells the same"


def test_a_write_is_heard_soon(other: System, notes: Writer) -> None:
    following = Following(other, over_websocket, NOTES, other.token)
    taken = []
    for _ in range(5):
        key = new_key()
        began = time.monotonic()
        notes.create(number=key)
        following.until(key)
        taken.append(time.monotonic() - began)
    assert sorted(taken)[2] < 0.5


def test_an_import_by_another_process_is_heard_record_by_record(one: System, other: System, cursor: str) -> None:
    keys = [new_key() for _ in range(1_000)]
    following = Following(other, over_websocket, NOTES, other.token, after=cursor)
    stdin = b"".join(json.dumps({"number": key}).encode() + b"\n" for key in keys)
    assert one.command("import", "Note", "-", stdin=stdin).returncode == 0
    last = max(keys)
    changes = following.until(last)
    assert sorted(change["key"] for change in changes) == keys


def test_who_was_away_hears_what_was_missed_without_a_gap_or_a_repeat_while_others_write(
    one: System, other: System, cursor: str
) -> None:
    """Several write all the time; a follower leaves again and again and comes back with its last cursor."""
    written: list[str] = []
    writing = True

    def write() -> None:
        with one.client(one.token) as client:
            writer = Writer(Api(client), "Note", "notes")
            while writing:
                key = new_key()
                assert writer.create(number=key)["errors"] == []
                written.append(key)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in writers:
        thread.start()
    heard: list[Change] = []
    for turn in range(20):
        results = (over_websocket, over_events)[turn % 2]((one, other)[turn % 2], NOTES, one.token, after=cursor)
        heard += (result["data"]["recordChanged"] for result in islice(results, 10))
        results.close()
        cursor = heard[-1]["cursor"]
    writing = False
    for thread in writers:
        thread.join()
    end = max(written)
    with one.client(one.token) as client:
        Writer(Api(client), "Note", "notes").create(number="the end")
    rest = Following(one, over_websocket, NOTES, one.token, after=cursor).until("the end")
    keys = [change["key"] for change in [*heard, *rest]]
    assert keys[-1] == "the end"
    assert len(keys) == len(set(keys)), "no repeat"
    assert set(keys[:-1]) == set(written), "no gap"
    assert end in keys


def test_nobody_hears_of_what_they_may_not_read(one: System, notes: Writer, cursor: str) -> None:
    published, draft, hidden, end = (new_key() for _ in range(4))
    anyone = Following(one, over_websocket, ALL)
    notes.create(number=draft, title="draft", status="draft")
    opened = notes.create(number=published, title="then", status="published", secret="s")["record"]
    patch = "mutation($i: ID!, $p: NotePatch!) { updateNote(id: $i, patch: $p) { errors { code } } }"
    notes.api.ask(patch, i=opened["id"], p={"title": "now"})
    closed = notes.create(number=hidden, status="published")["record"]
    notes.api.ask(patch, i=closed["id"], p={"status": "draft"})
    Writer(notes.api, "Diary", "diaries").create(day="today")
    notes.create(number=end, status="published")

    live = [change for change in anyone.until(end) if change["key"] != hidden]
    assert told(live) == [("CREATE", published, 1), ("UPDATE", published, 2), ("CREATE", end, 1)]
    assert [change["record"]["secret"] for change in live] == [None] * 3
    replayed = Following(one, over_websocket, ALL, after=cursor).until(end)
    assert told(replayed) == told(live), "what is hidden now is not told afterwards either"
    assert replayed[0]["record"]["title"] == "now", "who may not read the history gets the record as it is"
    everything = Following(one, over_events, ALL, one.token, after=cursor).until(end)
    assert [change["key"] for change in everything] == [
        draft, published, published, hidden, hidden, "today", end,
    ]  # fmt: skip
    assert everything[1]["record"] == {"key": published, "revision": 1, "title": "then", "secret": "s"}


@pytest.mark.parametrize("after", ["", "nonsense", "MS4yLjM0NTY3ODkwMTIzNDU", "LTEuMS4x"])
def test_what_is_no_cursor_is_refused(one: System, after: str) -> None:
    (refusal,) = over_websocket(one, ALL, one.token, after=after)
    assert refusal["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_a_token_that_is_over_ends_its_sockets_and_streams_within_5_s(one: System, how: str) -> None:
    secret = one.command("token", "create", "--role", "editor", "--name", how).stdout.split()[-1]
    socket = Following(one, over_websocket, NOTES, secret)
    stream = Following(one, over_events, NOTES, secret)
    stays = Following(one, over_websocket, NOTES, one.token)
    column = {"revoked": "revoked_at", "ended": "expires_at"}[how]
    settings = load_settings(one.data, environment={})
    asyncio.run(execute(settings.database_url, f"UPDATE tokens SET {column} = now() WHERE name = '{how}'"))
    began = time.monotonic()
    closed = socket.end()
    assert isinstance(closed, ConnectionClosed)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 4403
    assert stream.end()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert time.monotonic() - began < 5
    assert stays.heard == []
