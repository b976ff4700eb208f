"""The elements of a JSON array of any length, found by their brackets without reading what is in them."""

import re
from collections.abc import Iterator

from models.packing import BrokenFileError
from models.physical_lines import HEAD, Limits, Line, Start

_BETWEEN = re.compile(rb'[^"{}\[\],]*+')
_INSIDE = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_QUOTE, _COMMA, _END = b'",]'
_OPENING, _CLOSING = b"{[", b"}]"


class ArrayElements:
    """Elements as lines, numbered from 1; `offset` is where the last one that was given ends."""

    header: str | None = None

    def __init__(self, limits: Limits, start: Start) -> None:
        self.offset, self.number = start.offset, start.number
        self._limit = limits.line
        self._base = start.offset
        self._buffer = b""
        self._begin = self._at = 0
        self._depth = 0
        self._in_string = False
        self._started = self._resumed = start.offset > 0
        self._over = False
        self._too_long: bytes | None = None

    def split(self, blocks: Iterator[bytes]) -> Iterator[Line]:
        """The elements, until the array ends. Raises `BrokenFileError` where it does not, or something follows."""
        for block in blocks:
            self._take(block)
            yield from self._elements()
            self._drop_what_is_too_long()
        if not self._over:
            raise BrokenFileError("the array ends too early")

    def _take(self, block: bytes) -> None:
        self._base += self._begin
        self._at -= self._begin
        self._buffer = self._buffer[self._begin :] + block
        self._begin = 0

    def _elements(self) -> Iterator[Line]:
        if not self._started:
            self._begin = self._at = self._buffer.index(b"[") + 1
            self._started = True
        while not self._over and self._scan():
            text = self._buffer[self._begin : self._at].strip()
            self.offset = self._base + self._at
            self._over = self._buffer[self._at] == _END
            self._at += 1
            self._begin = self._at
            if self._resumed and not text:
                self._resumed = False  # it ends what was read before
            elif text or self.number or not self._over:
                self.number += 1
                yield self._element(text)
        if self._over:
            self._check_end()

    def _element(self, text: bytes) -> Line:
        too_long, self._too_long = self._too_long, None
        if too_long is None and len(text) > self._limit:
            too_long = text[:HEAD]
        return Line(self.number, text) if too_long is None else Line(self.number, too_long, too_long=True)

    def _scan(self) -> bool:
        """Go on to the comma or bracket that ends an element; whether it has come already."""
        buffer, size = self._buffer, len(self._buffer)
        while True:
            pattern = _IN_STRING if self._in_string else _INSIDE if self._depth else _BETWEEN
            found = pattern.match(buffer, self._at)
            assert found
            self._at = found.end()
            if self._at >= size:
                return False
            sign = buffer[self._at]
            if sign == _QUOTE:
                self._in_string = not self._in_string
            elif self._in_string:
                return False  # a backslash, and what it stands before is still to come
            elif sign in _OPENING:
                self._depth += 1
            elif self._depth and sign in _CLOSING:
                self._depth -= 1
            elif sign in (_COMMA, _END):
                return True
            self._at += 1

    def _drop_what_is_too_long(self) -> None:
        if self._too_long is None and len(self._buffer) - self._begin > self._limit:
            self._too_long = self._buffer[self._begin : self._begin + HEAD]
        if self._too_long is not None:
            self._begin = self._at

    def _check_end(self) -> None:
        if self._buffer[self._begin :].strip():
            raise BrokenFileError("something follows the end of the array")
        self._begin = self._at = len(self._buffer)
