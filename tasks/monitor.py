"""Flower, which shows workers, queues and messages as Celery sees them, to who has the role `admin`."""

import base64
import binascii
import hmac
import logging
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType

import structlog
from flower.app import Flower
from flower.options import default_options
from flower.urls import settings as flower_settings
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest, RequestStartLine, ResponseStartLine

from config import Settings
from errors import DatabaseUnavailable
from models.collections.access import ADMIN
from models.database import Database
from models.tokens import find_token
from tasks.app import celery_app

Admits = Callable[[str | None], Awaitable[bool]]
"""Whether an `Authorization` header opens the door."""

log = structlog.get_logger()
_UNAUTHORIZED = ResponseStartLine("HTTP/1.1", 401, "Unauthorized")
_UNAVAILABLE = ResponseStartLine("HTTP/1.1", 503, "Service Unavailable")
_REALM = HTTPHeaders({"www-authenticate": 'Basic realm="Flower", charset="UTF-8"', "content-length": "0"})


def run_flower(settings: Settings, host: str, port: int) -> None:
    """Run Flower until told to stop."""
    logging.getLogger("tornado.access").propagate = False
    signal.signal(signal.SIGTERM, _stop)
    # What comes through the door shows Flower this, so that its own rules against foreign pages hold.
    own = f"door:{secrets.token_urlsafe()}"
    default_options.address, default_options.port, default_options.basic_auth = host, port, [own]
    admits = Door(settings).admits
    flower = _Guarded(admits, own, capp=celery_app(settings), options=default_options, **flower_settings)
    flower.start_http_server()
    try:
        flower.start()
    finally:
        flower.stop()


class Door:
    """Admits whoever has a token with the role `admin`, as a bearer or as the password of any name."""

    def __init__(self, settings: Settings) -> None:
        self._admin_token = settings.admin_token
        self._database = Database(settings.database_url, 1)

    async def admits(self, authorization: str | None) -> bool:
        """Whether this header opens it. Raises `DatabaseUnavailable`."""
        secret = _secret(authorization or "")
        if not secret:
            return False
        if self._admin_token and hmac.compare_digest(secret.encode("utf-8", "replace"), self._admin_token.encode()):
            return True
        async with self._database.reading() as session:
            token = await find_token(session, secret)
        return token is not None and ADMIN in token.roles


def _secret(authorization: str) -> str:
    way, _, given = authorization.partition(" ")
    match way.lower():
        case "bearer":
            return given.strip()
        case "basic":
            try:
                return base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeError):  # it is none of ours
                return ""
        case _:
            return ""


class _Guarded(Flower):  # type: ignore[misc]  # it has no types
    """Flower behind a door: nothing of it is reached by who is not admitted, its pictures neither."""

    def __init__(self, admits: Admits, own: str, **arguments: object) -> None:
        super().__init__(**arguments)
        self._admits = admits
        self._own = "Basic " + base64.b64encode(own.encode()).decode()

    def find_handler(self, request: HTTPServerRequest, **arguments: object) -> HTTPMessageDelegate:
        return _Visitor(request, self._admits, self._own, super().find_handler(request, **arguments))


class _Visitor(HTTPMessageDelegate):
    """One request: handed on to `inner` if it is admitted, else refused."""

    def __init__(self, request: HTTPServerRequest, admits: Admits, own: str, inner: HTTPMessageDelegate) -> None:
        self._request = request
        self._admits = admits
        self._own = own
        self._inner = inner
        self._refusal: ResponseStartLine | None = None

    async def headers_received(  # type: ignore[override]  # it may be awaited
        self, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> None:
        try:
            admitted = await self._admits(headers.get("authorization"))
        except DatabaseUnavailable as error:
            log.warning("flower_asked_in_vain", reason=error.message, remedy="ask again when PostgreSQL is back")
            self._refusal = _UNAVAILABLE
            return
        if not admitted:
            self._refusal = _UNAUTHORIZED
            return
        headers["authorization"] = self._own
        if waiting := self._inner.headers_received(start_line, headers):
            await waiting

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None if self._refusal else self._inner.data_received(chunk)

    def finish(self) -> None:
        if self._refusal is None:
            self._inner.finish()
            return
        assert self._request.connection
        self._request.connection.write_headers(self._refusal, _REALM)
        self._request.connection.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
