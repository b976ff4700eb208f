"""Bytes split at their line ends, whatever the sizes of the blocks in which they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

HEAD = 100_000
"""Bytes that are kept of a line that is too long."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Limits:
    """How much is held in memory: one batch, and at most one line beyond it."""

    line: int = 16_000_000
    records: int = 1_000
    bytes: int = 4_000_000
    seconds: float = 1.0
    """How long a batch waits for more, where lines come slowly."""


class Line(NamedTuple):
    """One line that is not blank, by its number from 1; of one that is too long only the beginning.

    `problem` says why it can't be read, where that is known already.
    """

    number: int
    text: bytes
    too_long: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Where lines begin: behind line `number`, which ends at the byte `offset`; what the header of the file is."""

    offset: int = 0
    number: int = 0
    header: str | None = None


class PhysicalLines:
    """Lines as they stand in a file; `offset` and `number` are those of the last one that was given."""

    header: str | None = None

    def __init__(self, limits: Limits, start: Start, *, keep_blank: bool = False) -> None:
        self.offset, self.number = start.offset, start.number
        self._limit = limits.line
        self._keep_blank = keep_blank
        self._rest = b""
        self._too_long: bytes | None = None
        self._dropped = 0

    def split(self, blocks: Iterator[bytes]) -> Iterator[Line]:
        """The lines, until the blocks end."""
        for block in blocks:
            yield from self._split(block)
        if self._rest or self._too_long is not None:
            self._dropped -= 1  # there is no line end
            yield from self._split(b"\n")

    def _split(self, block: bytes) -> Iterator[Line]:
        first, *others = block.split(b"\n")
        first = self._rest + first
        if self.number == 0 and first.startswith(BYTE_ORDER_MARK):
            first = first.removeprefix(BYTE_ORDER_MARK)
            self.offset += len(BYTE_ORDER_MARK)
        texts = [first, *others]
        self._rest = texts.pop()
        for text in texts:
            self.number += 1
            self.offset += len(text) + 1 + self._dropped
            self._dropped = 0
            if self._too_long is not None:
                yield Line(self.number, self._too_long, too_long=True)
                self._too_long = None
            elif len(text) > self._limit:
                yield Line(self.number, text[:HEAD], too_long=True)
            elif self._keep_blank or (text and not text.isspace()):
                yield Line(self.number, text)
        self._drop_what_is_too_long()

    def _drop_what_is_too_long(self) -> None:
        if self._too_long is None and len(self._rest) > self._limit:
            self._too_long = self._rest[:HEAD]
        if self._too_long is not None:
            self._dropped += len(self._rest)
            self._rest = b""
