"""Lines of an NDJSON file of any size, plain or gzip, in batches that fit into memory."""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

BLOCK = 256 * 1024
MAX_INFLATED = 1024 * 1024
HEAD = 100_000
"""Bytes that are kept of a line that is too long."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Limits:
    """How much is held in memory: one batch, and at most one line beyond it."""

    line: int = 16_000_000
    records: int = 1_000
    bytes: int = 4_000_000
    seconds: float = 1.0
    """How long a batch waits for more, where lines come slowly."""


class Line(NamedTuple):
    """One line that is not blank, by its number from 1; of one that is too long only the beginning."""

    number: int
    text: bytes
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines; how far into the file they are; and in the last one why the file could not be read further."""

    lines: list[Line]
    position: int
    broken: Line | None = None


class BrokenFileError(Exception):
    """The file ends or turns to garbage in the middle."""


class LineReader:
    """Reads a file once. `position` counts the bytes of the file as it is stored."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._number = 0
        self._rest = b""
        self._too_long: bytes | None = None
        self.position = 0

    def batches(self) -> Iterator[Batch]:
        """Batches of whole lines, until the file ends or is broken."""
        lines: list[Line] = []
        size, began = 0, time.monotonic()
        try:
            for line in self._lines():
                lines.append(line)
                size += len(line.text)
                late = time.monotonic() - began >= self._limits.seconds
                if late or len(lines) >= self._limits.records or size >= self._limits.bytes:
                    yield Batch(lines, self.position)
                    lines, size, began = [], 0, time.monotonic()
        except BrokenFileError as broken:
            yield Batch(lines, self.position, Line(self._number + 1, str(broken).encode()))
            return
        if lines:
            yield Batch(lines, self.position)

    def _lines(self) -> Iterator[Line]:
        for block in self._unpacked():
            yield from self._split(block)
        if self._rest or self._too_long is not None:
            yield from self._split(b"\n")

    def _split(self, block: bytes) -> Iterator[Line]:
        first, *others = block.split(b"\n")
        first = self._rest + first
        if self._number == 0:
            first = first.removeprefix(_BYTE_ORDER_MARK)
        texts = [first, *others]
        self._rest = texts.pop()
        for text in texts:
            self._number += 1
            if self._too_long is not None:
                yield Line(self._number, self._too_long, too_long=True)
                self._too_long = None
            elif len(text) > self._limits.line:
                yield Line(self._number, text[:HEAD], too_long=True)
            elif text and not text.isspace():
                yield Line(self._number, text)
        self._drop_what_is_too_long()

    def _drop_what_is_too_long(self) -> None:
        if self._too_long is None and len(self._rest) > self._limits.line:
            self._too_long = self._rest[:HEAD]
        if self._too_long is not None:
            self._rest = b""

    def _unpacked(self) -> Iterator[bytes]:
        blocks = self._blocks()
        first = next(blocks, b"")
        while 0 < len(first) < len(_GZIP_MAGIC) and (more := next(blocks, b"")):
            first += more
        if first.startswith(_GZIP_MAGIC):
            yield from _inflated(first, blocks)
        else:
            yield first
            yield from blocks

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


def _inflated(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_GZIP)
    block = first
    while True:
        if inflate.eof:  # a gzip file may be several, one after the other
            block = block.lstrip(b"\0")
            inflate = zlib.decompressobj(_GZIP) if block else inflate
        if not block:
            block = next(blocks, b"")
            if not block:
                break
            continue
        before = inflate.copy()
        try:
            unpacked = inflate.decompress(block, MAX_INFLATED)
        except zlib.error as error:
            yield _what_is_whole(before, block)
            raise BrokenFileError("the gzip data is damaged from here on") from error
        yield unpacked
        block = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    if not inflate.eof:
        yield inflate.flush()
        raise BrokenFileError("the gzip data ends too early")


def _what_is_whole(inflate: "zlib._Decompress", block: bytes) -> bytes:
    """What comes out of a damaged block before the damage."""
    whole = bytearray()
    for place in range(len(block)):
        try:
            whole += inflate.decompress(block[place : place + 1])
        except zlib.error:
            break
    return bytes(whole)
