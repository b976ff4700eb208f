"""What an upsert does with each document, given the records that stand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.decisions import Decider, Outcome
from models.documents import prepare
from models.sessions import AnyRow

NOTE = """
name: Note
key: code
schema:
  type: object
  required: [code, owner]
  properties: {code: {type: string}, owner: {type: string}, text: {type: [string, "null"]}}
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def note(tmp_path: Path) -> Collection:
    (tmp_path / "note.yaml").write_text(NOTE)
    return load_catalog(tmp_path)["Note"]


def decider(note: Collection, *documents: dict[str, Any]) -> Decider:
    return Decider(note, [prepare(note, document) for document in documents], None, ("owner",))


def standing(data: dict[str, Any]) -> dict[str, AnyRow]:
    row = (1, "Note", data["code"], 3, 4, orjson.dumps(data), NOW, NOW)
    return {data["code"]: cast("AnyRow", row)}


def test_a_new_record_has_what_is_set_when_it_is_made(note: Collection) -> None:
    batch = decider(note, {"code": "a", "owner": "ben"})
    assert batch.decide([0], {}).created == [0]
    assert orjson.loads(batch.documents[0].encoded)["owner"] == "ben"


def test_a_record_that_stands_keeps_what_was_set_when_it_was_made(note: Collection) -> None:
    batch = decider(note, {"code": "a", "owner": "ben", "text": "new"}, {"code": "b", "owner": "ben"})
    changes = batch.decide([0, 1], standing({"code": "a", "owner": "ann"}) | standing({"code": "b", "owner": "ann"}))
    (change,) = changes.changed
    assert orjson.loads(change.encoded) == {"code": "a", "owner": "ann", "text": "new"}
    assert batch.settled[1].outcome is Outcome.UNCHANGED
