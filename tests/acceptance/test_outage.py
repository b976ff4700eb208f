"""Elasticsearch freezes: searches say so at once, everything else goes on, and all catches up by itself."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.acceptance.asking import Api, Writer
from tests.running import System

SEARCH = "query($k: String) { artworks(first: 1) { totalCount } artwork(key: $k) { key } }"


@contextmanager
def frozen(system: System) -> Iterator[None]:
    """The system while its Elasticsearch is stopped as by a debugger: it accepts connections and never answers."""
    up = psutil.Process(int((system.data / "lock").read_text().split()[0]))
    (server,) = (process for process in up.children() if "org.elasticsearch" in " ".join(process.cmdline()))
    server.send_signal(signal.SIGSTOP)
    try:
        while not _is_stopped(server.pid):  # it may answer until its last thread has come to hear of it
            time.sleep(0.001)
        yield
    finally:
        server.send_signal(signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    threads = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(thread.rpartition(")")[2].split()[0] == "T" for thread in threads)


def timed(api: Api, key: str) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    answer = api.answer(SEARCH, {"k": key})
    return time.monotonic() - began, answer


def test_while_search_hangs_everything_else_goes_on_and_then_it_catches_up(system: System, tate_api: Api) -> None:
    works = Writer(tate_api, "Artwork", "artworks")
    key = works.create(acno="outage", title="Before the outage", wait="SEARCHABLE")["record"]["key"]
    assert [timed(tate_api, key)[1]["data"] for _ in range(3)], "answered, and then kept"
    try:
        with frozen(system):
            _searches_fail_and_look_ups_stand(tate_api, key)
            _readiness_is_degraded(system)
            _writes_go_on(tate_api, works, key)
        _all_catches_up(tate_api, key)
    finally:
        works.delete(
            tate_api.ask("query($k: String) { artwork(key: $k) { id } }", k=key)["artwork"]["id"], wait="SEARCHABLE"
        )


def _searches_fail_and_look_ups_stand(api: Api, key: str) -> None:
    first, answer = timed(api, key)
    again, _ = timed(api, key)
    assert answer["data"] == {"artworks": None, "artwork": {"key": key}}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["artworks"], "SEARCH_UNAVAILABLE")
    assert first < 2.5, "the first search is told within 2 s, and some for a busy machine"
    assert again < 0.5, "the next is told at once"


def _readiness_is_degraded(system: System) -> None:
    with system.client() as client:
        ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    states = {name: service["state"] for name, service in ready.json()["services"].items()}
    assert states == {"postgresql": "up", "elasticsearch": "down", "redis": "up", "broker": "up"}


def _writes_go_on(api: Api, works: Writer, key: str) -> None:
    began = time.monotonic()
    record = api.ask("query($k: String) { artwork(key: $k) { id } }", k=key)["artwork"]
    assert works.update(record["id"], {"title": "During the xylophonic outage"})["errors"] == []
    history = "query($k: String) { artwork(key: $k) { title history(first: 1) { nodes { operation } } } }"
    found = api.ask(history, k=key)["artwork"]
    assert found["title"] == "During the xylophonic outage"
    assert time.monotonic() - began < 2
    state = {one["name"]: one for one in api.ask("{ collections { name indexedCount health } }")["collections"]}
    assert state["Artwork"] == {"name": "Artwork", "indexedCount": None, "health": "UNAVAILABLE"}


def _all_catches_up(api: Api, key: str) -> None:
    deadline = time.monotonic() + 30
    found: object = None
    while found != [{"key": key}]:
        assert time.monotonic() < deadline, f"it did not catch up: {found}"
        time.sleep(0.2)
        answer = api.answer('{ artworks(search: "xylophonic") { nodes { key } } }')
        found = (answer["data"]["artworks"] or {}).get("nodes")


def test_a_write_that_can_not_be_waited_for_is_committed_and_says_so(system: System, tate_api: Api) -> None:
    create = """mutation { createArtwork(input: {acno: "unwaited", title: "x"}, waitFor: SEARCHABLE) {
      record { id key } errors { code } } }"""
    with frozen(system):
        answer = tate_api.answer(create)
    payload = answer["data"]["createArtwork"]
    assert (payload["record"]["key"], payload["errors"]) == ("unwaited", [])
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SEARCH_UNAVAILABLE"]
    Writer(tate_api, "Artwork", "artworks").delete(payload["record"]["id"], wait="SEARCHABLE")
