"""What a `before_write` hook may do to a document, and what becomes of one that fails."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from models.collections.problems import Problem
from models.collections.properties import Collection
from models.decisions import Decided, Decider, Outcome
from models.documents import prepare
from models.hooks import HookFailed, hooked, refused_deletion
from models.records import CREATE, UPDATE, Record
from models.sessions import AnyRow
from tests.unit.extensions.modules import extended

CODE = """
from catalograph import UserError

seen = []

def extend(catalog):
    @catalog.before_write("Work")
    def tidy(write):
        seen.append((write.operation, write.by, write.before, write.data))
        if write.operation == "DELETE":
            raise UserError("is kept")
        title = write.data.get("title")
        if title == "bad":
            raise UserError("is bad", path=["size", "width"])
        if title == "fails":
            raise KeyError("oops")
        if title == "other key":
            write.data["number"] = "X"
        if title == "not valid":
            write.data = {**write.data, "year": "soon"}
        if title == "as before":
            write.data["title"] = write.before["title"]
        if title and title != title.strip():
            write.data["title"] = title.strip()
        if write.before:
            write.before["title"] = "changed"

    @catalog.before_write()
    def count(write):
        if write.data and write.data.get("title") == "tidy":
            write.data["year"] = len(write.data["title"])
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def works(tmp_path: Path) -> Collection:
    return extended(tmp_path, CODE)["Work"]


def left(works: Collection, before: dict[str, Any] | None = None, **data: Any) -> tuple[Any, tuple[Problem, ...], bool]:
    """The document that is left, its problems, and whether it was changed."""
    operation = UPDATE if before else CREATE
    prepared = prepare(works, {"number": "1", **data})
    written, changed = hooked(works, operation, before, prepared, "ann")
    assert (changed is None) == (written.encoded == prepared.encoded)
    return orjson.loads(written.encoded), written.problems, changed is not None


def seen(works: Collection) -> list[Any]:
    return cast("list[Any]", works.before_write[0].function.__globals__["seen"])


def test_a_hook_changes_what_is_written_and_the_next_one_sees_that(works: Collection) -> None:
    assert left(works, title=" tidy ") == ({"number": "1", "title": "tidy", "year": 4}, (), True)
    assert left(works, title="a") == ({"number": "1", "title": "a"}, (), False)


def test_a_hook_sees_the_record_before_and_who_writes_and_can_not_change_that(works: Collection) -> None:
    before = {"number": "1", "title": "old"}
    left(works, before, title="new")
    assert before == {"number": "1", "title": "old"}
    ((operation, by, _, data),) = seen(works)
    assert (operation, by, data) == ("UPDATE", "ann", {"number": "1", "title": "new"})


def test_a_refusal_names_the_place_as_the_api_does(works: Collection) -> None:
    assert left(works, title="bad")[1] == (Problem("is bad", ("size", "width")),)


def test_what_a_hook_makes_is_checked_again(works: Collection) -> None:
    (problem,) = left(works, title="not valid")[1]
    assert problem.path == ("year",)


@pytest.mark.parametrize("title", ["fails", "other key"])
def test_a_hook_that_fails_or_moves_a_record_is_named(works: Collection, title: str) -> None:
    with pytest.raises(HookFailed, match=r"extension_\d+\.tidy"):
        left(works, title=title)


def test_a_deletion_may_be_refused(works: Collection) -> None:
    assert refused_deletion(works, {"number": "1"}, "ann") == (Problem("is kept"),)


def test_collections_without_hooks_are_not_looked_at(tmp_path: Path) -> None:
    artists = extended(tmp_path, CODE.replace("@catalog.before_write()", '@catalog.before_write("Work")'))["Artist"]
    prepared = prepare(artists, {"number": "1"})
    assert hooked(artists, CREATE, None, prepared, None) == (prepared, None)


def decider(works: Collection, *documents: dict[str, Any], **more: Any) -> Decider:
    return Decider(works, [prepare(works, {"number": str(n), **one}) for n, one in enumerate(documents)], None, **more)


def standing(*documents: dict[str, Any]) -> dict[str, AnyRow]:
    rows = [
        (n, "Work", str(n), 3, 4, orjson.dumps({"number": str(n), **one}), NOW, NOW) for n, one in enumerate(documents)
    ]
    return {row[2]: cast("AnyRow", row) for row in rows}


def told(batch: Decider) -> dict[int, tuple[Outcome, list[str]]]:
    return {place: (one.outcome, [p.message for p in one.problems]) for place, one in batch.settled.items()}


def test_one_document_that_a_hook_refuses_or_fails_at_does_not_stop_the_others_of_an_import(works: Collection) -> None:
    titles = [" tidy ", "bad", "fails", "other key", "plain"]
    batch = decider(works, *({"title": title} for title in titles))
    decided = batch.decide(range(5), {})
    assert decided.created == [0, 4]
    assert orjson.loads(decided.hooked[0].encoded)["title"] == "tidy"
    assert [outcome for outcome, _ in told(batch).values()] == [Outcome.REFUSED] * 3
    assert told(batch)[1][1] == ["is bad"]
    assert "tidy of an extension failed: KeyError" in told(batch)[2][1][0]
    assert "changed the key of a Work" in told(batch)[3][1][0]


def test_changes_are_seen_too_and_what_a_hook_undoes_makes_no_revision(works: Collection) -> None:
    batch = decider(works, {"title": " tidy "}, {"title": "as before"}, {"title": "old"})
    decided: Decided = batch.decide(range(3), standing({"title": "old"}, {"title": "old"}, {"title": "old"}))
    assert [orjson.loads(change.encoded)["title"] for change in decided.changed] == ["tidy"]
    assert told(batch) == {1: (Outcome.UNCHANGED, []), 2: (Outcome.UNCHANGED, [])}


def test_the_rules_hold_for_what_hooks_have_made_but_not_those_of_what_the_viewer_may_set(works: Collection) -> None:
    asked: list[tuple[str, object]] = []

    def ask(name: str) -> Any:
        def refusal(_before: Record | None, after: dict[str, Any]) -> list[Problem]:
            asked.append((name, after.get("year")))
            return [Problem("forbidden")] if after.get("year") == 4 and name == "forbid" else []

        return refusal

    batch = Decider(
        works, [prepare(works, {"number": "1", "title": " tidy "})], ask("refuse"), by="ann", forbid=ask("forbid")
    )
    assert batch.decide([0], {}).created == []
    assert asked == [("refuse", None), ("forbid", 4)]
    assert told(batch) == {0: (Outcome.REFUSED, ["forbidden"])}
