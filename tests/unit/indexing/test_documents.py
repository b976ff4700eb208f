"""A document holds of a record what Elasticsearch takes: what is beyond it is left out, and the rest is found."""

from pathlib import Path
from typing import Any

from indexing.documents import DocumentBuilder, Envelope
from indexing.fields import FLAT, MAX_ELEMENTS, NESTED, TEXTS
from indexing.mappings import settings_of
from models.collections.folding import MAX_TERM_BYTES
from models.collections.loading import load_catalog
from tests.unit.collections.files import with_properties


def document(folder: Path, properties: str, data: dict[str, Any]) -> dict[str, Any]:
    (folder / "work.yaml").write_text(with_properties(properties))
    return DocumentBuilder(load_catalog(folder)["Work"]).build(Envelope(1, "1", 1, "", ""), data, {})


def test_elements_beyond_what_an_index_keeps_apart_are_counted_and_found_by_their_words(tmp_path: Path) -> None:
    properties = "a: {type: array, items: {type: object, properties: {w: {type: string, x-search: {text: standard}}}}}"
    many = [{"w": "x"}] * MAX_ELEMENTS
    built = document(tmp_path, properties, {"a": [*many, {"w": "last"}]})
    assert len(built[NESTED]["a"]) == MAX_ELEMENTS
    assert built[FLAT]["a@n"] == MAX_ELEMENTS + 1
    assert built[TEXTS]["a.w"][-1] == "last"
    settings = settings_of(load_catalog(tmp_path)["Work"], None)
    assert settings["mapping.nested_objects.limit"] == MAX_ELEMENTS


def test_a_text_that_is_one_term_is_no_longer_than_a_term_may_be(tmp_path: Path) -> None:
    built = document(tmp_path, "a: {type: string, x-search: {text: keyword}}", {"a": "é" * 20_000})
    assert len(built[TEXTS]["a"].encode()) <= MAX_TERM_BYTES


def test_each_object_of_a_union_is_indexed_by_the_properties_of_its_member(tmp_path: Path) -> None:
    members = "{properties: {k: {const: a}, n: {type: integer}}}, {properties: {k: {const: b}, m: {type: integer}}}"
    values = [{"k": "a", "n": 1, "m": 2}, {"k": "b", "n": 3, "m": 4}, {"k": "c", "n": 5}]
    built = document(tmp_path, f"a: {{type: array, items: {{oneOf: [{members}]}}}}", {"a": values})
    assert built[NESTED]["a"] == [{"k@v": "a", "n@v": 1}, {"k@v": "b", "m@v": 4}, {}]


def test_a_union_inside_itself_is_found_by_its_words_at_any_depth(tmp_path: Path) -> None:
    word = "{properties: {k: {const: w}, text: {type: string, x-search: {text: standard}}}}"
    group = "{properties: {k: {const: g}, text: {type: integer}, parts: {type: array, items: {$ref: '#/$defs/Part'}}}}"
    (tmp_path / "work.yaml").write_text(
        with_properties("a: {$ref: '#/$defs/Part'}") + f"  $defs: {{Part: {{oneOf: [{word}, {group}]}}}}\n"
    )
    data: dict[str, Any] = {"k": "w", "text": "deep"}
    for level in range(20):
        data = {"k": "g", "text": level, "parts": [data]}
    built = DocumentBuilder(load_catalog(tmp_path)["Work"]).build(Envelope(1, "1", 1, "", ""), {"a": data}, {})
    (words,) = built[TEXTS].values()
    assert words == "deep"


def test_a_recursion_of_many_branches_is_indexed_as_deep_as_there_is_room_and_its_words_below(tmp_path: Path) -> None:
    branches = "".join(f"        c{number}: {{$ref: '#/$defs/Part'}}\n" for number in range(20))
    row = "        row: {properties: {cell: {$ref: '#/$defs/Part'}, w: {type: string, x-search: {text: standard}}}}\n"
    parts = f"  $defs:\n    Part:\n      type: object\n      properties:\n        n: {{type: integer}}\n{branches}{row}"
    (tmp_path / "work.yaml").write_text(with_properties("a: {$ref: '#/$defs/Part'}") + parts)
    work = load_catalog(tmp_path)["Work"]
    assert len(work.paths) <= 2_000
    assert {"a.n", "a.c19.n", "a.row.cell.n"} <= {path.name for path in work.paths}
    data: dict[str, Any] = {"n": 9, "row": {"w": "deepest"}}
    for _ in range(10):
        data = {"c3": {"row": {"cell": data}}}
    built = DocumentBuilder(work).build(Envelope(1, "1", 1, "", ""), {"a": data}, {})
    assert list(built[TEXTS].values()) == ["deepest"]
    assert set(built[TEXTS]) <= {path.index for path in work.text_paths}
    with_room = {path.index for path in work.paths}
    assert {name.rpartition("@")[0] for name in built[FLAT]} <= with_room
