"""Reading a request's body within a limit that is counted unpacked, so that a small body can't grow large here."""

import zlib
from collections.abc import Mapping

from starlette.types import Receive

from errors import RequestRefused

# `wbits` of zlib: 31 is gzip, 15 is zlib, which HTTP calls deflate.
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class ClientGone(Exception):
    """The client closed the connection: nobody waits for an answer."""


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body, unpacked. Raises `RequestRefused` (400, 413, 415) or `ClientGone`."""
    given = headers.get("content-encoding")
    coding = given.strip().lower() if given else ""
    if coding not in ("identity", "") and coding not in CODINGS:
        remedy = "Send it as gzip, deflate or plain."
        raise RequestRefused(415, f"The content encoding {coding!r} is not supported.", remedy, _ACCEPT)
    if _declared(headers) > limit:
        raise too_large(limit)
    body = await _read(receive, limit)
    return _unpack(body, CODINGS[coding], limit) if coding in CODINGS else body


def too_large(limit: int) -> RequestRefused:
    """The refusal of a body beyond `limit` bytes."""
    return RequestRefused(413, f"The request is larger than {limit:,} bytes.", "Send less, or in several requests.")


_ACCEPT = {"accept-encoding": "gzip, deflate"}


def _declared(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


def _unpack(body: bytes, wbits: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise RequestRefused(400, "The body can't be unpacked by its content encoding.") from None
    if len(unpacked) > limit:
        raise too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise RequestRefused(400, "The packed body ends too early or goes on after its end.")
    return unpacked
