"""How oaipmh-scythe reaches a repository: over connections that the limits of fetching allow, within their sizes."""

import time

import httpcore
import httpx
import httpx2

from tasks.fetching import FetchFailed, FetchLimits, open_client, shut

_KEPT = ("content-type", "retry-after")


class Unreachable(FetchFailed):
    """The address does not answer, or breaks off; it may later."""


class CheckedTransport(httpx2.BaseTransport):
    """Sends what the library asks for with the client that files are fetched with, and follows redirects itself."""

    def __init__(self, limits: FetchLimits, max_page: int) -> None:
        self._limits = limits
        self._max_page = max_page
        self._client = open_client(limits)
        self._response: httpx.Response | None = None
        self._stopped = False
        self._bytes = 0
        self._began = time.monotonic()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The whole answer to a request without a body. Raises `FetchFailed` or `AddressRefused`."""
        headers = {"accept": "text/xml, application/xml", "accept-encoding": "gzip, identity"}
        try:
            with self._client.stream(request.method, str(request.url), headers=headers) as response:
                self._response = response
                content = self._read(response)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpcore.NetworkError) as error:
            why = "stopped" if self._stopped else error or type(error).__name__
            raise Unreachable(f"{request.url} can't be fetched: {why}.") from error
        finally:
            self._response = None
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        return httpx2.Response(response.status_code, headers=kept, content=content, request=request)

    def stop(self) -> None:
        """End the transfer from another thread, also one that waits for the next byte."""
        self._stopped = True
        if (response := self._response) is not None:
            shut(response)

    def close(self) -> None:
        self._client.close()

    def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for block in response.iter_bytes():
            content += block
            self._bytes += len(block)
            self._check(len(content))
        self._check(len(content))  # who is stopped sees an end
        return bytes(content)

    def _check(self, size: int) -> None:
        limits = self._limits
        if self._stopped:
            raise Unreachable("It was stopped.")
        if size > self._max_page:
            raise FetchFailed(f"One answer has more than {self._max_page:,} bytes (CATALOGRAPH_HARVEST_MAX_PAGE).")
        if self._bytes > limits.max_bytes:
            raise FetchFailed(f"There are more than {limits.max_bytes:,} bytes (CATALOGRAPH_FETCH_MAX_BYTES).")
        if time.monotonic() - self._began > limits.max_seconds:
            raise FetchFailed(f"It takes longer than {limits.max_seconds:g} s (CATALOGRAPH_FETCH_MAX_SECONDS).")
