"""Lines of a file of any size, each the JSON text of a record, in batches that fit into memory."""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from models.formats import Format, Lines, format_of, is_enough, lines_of
from models.packing import BrokenFileError, Unpacking
from models.physical_lines import HEAD, Limits, Line, Start

if TYPE_CHECKING:
    from models.collections.properties import Shape

__all__ = ["HEAD", "Batch", "BrokenFileError", "FileChanged", "Limits", "Line", "LineReader", "Place"]

BLOCK = 256 * 1024


class FileChanged(Exception):
    """A file that was read to some place is another one now: what was known of it does not count."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file is read: to the end of line `number`. Another reader of the same file can go on there.

    `offset` counts bytes as they are when unpacked, `crc` tells those before it from others.
    """

    format: Format
    offset: int
    number: int
    crc: int
    packed: bool
    header: str | None = None
    """The first line of a file that has its columns there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines; how far into the file they are; and in the last one why the file could not be read further."""

    lines: list[Line]
    position: int
    broken: Line | None = None
    place: Place | None = None


class LineReader:
    """Reads a file once. `position` counts the bytes of the file as it is stored.

    What kind of file it is its content tells, and where that may be several things, `name`; `shape` is that of its
    records. With `place` the reader goes on there: `begins_at` is where the file that it was given begins, which is
    either at that place or at 0. Raises `FileChanged` where something else is before it than was there.
    """

    def __init__(
        self,
        file: BinaryIO,
        limits: Limits,
        *,
        name: str = "",
        shape: "Shape | None" = None,
        place: Place | None = None,
        begins_at: int = 0,
    ) -> None:
        self._file = file
        self._limits = limits
        self._name = name
        self._shape = shape
        self._from = place
        self._begins_at = begins_at
        self.position = begins_at

    def batches(self) -> Iterator[Batch]:
        """Batches of whole lines, until the file ends or is broken."""
        batch: list[Line] = []
        size, began = 0, time.monotonic()
        opened: _Opened | None = None
        try:
            opened = self._open()
            for line in opened.split():
                batch.append(line)
                size += len(line.text)
                late = time.monotonic() - began >= self._limits.seconds
                if late or len(batch) >= self._limits.records or size >= self._limits.bytes:
                    yield Batch(batch, self.position, place=opened.place())
                    batch, size, began = [], 0, time.monotonic()
        except BrokenFileError as broken:
            number = opened.lines.number if opened else 0
            yield Batch(batch, self.position, Line(number + 1, str(broken).encode()))
            return
        if batch:
            yield Batch(batch, self.position, place=opened.place())

    def _open(self) -> "_Opened":
        place = self._from
        if place and self._begins_at:
            blocks = _Metered(self._blocks(), place.offset, place.crc)
            return _Opened(place.format, self._lines(place), blocks)
        unpacking = Unpacking(self._blocks())
        if place:
            blocks = _Metered(iter(unpacking))
            blocks.skip(place)
            return _Opened(place.format, self._lines(place), blocks, unpacking)
        start, rest = _start_of(iter(unpacking))
        format_ = format_of(start, self._name, self._shape)
        lines = lines_of(format_, self._limits, self._shape, Start())
        return _Opened(format_, lines, _Metered(chain([start], rest)), unpacking)

    def _lines(self, place: Place) -> Lines:
        start = Start(place.offset, place.number, place.header)
        return lines_of(place.format, self._limits, self._shape, start)

    def _blocks(self) -> Iterator[bytes]:
        # Of a pipe, `read1` gives what is there instead of waiting for a full block.
        read = getattr(self._file, "read1", self._file.read)
        while True:
            try:
                block: bytes = read(BLOCK)
            except OSError as error:
                raise BrokenFileError(f"can't be read: {error.strerror or error}") from error
            if not block:
                return
            self.position += len(block)
            yield block


class _Metered:
    """Blocks, with a checksum of all bytes before a place in the current one; places are asked for in their order."""

    def __init__(self, blocks: Iterator[bytes], start: int = 0, crc: int = 0) -> None:
        self._blocks = blocks
        self._block = b""
        self._start = self._at = start
        self._crc = crc

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        end = self._start + len(self._block)
        self.crc_until(end)
        self._block, self._start = block, end
        return block

    def crc_until(self, offset: int) -> int:
        self._crc = zlib.crc32(memoryview(self._block)[self._at - self._start : offset - self._start], self._crc)
        self._at = offset
        return self._crc

    def skip(self, place: Place) -> None:
        """Go on behind a place. Raises `FileChanged` if it is not the place of this file."""
        for block in self:
            if self._start + len(block) >= place.offset:
                if self.crc_until(place.offset) != place.crc:
                    break
                rest = block[place.offset - self._start :]
                self._blocks, self._block, self._start = chain([rest], self._blocks), b"", place.offset
                return
        raise FileChanged


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that is being read."""

    format: Format
    lines: Lines
    blocks: _Metered
    unpacking: Unpacking | None = None

    def split(self) -> Iterator[Line]:
        return self.lines.split(self.blocks)

    def place(self) -> Place:
        """The end of the line that was given last."""
        offset = self.lines.offset
        packed = self.unpacking is not None and self.unpacking.packed
        crc = self.blocks.crc_until(offset)
        return Place(self.format, offset, self.lines.number, crc, packed, self.lines.header)


def _start_of(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of a file to tell what it is, and the rest."""
    start = b""
    for block in blocks:
        start += block
        if is_enough(start):
            break
    return start, blocks
