"""What kind of file records are in, told by how it begins, and where that says nothing by its name."""

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from models.columns import WrongColumns, are_known
from models.csv_rows import CsvRows, cells_of, delimiter_of
from models.json_arrays import ArrayElements
from models.packing import BrokenFileError
from models.physical_lines import BYTE_ORDER_MARK, Limits, Line, PhysicalLines, Start

if TYPE_CHECKING:
    from models.collections.properties import Shape

_PACKED = (".gz", ".gzip", ".zst", ".zstd")
_ENDINGS = {".csv": "CSV", ".tsv": "CSV", ".ndjson": "NDJSON", ".jsonl": "NDJSON"}
_MOST = 64 * 1024
_OTHERS = {
    b"PK\x03\x04": "a ZIP archive, as XLSX and ODS files are",
    b"\xd0\xcf\x11\xe0": "a file of an office program",
    b"<?xml": "XML",
    b"<!doctype html": "a page of HTML",
    b"<html": "a page of HTML",
    b"%PDF-": "PDF",
    b"PAR1": "Parquet",
    b"BZh9": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
"""What files are that begin so, and that have no line worth trying."""


class Format(StrEnum):
    """How a file has its records."""

    NDJSON = "NDJSON"
    JSON_ARRAY = "JSON_ARRAY"
    CSV = "CSV"


class Lines(Protocol):
    """Splits the blocks of a file; `offset` and `number` are those of what was given last."""

    @property
    def offset(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def header(self) -> str | None: ...
    def split(self, blocks: Iterator[bytes]) -> Iterator[Line]: ...


def lines_of(format_: Format, limits: Limits, shape: "Shape | None", start: Start) -> Lines:
    """The lines of a file of this format from `start` on."""
    if format_ is Format.CSV:
        return CsvRows(limits, start, shape)
    return ArrayElements(limits, start) if format_ is Format.JSON_ARRAY else PhysicalLines(limits, start)


def is_enough(start: bytes) -> bool:
    """Whether the beginning of a file is enough to tell its format."""
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    return len(text) > _MOST or text[:1] in (b"{", b"[") or b"\n" in text


def format_of(start: bytes, name: str, shape: "Shape | None") -> Format:
    """The format of a file with this beginning and this name, which may be empty.

    Raises `BrokenFileError` for what is surely none of them.
    """
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"{"):
        return Format.NDJSON
    named = _ENDINGS.get(_ending(name))
    if text.startswith(b"["):
        return Format.NDJSON if named == "NDJSON" else Format.JSON_ARRAY
    small = text[:20].lower()
    if other := next((what for magic, what in _OTHERS.items() if small.startswith(magic.lower())), None):
        raise BrokenFileError(f"is {other}: give NDJSON, a JSON array or CSV in UTF-8")
    if named:
        return Format(named)
    return Format.CSV if _has_columns(text, shape) else Format.NDJSON


def _ending(name: str) -> str:
    short = name.lower()
    for packed in _PACKED:
        short = short.removesuffix(packed)
    return f".{short.rpartition('.')[2]}"


def _has_columns(text: bytes, shape: "Shape | None") -> bool:
    header = text.partition(b"\n")[0].decode(errors="replace").strip()
    try:
        return bool(header) and are_known(cells_of(header, delimiter_of(header)), shape)
    except (BrokenFileError, WrongColumns):  # that is the answer
        return False
