"""Files that were packed with gzip or zstd, told by their first bytes, unpacked in blocks that fit into memory."""

import zlib
from collections.abc import Iterator

import zstandard

MAX_INFLATED = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SLICE = 1024  # few bytes may become very many
_ZSTD_WINDOW = 2**27  # as the command line tool takes without being told to take more
_LONGEST_MAGIC = len(_ZSTD_MAGIC)


class BrokenFileError(Exception):
    """The file ends or turns to garbage in the middle."""


class Unpacking:
    """The blocks of a file as they were before it was packed; `packed` once the first has come."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.packed = False

    def __iter__(self) -> Iterator[bytes]:
        first = next(self._blocks, b"")
        while 0 < len(first) < _LONGEST_MAGIC and _may_be_magic(first) and (more := next(self._blocks, b"")):
            first += more
        self.packed = first.startswith((_GZIP_MAGIC, _ZSTD_MAGIC))
        if first.startswith(_GZIP_MAGIC):
            yield from _inflated(first, self._blocks)
        elif first.startswith(_ZSTD_MAGIC):
            yield from _decompressed(first, self._blocks)
        else:
            yield first
            yield from self._blocks


def _may_be_magic(start: bytes) -> bool:
    return any(magic.startswith(start) for magic in (_GZIP_MAGIC, _ZSTD_MAGIC))


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
        except zlib.error:  # the damage, which is told once what came before it is read
            break
    return bytes(whole)


def _decompressed(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    unpack = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame, is_open = unpack.decompressobj(), False
    for piece in _slices(first, blocks):
        rest = piece
        while rest:
            try:
                yield frame.decompress(rest)
            except zstandard.ZstdError as error:
                raise BrokenFileError("the zstd data is damaged from here on") from error
            is_open, rest = not frame.eof, frame.unused_data if frame.eof else b""
            if frame.eof:  # a zstd file may be several, one after the other
                frame = unpack.decompressobj()
    if is_open:
        raise BrokenFileError("the zstd data ends too early")


def _slices(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    block = first
    while block:
        for place in range(0, len(block), _ZSTD_SLICE):
            yield block[place : place + _ZSTD_SLICE]
        block = next(blocks, b"")
