"""The extension in the docs, run: computed fields, a query, a mutation, a subscription, hooks, a task to its end."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.acceptance.conftest import token_of
from tests.acceptance.following import over_events, over_websocket
from tests.acceptance.task_work import ENDS, PAYLOAD, ended, state_of, until
from tests.running import ROOT, System, beside, run_command

PROBES = Path(__file__).parent / "extensions" / "probes.py"
PAGE = (ROOT / "docs" / "extending.md").read_text()
BOOKS = [
    {"isbn": "1", "title": "  Emma ", "year": 1815, "pages": 400},
    {"isbn": "2", "title": "Persuasion", "year": 1817},
    {"isbn": "3", "title": "Kim", "year": 1901, "pages": 300, "lentTo": "Bob", "due": "2001-01-31"},
    {"isbn": "4", "title": "A book without a year"},
]
FOUND = '{ books(orderBy: {isbn: ASC}, filter: {isbn: {in: ["1", "3"]}}) { nodes { title readingMinutes reminder } } }'
LEND = 'mutation($i: String!) { p: lend(isbn: $i, to: "Ann") { record { isbn due } errors { code path } } }'


def block(language: str) -> str:
    """The first block in a language on the page."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection and the extension of the page."""
    folder = tmp_path_factory.mktemp("extending")
    (folder / "books").mkdir()
    (folder / "books" / "book.yaml").write_text(block("yaml"))
    (folder / "shelves.py").write_text(block("python"))
    copy(PROBES, folder)
    return folder


@pytest.fixture(scope="module")
def shelves(system: System, folder: Path) -> Iterator[System]:
    """A system with the extension, and another one, and books that searches see."""
    extension = {"extensions": "shelves, probes", "extension_path": str(folder)}
    with beside(system, folder / "data", folder / "books", **extension) as started:
        with started.client(started.token) as client:
            written = Writer(Api(client), "Book", "books").upsert(*BOOKS, wait="SEARCHABLE")
            assert all(one["errors"] == [] for one in written)
        yield started


@pytest.fixture(scope="module")
def apis(shelves: System) -> Iterator[dict[str, Api]]:
    tokens = {"anyone": None, "editor": token_of(shelves, "ed", "editor"), "admin": shelves.token}
    with ExitStack() as stack:
        yield {name: Api(stack.enter_context(shelves.client(token))) for name, token in tokens.items()}


def test_what_is_computed_is_found_and_looked_up_where_the_viewer_may_read_what_it_needs(apis: dict[str, Api]) -> None:
    reminder = "Dear Bob, please bring it back."
    assert apis["editor"].ask(FOUND)["books"]["nodes"] == [
        {"title": "Emma", "readingMinutes": 800, "reminder": None},
        {"title": "Kim", "readingMinutes": 600, "reminder": reminder},
    ]
    assert apis["anyone"].ask(FOUND)["books"]["nodes"][1] == {"title": "Kim", "readingMinutes": 600, "reminder": None}
    by_key = '{ book(key: "3") { readingMinutes reminder } }'
    assert apis["admin"].ask(by_key)["book"] == {"readingMinutes": 600, "reminder": reminder}


def test_a_query_of_an_extension_gives_records_as_any_other(apis: dict[str, Api]) -> None:
    shelf = "{ shelf(century: 19) { century books { isbn revision readingMinutes } } }"
    assert apis["anyone"].ask(shelf)["shelf"] == {
        "century": 19,
        "books": [
            {"isbn": "1", "revision": 1, "readingMinutes": 800},
            {"isbn": "2", "revision": 1, "readingMinutes": None},
        ],
    }


def test_a_mutation_of_an_extension_writes_as_its_viewer_may(apis: dict[str, Api]) -> None:
    refused = apis["anyone"].ask(LEND, i="2")["p"]
    assert {error["code"] for error in refused["errors"]} == {"FORBIDDEN"}
    due = (datetime.now(UTC).date() + timedelta(days=14)).isoformat()
    assert apis["editor"].ask(LEND, i="2")["p"] == {"record": {"isbn": "2", "due": due}, "errors": []}
    assert [one["code"] for one in apis["editor"].ask(LEND, i="none")["p"]["errors"]] == ["NOT_FOUND"]


def test_a_hook_changes_and_refuses_what_is_written_whoever_writes_it(
    shelves: System, apis: dict[str, Api], tmp_path: Path
) -> None:
    books = Writer(apis["editor"], "Book", "books", "id isbn title")
    made = books.create(isbn="10", title=" Dracula\n")["record"]
    assert made["title"] == "Dracula"
    assert errors_of(books.update(made["id"], {"lentTo": "Ann"})) == [("VALIDATION", ["due"])]
    assert errors_of(books.create(isbn="11", title="b", lentTo="Ann")) == [("VALIDATION", ["due"])]
    lent = books.update(made["id"], {"lentTo": "Ann", "due": "2099-01-01", "title": "Dracula  "})["record"]
    assert lent["title"] == "Dracula"
    assert errors_of(books.delete(made["id"])) == [("VALIDATION", [])]
    one, other = books.upsert({"isbn": "12", "title": "c"}, {"isbn": "13", "title": "d", "lentTo": "x"})
    assert (errors_of(one), errors_of(other)) == ([], [("VALIDATION", ["due"])])

    file = tmp_path / "books.ndjson"
    lines = [
        {"isbn": "14", "title": " e "},
        {"isbn": "15", "title": "f", "lentTo": "Bob"},
        {"isbn": "16", "title": "g"},
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = shelves.command("import", "Book", str(file))
    assert (done.returncode, "2 created" in done.stdout) == (1, True)
    assert "line 2 (15): due: is missing of a book that is lent" in done.stderr
    assert apis["anyone"].ask('{ book(key: "14") { title } }') == {"book": {"title": "e"}}


def test_what_comes_back_or_goes_back_is_seen_by_hooks_too(apis: dict[str, Api]) -> None:
    books = Writer(apis["editor"], "Book", "books", "id revision pages")
    made = books.create(isbn="30", title="Middlemarch", pages=1)["record"]
    books.delete(made["id"])
    assert books.restore(made["id"])["record"] == {**made, "revision": 3, "pages": 7}
    assert books.revert(made["id"], 1)["record"] == {**made, "revision": 4, "pages": 8}


def probed(api: Api, call: str, *a: Any, **k: Any) -> Any:
    """What a method of `as_viewer` gives to a viewer."""
    document = "mutation($c: String!, $a: JSON!) { probe(call: $c, arguments: $a) }"
    return api.ask(document, c=call, a={"a": a, "k": k})["probe"]


def test_an_extension_does_for_its_viewer_what_that_may_do(apis: dict[str, Api]) -> None:
    editor, anyone = apis["editor"], apis["anyone"]
    assert editor.ask("mutation { who }") == {"who": "ed authenticated editor public"}
    assert anyone.ask("mutation { who }") == {"who": "None public"}
    assert probed(editor, "create", "Book", {"isbn": "40", "title": "a"}) == {"shown": "40", "errors": []}
    assert probed(editor, "create", "Book", {"isbn": "40", "title": "a"})["errors"] == [["DUPLICATE_KEY", "isbn"]]
    assert probed(anyone, "create", "Book", {"isbn": "41", "title": "a"})["errors"] == [["FORBIDDEN"]]
    assert probed(editor, "get", "Book", ["40", "none", "1"]) == ["40", None, "1"]
    upserted = probed(editor, "upsert", "Book", [{"isbn": "40", "title": "b"}, {"isbn": "42", "title": "c"}])
    assert upserted == [{"shown": "40", "errors": []}, {"shown": "42", "errors": []}]
    assert probed(editor, "update", "Book", "40", {"pages": 3}, expected=1)["errors"] == [["CONFLICT"]]
    assert probed(editor, "delete", "Book", "40") == {"shown": None, "errors": []}
    assert probed(editor, "delete", "Book", "40")["errors"] == [["NOT_FOUND"]]
    assert probed(editor, "search", "Book", search="emma") == ["1"]
    assert probed(editor, "run_task", "inventory")["errors"] == [["FORBIDDEN"]]
    wrong = 'mutation($a: JSON!) { probe(call: "get", arguments: $a) }'
    assert editor.refusal(wrong, a={"a": ["Bock", ["1"]]}) == "NOT_FOUND"


def test_a_subscription_of_an_extension_is_followed(shelves: System) -> None:
    for follow in (over_websocket, over_events):
        event = next(follow(shelves, "subscription { openHours }"))
        assert event["data"]["openHours"] in (True, False)


def test_every_committed_change_is_told_to_the_hook_that_waits_for_it(shelves: System, apis: dict[str, Api]) -> None:
    books = Writer(apis["editor"], "Book", "books")
    made = books.create(isbn="20", title="Ulysses")["record"]
    books.update(made["id"], {"pages": 700})
    books.delete(made["id"])
    log = shelves.data / "worker.log"

    def told() -> list[tuple[str, str]]:
        lines = [line for line in log.read_text().splitlines() if "book_changed" in line and "isbn=20" in line]
        return re.findall(r"operation=(\w+) +revision=(\d)", "\n".join(lines))

    until(lambda: len(told()) >= 3, 20)
    assert told() == [("CREATE", "1"), ("UPDATE", "2"), ("DELETE", "3")]


def test_a_task_of_an_extension_is_started_followed_and_ends_with_its_errors(
    shelves: System, apis: dict[str, Api]
) -> None:
    start = f"mutation {{ p: runTask(name: inventory) {PAYLOAD} }}"
    assert [error["code"] for error in apis["anyone"].ask(start)["p"]["errors"]] == ["FORBIDDEN"]
    task = apis["admin"].ask(start)["p"]["task"]
    assert (task["kind"], task["collection"]) == ("EXTENSION", "Book")
    document = "subscription($id: ID!) { task(id: $id) { name state progress { done total } } }"
    events = [event["data"]["task"] for event in over_websocket(shelves, document, shelves.token, id=task["id"])]
    assert (events[-1]["name"], events[-1]["state"]) == ("inventory", "PARTIAL")
    assert all(event["state"] not in ENDS for event in events[:-1])
    done = state_of(apis["admin"], task)
    count = apis["admin"].ask("{ books { totalCount } }")["books"]["totalCount"]
    assert done["result"] == {"looked at": done["progress"]["total"]}
    assert done["progress"]["done"] == done["progress"]["total"] >= count
    assert ("4", "has no year") in [(error["key"], error["message"]) for error in done["errors"]["nodes"]]
    today = datetime.now(UTC).date().isoformat()
    assert apis["anyone"].ask('{ book(key: "1") { checked } }') == {"book": {"checked": today}}
    again = ended(
        apis["admin"],
        apis["admin"].ask(f"mutation($id: ID!) {{ p: retryTask(id: $id) {PAYLOAD} }}", id=task["id"])["p"]["task"],
    )
    assert again["state"] == "PARTIAL"


def test_the_schema_that_is_printed_has_what_is_added(folder: Path) -> None:
    given = ("--collections", str(folder / "books"), "--extend", "shelves", "--extension-path", str(folder))
    printed = run_command("schema", "print", *given)
    assert (printed.returncode, "readingMinutes: Int" in printed.stdout) == (0, True)


def test_a_wrong_extension_ends_every_start_before_anything_is_started(folder: Path, shelves: System) -> None:
    (folder / "wrong.py").write_text("def extend(catalog):\n    catalog.before_write('Bock')(print)\n")
    given = ("--collections", str(folder / "books"), "--extend", "wrong")
    path = ("--extension-path", str(folder))
    said = f"{folder / 'wrong.py'}:2: extension wrong: there is no collection 'Bock' (did you mean Book?)\n"
    for command in (["schema", "print", *given, *path], ["schema", "check", *given, *path]):
        done = run_command(*command)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    for part in (["serve"], ["worker"], ["beat"]):
        done = shelves.command(*part, "--extend", "wrong")
        assert (done.returncode, said in done.stderr) == (2, True), part
    done = run_command("up", *given, "--data", str(folder / "never"))
    assert (done.returncode, "extension wrong: there is no such module" in done.stderr) == (2, True)
    assert not (folder / "never").exists()
