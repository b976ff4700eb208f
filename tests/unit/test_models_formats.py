"""Files are read for what they are: NDJSON, a JSON array or CSV, as they are or packed, from any place on."""

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from models.collections.loading import load_catalog
from models.collections.properties import Shape
from models.lines import Batch, FileChanged, Limits, Line, LineReader, Place
from models.packing import Unpacking

WORKS = """
name: Work
key: number
schema:
  type: object
  properties:
    number: {type: string}
    year: {type: [integer, "null"]}
    weight: {type: number}
    lent: {type: boolean}
    made: {type: string, format: date}
    tags: {type: array, items: {type: string}}
    sizes: {type: array, items: {type: integer}}
    size: {type: object, properties: {width: {type: number}, unit: {type: string}}}
    authors:
      type: array
      items: {type: object, properties: {name: {type: string}, born: {type: integer}}}
    at: {type: object, format: geo-point}
    notes: {}
    "full title": {type: string}
"""
SMALL = Limits(records=3, line=1_000)


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Shape:
    folder = tmp_path_factory.mktemp("collections")
    (folder / "work.yaml").write_text(WORKS)
    return load_catalog(folder)["Work"].shape


def batches(data: bytes, name: str = "", shape: Shape | None = None, limits: Limits = SMALL) -> list[Batch]:
    return list(LineReader(io.BytesIO(data), limits, name=name, shape=shape).batches())


def lines(data: bytes, name: str = "", shape: Shape | None = None, limits: Limits = SMALL) -> list[Line]:
    return [line for batch in batches(data, name, shape, limits) for line in batch.lines]


def records(data: bytes, name: str = "", shape: Shape | None = None) -> list[Any]:
    return [orjson.loads(line.text) for line in lines(data, name, shape)]


def table(*rows: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class Trickle(io.RawIOBase):
    """A file that comes a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._size)


documents = st.dictionaries(
    st.sampled_from(["number", 'a "quoted" \\ name', "é[]{},"]),
    st.recursive(
        st.text('"\\[]{},: aé\n', max_size=6) | st.integers(-9, 9) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\[]{},', max_size=3), inner, max_size=2),
        max_leaves=6,
    ),
)


@given(st.lists(documents), st.sampled_from([None, 2]), st.integers(1, 40), st.booleans())
def test_the_elements_of_an_array_come_as_they_are_written(
    elements: list[Any], indent: int | None, size: int, escaped: bool
) -> None:
    data = b" \n" + json.dumps(elements, indent=indent, ensure_ascii=escaped).encode() + b"\n "
    reader = LineReader(Trickle(data, size), SMALL)  # type: ignore[arg-type]
    found = [line for batch in reader.batches() for line in batch.lines]
    assert [json.loads(line.text) for line in found] == elements
    assert [line.number for line in found] == list(range(1, len(elements) + 1))


def test_an_element_that_is_no_json_is_one_line_and_the_next_are_whole() -> None:
    found = lines(b'[{"a": 1}, {oops}, 7, "x]", {"b": [2]},,\n{}]')
    assert [line.text for line in found] == [b'{"a": 1}', b"{oops}", b"7", b'"x]"', b'{"b": [2]}', b"", b"{}"]


@pytest.mark.parametrize(
    ("data", "number", "message"),
    [
        (b'[{"a": 1}', 1, b"the array ends too early"),
        (b'[{"a": 1}, {"b": "', 2, b"the array ends too early"),
        (b'[{"a": 1}] {"b": 2}', 2, b"something follows the end of the array"),
    ],
)
def test_an_array_that_does_not_end_well_is_broken(data: bytes, number: int, message: bytes) -> None:
    *_, last = batches(data)
    assert last.broken == Line(number, message)


def test_an_element_that_is_too_long_takes_little_memory_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("wb") as file:
        file.write(b'[{"a": "')
        for _ in range(200):
            file.write(b'x}],\\"' * 30_000)
        file.write(b'"}, {"b": 1}]')
    tracemalloc.start()
    with path.open("rb") as source:
        (batch,) = LineReader(source, Limits(line=100_000, seconds=600)).batches()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(line.number, line.too_long) for line in batch.lines] == [(1, True), (2, False)]
    assert batch.lines[1].text == b'{"b": 1}'
    assert peak < 5_000_000


def test_cells_become_what_the_schema_says_of_their_properties(shape: Shape) -> None:
    data = table(
        ("number", "year", "weight", "lent", "made", "fullTitle", "size.width", "size.unit"),
        ("7", " 1890 ", "2.5", "True", "1890-01-02", 'A, "quoted"\ntitle', "3", "cm"),
        ("007", "", "", "", "", "", "", ""),
        ("N1", "soon", "nan", "perhaps", "", "", "", ""),
    )
    assert records(data, "works.csv", shape) == [
        {
            "number": "7",
            "year": 1890,
            "weight": 2.5,
            "lent": True,
            "made": "1890-01-02",
            "full title": 'A, "quoted"\ntitle',
            "size": {"width": 3.0, "unit": "cm"},
        },
        {"number": "007"},
        {"number": "N1", "year": "soon", "weight": "nan", "lent": "perhaps"},
    ]


def test_cells_of_lists_hold_several_values(shape: Shape) -> None:
    data = table(
        ("number", "tags[]", "sizes", "authors[].name", "authors[].born"),
        ("A", "oil | canvas||", "[1, 2]", "Ada|Bob|", "1815||1900"),
        ("B", "", "3|x", "", ""),
    )
    assert records(data, "", shape) == [
        {
            "number": "A",
            "tags": ["oil", "canvas"],
            "sizes": [1, 2],
            "authors": [{"name": "Ada", "born": 1815}, {"name": "Bob"}, {"born": 1900}],
        },
        {"number": "B", "sizes": [3, "x"]},
    ]


def test_cells_of_objects_and_of_what_has_no_shape_hold_json(shape: Shape) -> None:
    data = table(
        ("number", "at", "notes", "size", "authors"),
        ("A", '{"lat": 1, "lon": 2}', "[1, null]", '{"width": 1}', '[{"name": "Ada"}]'),
        ("B", "", "plain words", "", ""),
    )
    assert records(data, "", shape) == [
        {
            "number": "A",
            "at": {"lat": 1, "lon": 2},
            "notes": [1, None],
            "size": {"width": 1},
            "authors": [{"name": "Ada"}],
        },
        {"number": "B", "notes": "plain words"},
    ]


def test_the_numbers_of_a_place_may_have_columns_of_their_own(shape: Shape) -> None:
    data = table(("number", "at.lat", "at.lon"), ("A", "51.5", "-0.1"), ("B", "", ""), ("C", "north", "1"))
    assert records(data, "", shape) == [
        {"number": "A", "at": {"lat": 51.5, "lon": -0.1}},
        {"number": "B"},
        {"number": "C", "at": {"lat": "north", "lon": 1.0}},
    ]


def test_columns_that_the_schema_does_not_know_are_kept_as_text(shape: Shape) -> None:
    assert records(table(("number", "x.y", "z[]"), ("1", "2", "3|4")), "a.csv", shape) == [
        {"number": "1", "x": {"y": "2"}, "z": ["3", "4"]}
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_may_be_divided_in_several_ways(shape: Shape, delimiter: str) -> None:
    assert records(f"number{delimiter}year\r\nA{delimiter}1\r\n".encode(), "", shape) == [{"number": "A", "year": 1}]


def test_rows_have_the_number_of_the_line_on_which_they_begin(shape: Shape) -> None:
    data = b'\xef\xbb\xbfnumber,fullTitle\n\nA,"one\n\ntwo"\nB,b,c\n,\nC,c\nD,"d"x\nE,\xff\nF,f'
    found = [(line.number, line.problem or orjson.loads(line.text)["number"]) for line in lines(data, "", shape)]
    assert found == [
        (3, "A"),
        (6, "has 3 cells, but there are 2 columns"),
        (8, "C"),
        (9, "is no row of a CSV file: ',' expected after '\"'"),
        (10, "is not UTF-8: byte 3 is 0xFF"),
        (11, "F"),
    ]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"number,,year", b"in the header column 2 has no name"),
        (b"number,year,number", b"in the header the column number stands twice"),
        (b"size,size.width", b"in the header the columns size and size.width are the same property"),
        (b"a[].b[].c", b"in the header a[].b[].c goes through more than one list of objects"),
        (b"a..b", b"in the header a..b is no path of properties, such as size.width"),
        (b'a,"b', b"the header is no row of a CSV file: unexpected end of data"),
    ],
)
def test_a_header_that_names_no_columns_is_told(shape: Shape, header: bytes, message: bytes) -> None:
    (batch,) = batches(header + b"\n1,2,3\n", "a.csv", shape)
    assert batch.lines == []
    assert batch.broken
    assert batch.broken.text == message


@pytest.mark.parametrize(
    ("data", "name", "first"),
    [
        (b'{"number": "1"}\n', "a.csv", {"number": "1"}),
        (b'[{"number": "1"}]', "a.txt", {"number": "1"}),
        (b'[1]\n{"number": "1"}\n', "a.ndjson.gz", [1]),
        (b"number\n1\n", "", {"number": "1"}),
        (b"what,ever\n1,2\n", "/export/A.CSV.zst", {"what": "1", "ever": "2"}),
        (b"what\tever\n1\t2\n", "a.tsv", {"what": "1", "ever": "2"}),
    ],
)
def test_what_a_file_is_its_beginning_tells_before_its_name(shape: Shape, data: bytes, name: str, first: Any) -> None:
    assert records(data, name, shape)[0] == first


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\n\n", "a ZIP archive, as XLSX and ODS files are"),
        (b"\n<!DOCTYPE html>\n<p>Log in</p>\n", "a page of HTML"),
        (b'<?xml version="1.0"?>\n', "XML"),
        ('{"number": "1"}\n'.encode("utf-16"), "UTF-16 text"),
    ],
)
def test_what_is_surely_no_file_of_records_is_refused_as_a_whole(shape: Shape, data: bytes, what: str) -> None:
    for name in ("a.ndjson", "a.csv", ""):
        (batch,) = batches(data, name, shape)
        assert batch.lines == []
        assert batch.broken == Line(1, f"is {what}: give NDJSON, a JSON array or CSV in UTF-8".encode())


def test_what_begins_with_no_columns_of_ours_is_ndjson_that_is_wrong(shape: Shape) -> None:
    assert lines(b"oops\nnumber\n", "", shape) == [Line(1, b"oops"), Line(2, b"number")]


PACKINGS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}
NUMBERS = [str(number) if number != 10 else "x" * 300_000 for number in range(40)]
"""One is too long for a line."""
FILES = {
    "ndjson": b"\xef\xbb\xbf" + b"".join(orjson.dumps({"number": number}) + b"\n\n" for number in NUMBERS),
    "array": orjson.dumps([{"number": number} for number in NUMBERS], option=orjson.OPT_INDENT_2),
    "csv": b"\xef\xbb\xbf"
    + table(("number", "fullTitle"), *((number, "two\nlines" if len(number) < 9 else "one") for number in NUMBERS)),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_on_from_the_end_of_any_batch(shape: Shape, kind: str, packing: str) -> None:
    data = FILES[kind]
    packed = PACKINGS[packing](data)
    found = batches(packed, "", shape)
    whole = [line for batch in found for line in batch.lines]
    assert [line.too_long for line in whole] == [number == 10 for number in range(40)]
    for number, batch in enumerate(found, 1):
        assert batch.place
        assert batch.place.packed == (packing != "plain")
        left = whole[number * SMALL.records :]
        assert following(packed, shape, batch.place) == left
        if packing == "plain":
            assert following(data[batch.place.offset :], shape, batch.place, begins_at=batch.place.offset) == left
        with pytest.raises(FileChanged):
            following(PACKINGS[packing](data.replace(b"0", b"O", 1)), shape, batch.place)
        with pytest.raises(FileChanged):
            following(PACKINGS[packing](data[: batch.place.offset - 1]), shape, batch.place)


def following(data: bytes, shape: Shape, place: Place, begins_at: int = 0) -> list[Line]:
    reader = LineReader(io.BytesIO(data), SMALL, shape=shape, place=place, begins_at=begins_at)
    return [line for batch in reader.batches() for line in batch.lines]


def test_zstd_is_known_by_its_first_bytes_and_may_have_several_frames() -> None:
    data = zstandard.compress(b"{}\n{}") + zstandard.compress(b"\n[]\n")
    assert [line.text for line in lines(data)] == [b"{}", b"{}", b"[]"]
    reader = LineReader(Trickle(data, 1), SMALL)  # type: ignore[arg-type]
    assert [line.text for batch in reader.batches() for line in batch.lines] == [b"{}", b"{}", b"[]"]


def test_of_a_truncated_or_damaged_zstd_file_what_came_before_is_read() -> None:
    data = zstandard.compress(b'{"number": "1"}\n' * 500_000, 1)
    *_, last = batches(data[: len(data) // 2], limits=Limits())
    assert last.broken
    assert last.broken.text == b"the zstd data ends too early"
    assert last.broken.number > 100_000
    *_, last = batches(zstandard.compress(b"{}\n") + b"garbage")
    assert last.lines == [Line(1, b"{}")]
    assert last.broken == Line(2, b"the zstd data is damaged from here on")


def test_few_packed_bytes_do_not_fill_the_memory() -> None:
    data = zstandard.compress(bytes(500_000_000))
    tracemalloc.start()
    assert sum(map(len, Unpacking(iter([data])))) == 500_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000
