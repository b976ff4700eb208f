"""Documents are checked against what PostgreSQL and JSON can hold, before anything is sent."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.documents import encode_document, prepare
from tests.unit.collections.files import with_properties


@pytest.fixture(scope="session")
def anything(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder: Path = tmp_path_factory.mktemp("collections")
    (folder / "thing.yaml").write_text(
        "name: Thing\nkey: name\nschema: {type: object, properties: {name: {type: string}}}\n"
    )
    return load_catalog(folder)["Thing"]


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return {"deep": value}


@pytest.mark.parametrize(
    "value",
    ["\\u0000", "a\\\\u0000b", "\x01\x7f\u2028", "😀", 2**64 - 1, -(2**63), [[], {}], nested(199), [[1]] * 500],
)
def test_what_only_looks_odd_is_stored(value: object) -> None:
    encoded, problems = encode_document({"a": value})
    assert problems == ()
    assert orjson.loads(encoded) == {"a": value}


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        ({"a": {"b": ["x", "y\0"]}}, ("a", "b", "1"), "has the character U+0000"),
        ({"a": {"b\0": 1}}, ("a",), "has a property name with the character U+0000"),
        ({"a": "\ud83d"}, ("a",), "has half of a surrogate pair (U+D83D)"),
        ({"a": {"\udc00": 1}}, ("a",), "has a property name with half of a surrogate pair"),
        ({"a": [2**64]}, ("a", "0"), "is an integer beyond 64 bits"),
        (nested(201), ("deep", "0", "0"), "is nested more than 200 levels deep"),
        (nested(900), ("deep", "0", "0"), "is nested more than 200 levels deep"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_path(
    document: dict[str, Any], path: tuple[str, ...], words: str
) -> None:
    _, (problem,) = encode_document(document)
    assert problem.path == path
    assert words in problem.message


def test_what_cannot_be_stored_is_said_of_the_properties_as_the_api_names_them(tmp_path: Path) -> None:
    shapes = "full-title: {type: string}", "the-parts: {type: array, items: {properties: {a-name: {type: string}}}}"
    (tmp_path / "work.yaml").write_text(with_properties(*shapes))
    document = {"number": "1", "full-title": "a\0", "the-parts": [{}, {"a-name": "\ud83d"}]}
    prepared = prepare(load_catalog(tmp_path)["Work"], document)
    paths = {problem.path for problem in prepared.problems}
    assert paths == {("fullTitle",), ("theParts", "1", "aName")}


def test_a_float_may_be_written_as_a_whole_number_of_any_size(tmp_path: Path) -> None:
    shapes = "a: {type: number}", "b: {type: array, items: {properties: {c: {type: array, items: {type: number}}}}}"
    (tmp_path / "work.yaml").write_text(with_properties(*shapes))
    large = 10**20 + 1
    prepared = prepare(load_catalog(tmp_path)["Work"], {"number": "1", "a": large, "b": [{"c": [1, large]}]})
    assert prepared.problems == ()
    assert orjson.loads(prepared.encoded) == {"number": "1", "a": 1e20, "b": [{"c": [1, 1e20]}]}


def test_all_problems_are_named_at_once(anything: Collection) -> None:
    problems = prepare(anything, {"name": 5, "x": "\0", "y": "\0"}).problems
    assert sorted(problem.path for problem in problems) == [("name",), ("x",), ("y",)]


@pytest.mark.parametrize(
    ("key", "fits"), [("k" * 1000, True), ("k" * 1001, False), ("é" * 1000, True), ("😀" * 501, False)]
)
def test_a_key_is_as_long_as_an_index_can_hold(anything: Collection, key: str, fits: bool) -> None:
    assert (prepare(anything, {"name": key}).problems == ()) is fits
