"""Entity tags: by which browsers and proxies ask whether what they have is still so.

Source: RFC 9110, sections 8.8.3 (`ETag`), 13.1.2 (`If-None-Match`) and 15.4.5 (304).
"""

from hashlib import blake2b

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WEAK = "W/"


def entity_tag(body: bytes, media: str) -> str:
    """The strong tag of a body in this media type."""
    return f'"{blake2b(body, digest_size=16, person=media.encode()[-16:]).hexdigest()}"'


def known_tag(tag: str, if_none_match: str | None) -> str | None:
    """The tag among those that a client has which stands for `tag`, in whatever coding it was sent; `None` without."""
    for given in (if_none_match or "").split(","):
        one = given.strip().removeprefix(_WEAK)
        if one in ("*", tag) or one.startswith(f"{tag[:-1]}-"):
            return tag if one == "*" else one
    return None


class CodedTags:
    """Gives what was compressed a tag of its own, since a strong tag stands for the same bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _coded(message["headers"])
            await send(message)

        await self._app(scope, receive, tagged if scope["type"] == "http" else send)


def _coded(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    coding = next((value for name, value in headers if name == b"content-encoding"), None)
    if coding is None:
        return headers
    return [
        (name, value[:-1] + b"-" + coding + b'"' if name == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
    ]
