"""Files that others serve over HTTP, read while they arrive, from addresses that the settings allow."""

import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from config import Settings
from errors import BadUserInput, CatalographError
from metrics import swallowed

SCHEMES = ("http", "https")
_BLOCK = 256 * 1024
_REDIRECTS = 5
_RANGE = re.compile(r"bytes (\d+)-")
_NAMES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".ndjson",
    "application/jsonl": ".ndjson",
    "application/jsonlines": ".ndjson",
}
"""How a file of a media type would be called."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchFailed(CatalographError):
    """An address did not give the file: look at what it answered."""


class AddressRefused(BadUserInput):
    """An address that nothing may be fetched from."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What is fetched at most: bytes as they are sent, seconds in all, seconds without a byte."""

    max_bytes: int
    max_seconds: float
    timeout: float
    allow_private: bool

    @classmethod
    def of(cls, settings: Settings) -> "FetchLimits":
        return cls(
            settings.fetch_max_bytes, settings.fetch_max_seconds, settings.fetch_timeout, settings.allow_private_urls
        )


@dataclass(frozen=True, slots=True)
class Resume:
    """From which byte of a file the rest is wanted, if it is the file of which the server has said `validator`."""

    offset: int
    validator: str


class Download(io.RawIOBase):
    """The body of a `GET`, as a file that is read once. It is asked for with `open`, or the first `read`.

    With `resume` it begins at `begins_at`, if the server has it so; else at the beginning of the file.
    `open` and `read` raise `FetchFailed` where there is no such file, `AddressRefused` where it may not be fetched, and
    `OSError` where it breaks off.
    """

    def __init__(
        self, url: str, limits: FetchLimits, headers: Mapping[str, str] | None = None, resume: Resume | None = None
    ) -> None:
        super().__init__()
        self.url = url
        self._headers = dict(headers or {})
        self._resume = resume
        self.begins_at = 0
        self.size: int | None = None
        """Bytes of the whole file, once the answer has begun, if it says so."""
        self._limits = limits
        self._began = time.monotonic()
        self._read = 0
        self._blocks: Iterator[bytes] | None = None
        self._response: httpx.Response | None = None
        self._client: httpx.Client | None = None
        self._stopped = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, as many as have arrived; empty at the end. `size` does not bound them."""
        del size
        self.open()
        assert self._blocks is not None
        try:
            block = next(self._blocks, b"")
        except (httpx.HTTPError, httpx.StreamError, httpcore.NetworkError) as error:
            raise OSError(f"{'stopped' if self._stopped else type(error).__name__}: {error}") from error
        self._read += len(block)
        self._check_limits()
        return block

    read1 = read

    def open(self) -> None:
        """Have the answer begin, if it has not."""
        if self._blocks is None:
            self._blocks = self._open()

    @property
    def name(self) -> str:
        """What the file is called, by its type if the server says one that is known, else by its address."""
        media_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        return _NAMES.get(media_type) or httpx.URL(self.url).path

    @property
    def validator(self) -> str | None:
        """What tells the file from others byte by byte, once the answer has begun (RFC 9110, section 8.8)."""
        tag = self.header("etag")
        return tag if tag and not tag.startswith("W/") else self.header("last-modified")

    @property
    def is_unchanged(self) -> bool:
        """Whether the answer, once it has begun, says that nothing is new since what conditional headers name."""
        return self._response is not None and self._response.status_code == httpx.codes.NOT_MODIFIED

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, once it has begun, by their names in small letters."""
        return dict(self._response.headers) if self._response is not None else {}

    def header(self, name: str) -> str | None:
        """A header of the answer, once it has begun."""
        return self._response.headers.get(name) if self._response is not None else None

    def stop(self) -> None:
        """End the transfer from another thread, also one that waits for the next byte."""
        self._stopped = True
        if self._response is not None:
            shut(self._response)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        if self._client is not None:
            self._client.close()
        super().close()

    def _open(self) -> Iterator[bytes]:
        self._client = open_client(self._limits)
        response = self._ask(self._resume)
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and self._resume:
            response.close()
            response = self._ask(None)
        if response.status_code == httpx.codes.NOT_MODIFIED and self._headers:
            return iter(())
        self.begins_at = _range_start(response)
        if response.status_code != httpx.codes.OK and not self.begins_at:
            raise FetchFailed(f"{response.url} answered {response.status_code}.")
        length = response.headers.get("content-length", "")
        self.size = int(length) + self.begins_at if length.isdigit() else None
        return response.iter_raw()

    def _ask(self, resume: Resume | None) -> httpx.Response:
        assert self._client
        headers = {"accept-encoding": "identity", **self._headers}
        if resume:
            headers |= {"range": f"bytes={resume.offset}-", "if-range": resume.validator}
        request = self._client.build_request("GET", self.url, headers=headers)
        try:
            self._response = self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(f"{self.url} can't be fetched: {error or type(error).__name__}.") from error
        if self.closed:  # by who did not want to wait
            self._response.close()
        if resume and _range_start(self._response) not in (0, resume.offset):
            raise FetchFailed(f"{self._response.url} answered another part than was asked for.")
        return self._response

    def _check_limits(self) -> None:
        if self._stopped:
            raise OSError("stopped")
        if self._read > self._limits.max_bytes:
            raise OSError(f"more than {self._limits.max_bytes:,} bytes (CATALOGRAPH_FETCH_MAX_BYTES)")
        if time.monotonic() - self._began > self._limits.max_seconds:
            raise OSError(f"longer than {self._limits.max_seconds:g} s (CATALOGRAPH_FETCH_MAX_SECONDS)")


def _range_start(response: httpx.Response) -> int:
    """The first byte of the part of a file that is sent; 0 where all of it is."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    found = _RANGE.match(response.headers.get("content-range", ""))
    return int(found[1]) if found else 0


def check_url(url: str, *, allow_private: bool) -> str:
    """The address, if something may be fetched from it. Raises `AddressRefused`.

    A host that can't be resolved now passes: whether it may be spoken to is decided when it is.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AddressRefused(f"{url[:200]!r} is no address: {error}.") from None
    if parsed.scheme not in SCHEMES or not parsed.host:
        raise AddressRefused(f"{url[:200]!r} is no http or https address.", "Give one such as https://example.org/a.")
    if not allow_private:
        try:
            found = resolve(parsed.host, parsed.port or 0)
        except socket.gaierror:  # whether it may be spoken to is decided when it can be
            return url
        public_only(parsed.host, found)
    return url


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises `OSError` where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def public_only(host: str, addresses: Iterable[str]) -> list[str]:
    """The addresses, if all of them are public. Raises `AddressRefused`: a name with one of each is a trick."""
    found = list(addresses)
    for address in found:
        if not is_public(address):
            raise AddressRefused(
                f"{host} is a private address ({address}).", "CATALOGRAPH_ALLOW_PRIVATE_URLS=true allows it."
            )
    return found


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet, and also what it stands for does (mapped, 6to4, NAT64)."""
    given = ipaddress.ip_address(address)
    if any(given in network for network in _INSIDE):
        return False
    return all(one.is_global and not one.is_multicast for one in _meanings(given))


def _meanings(address: Address) -> Iterator[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is None and address not in _NAT64:
        yield address
    if inner is not None:
        yield inner


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_INSIDE = tuple(map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "::/96", "fec0::/10")))
"""A network's own NAT64, addresses that stand for those of IPv4, and a site's own: Python takes them for public."""


class _PublicBackend(httpcore.SyncBackend):
    """Connects to the very address that was checked, so that a name can't change its meaning in between."""

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any) -> Any:
        try:
            addresses = public_only(host, resolve(host, port))
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known: {error.strerror or error}") from error
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, timeout, *args, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                swallowed("one of several addresses", error)  # the next one is tried; of the last the error is told
        return super().connect_tcp(addresses[-1], port, timeout, *args, **options)


class _Transport(httpx.HTTPTransport):
    def __init__(self, limits: FetchLimits) -> None:
        super().__init__()
        if not limits.allow_private:
            context: ssl.SSLContext = httpx.create_ssl_context()
            self._pool.close()
            self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_PublicBackend())


def open_client(limits: FetchLimits) -> httpx.Client:
    """A client that connects only to addresses which the limits allow, redirects included."""
    return httpx.Client(
        transport=_Transport(limits),
        timeout=limits.timeout,
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        trust_env=False,
        headers={"user-agent": "catalograph"},
    )


def shut(response: httpx.Response) -> None:
    """End the transfer of an answer, also for a thread that waits for its next byte."""
    connection: socket.socket | None = response.extensions["network_stream"].get_extra_info("socket")
    if connection is None:
        return
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        swallowed("the end of a transfer", error)  # it is closed already
