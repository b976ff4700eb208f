"""The rows of a CSV file (RFC 4180) as JSON texts of records; its first line names the columns."""

import csv
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from models.columns import Columns, WrongColumns
from models.packing import BrokenFileError
from models.physical_lines import HEAD, Limits, Line, PhysicalLines, Start

if TYPE_CHECKING:
    from models.collections.properties import Shape

DELIMITERS = ",;\t"


class CsvRows:
    """Rows as lines, by the number of the line on which each begins; `number` is the last one that was read."""

    def __init__(self, limits: Limits, start: Start, shape: "Shape | None") -> None:
        self._lines = PhysicalLines(limits, start, keep_blank=True)
        self._shape = shape
        self.header = start.header
        self._limits = limits
        self._read: list[Line] = []

    @property
    def offset(self) -> int:
        return self._lines.offset

    @property
    def number(self) -> int:
        return self._lines.number

    def split(self, blocks: Iterator[bytes]) -> Iterator[Line]:
        """The rows, until the blocks end. Raises `BrokenFileError` for a header that names no columns."""
        lines = self._lines.split(blocks)
        if self.header is None:
            self.header = next((text for line in lines if (text := _text(line)).strip()), "")
        delimiter = delimiter_of(self.header)
        columns = self._columns(cells_of(self.header, delimiter)) if self.header else None
        # The module knows this limit for the whole process; that of another import is the same setting.
        csv.field_size_limit(self._limits.line)
        rows = csv.reader(self._texts(lines), delimiter=delimiter, strict=True)
        while (row := self._next(rows)) is not None:
            if columns and (isinstance(row, str) or any(row)):
                yield self._line(columns, row)
            self._read.clear()

    def _columns(self, titles: Sequence[str]) -> Columns:
        try:
            return Columns(titles, self._shape)
        except WrongColumns as error:
            raise BrokenFileError(f"in the header {error}") from error

    def _texts(self, lines: Iterator[Line]) -> Iterator[str]:
        for line in lines:
            self._read.append(line)
            yield f"{_text(line)}\n"

    @staticmethod
    def _next(rows: Iterator[list[str]]) -> list[str] | str | None:
        """The cells of the next row, what is wrong with it, or nothing at the end."""
        try:
            return next(rows, None)
        except csv.Error as error:
            return f"is no row of a CSV file: {error}"

    def _line(self, columns: Columns, row: list[str] | str) -> Line:
        number = self._read[0].number
        if any(line.too_long for line in self._read):
            return Line(number, self._read[0].text, too_long=True)
        if problem := self._problem(columns, row):
            text = b"\n".join(line.text for line in self._read)
            return Line(number, text[:HEAD], problem=problem)
        assert not isinstance(row, str)
        return Line(number, orjson.dumps(columns.document(row)))

    def _problem(self, columns: Columns, row: list[str] | str) -> str:
        for line in self._read:
            try:
                line.text.decode()
            except UnicodeDecodeError as wrong:
                return f"is not UTF-8: byte {wrong.start + 1} is 0x{line.text[wrong.start]:02X}"
        if isinstance(row, str):
            return row
        if len(row) != len(columns):
            return f"has {len(row)} cells, but there are {len(columns)} columns"
        return ""


def delimiter_of(header: str) -> str:
    """What stands between the cells of a table with this first line."""
    return max(DELIMITERS, key=header.count)


def cells_of(header: str, delimiter: str) -> list[str]:
    """The cells of a first line. Raises `BrokenFileError`."""
    try:
        return next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise BrokenFileError(f"the header is no row of a CSV file: {error}") from error


def _text(line: Line) -> str:
    return line.text.decode(errors="replace").removesuffix("\r")
