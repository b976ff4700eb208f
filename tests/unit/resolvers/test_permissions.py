"""What the server writes by itself when a record is made."""

from pathlib import Path
from typing import Any

import pytest

from models.collections.dates import date_micros, datetime_micros
from models.collections.loading import load_catalog
from models.collections.problems import Problem
from models.collections.properties import Collection
from resolvers.context import Context
from resolvers.permissions import server_set_values, told
from resolvers.viewer import ANONYMOUS, Viewer

NOTE = """
name: Note
schema:
  type: object
  properties:
    owner: {type: string}
    made-on: {type: string, format: date}
    madeAt: {type: string, format: date-time}
    team: {type: string}
    pay: {type: array, x-access: {read: hr}, items: {type: object, properties: {sum: {type: integer}}}}
    parts: {type: array, items: {type: object, properties: {fee: {type: integer, x-access: {read: hr}}}}}
    more: {}
    state: {type: string}
access:
  set:
    create: {owner: $viewer.id, made-on: $now, madeAt: $now, team: $viewer.claims.team, state: new}
"""


@pytest.fixture
def note(tmp_path: Path) -> Collection:
    (tmp_path / "note.yaml").write_text(NOTE)
    return load_catalog(tmp_path)["Note"]


def context(viewer: Viewer) -> Context:
    nothing: Any = None  # no service takes part
    return Context(nothing, viewer, "", nothing, nothing, nothing)


def test_each_value_fits_its_property(note: Collection) -> None:
    ann = Viewer("ann", frozenset({"author"}), "JWT", {"team": "prints"})
    values = server_set_values(context(ann), note)
    assert (values["owner"], values["team"], values["state"]) == ("ann", "prints", "new")
    assert date_micros(values["made-on"]) <= datetime_micros(values["madeAt"])
    assert note.validate(values) == []


def test_what_the_viewer_lacks_is_left_out(note: Collection) -> None:
    values = server_set_values(context(ANONYMOUS), note)
    assert values.keys() == {"made-on", "madeAt", "state"}


@pytest.mark.parametrize(
    ("path", "hidden"),
    [("pay", True), ("pay.0.sum", True), ("parts.0.fee", True), ("parts.0", False), ("more.pay", False), ("", False)],
)
def test_a_problem_below_what_the_viewer_may_not_read_is_told_without_the_value(
    note: Collection, path: str, *, hidden: bool
) -> None:
    problem = Problem("5 is less than 10", tuple(path.split(".")) if path else ())
    assert told(context(ANONYMOUS), note.shape, problem) == ("is not valid" if hidden else "5 is less than 10")
    assert told(context(Viewer("ann", frozenset({"hr"}), "JWT", {})), note.shape, problem) == "5 is less than 10"
