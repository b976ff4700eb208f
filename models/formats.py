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
    """The format of a file with this beginning and this name, which may be empty."""
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"{"):
        return Format.NDJSON
    named = _ENDINGS.get(_ending(name))
    if text.startswith(b"["):
        return Format.NDJSON if named == "NDJSON" else Format.JSON_ARRAY
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
