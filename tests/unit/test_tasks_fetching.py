"""Files are fetched from public addresses alone, unless the settings allow others."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from errors import BadUserInput
from tasks import fetching
from tasks.fetching import AddressRefused, Download, FetchFailed, FetchLimits, check_url, is_public
from tests.acceptance.serving import Files, Served, serving

ANY = FetchLimits(max_bytes=1_000_000, max_seconds=10, timeout=5, allow_private=True)
PUBLIC = FetchLimits(max_bytes=1_000_000, max_seconds=10, timeout=5, allow_private=False)


@pytest.fixture
def files() -> Iterator[Files]:
    with serving("0.0.0.0") as started:
        yield started


def whole(url: str, limits: FetchLimits) -> bytes:
    with Download(url, limits) as download:
        return b"".join(iter(download.read, b""))


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:169.254.169.254"),
        *("64:ff9b:1::a9fe:a9fe", "fec0::1", "::127.0.0.1", "::8.8.8.8"),
    ],
)
def test_addresses_of_this_machine_and_its_network_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_nothing_is_fetched_from_private_hosts_however_they_are_written(host: str, files: Files) -> None:
    files["/a"] = Served((b"secret",))
    url = f"http://{host}:{files.port}/a"
    with pytest.raises(AddressRefused, match="ALLOW_PRIVATE_URLS"):
        check_url(url, allow_private=False)
    with pytest.raises(AddressRefused):
        whole(url, PUBLIC)
    assert files.asked == []


def test_a_redirect_to_a_private_host_is_not_followed(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "is_public", lambda address: address == "127.0.0.1")
    files["/a"] = Served(status=302, headers={"location": files.url("/b", host="127.0.0.2")})
    files["/b"] = Served((b"secret",))
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.2"):
        whole(files.url("/a"), PUBLIC)
    assert files.asked == ["/a"]
    assert whole(files.url("/a"), ANY) == b"secret"


def test_a_name_of_a_public_and_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        check_url("http://example.org/", allow_private=False)


def test_a_redirect_to_another_scheme_is_not_followed(files: Files) -> None:
    files["/a"] = Served(status=302, headers={"location": "file:///etc/passwd"})
    with pytest.raises(FetchFailed):
        whole(files.url("/a"), ANY)


def test_endless_redirects_end(files: Files) -> None:
    files["/a"] = Served(status=302, headers={"location": "/a"})
    with pytest.raises(FetchFailed, match="redirects"):
        whole(files.url("/a"), ANY)


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "http://", "//example.org", "data:,a"])
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(BadUserInput):
        check_url(url, allow_private=True)


def test_a_file_is_read_as_it_was_sent_and_its_size_is_known(files: Files) -> None:
    files["/a"] = Served((b"one\n", b"two\n"), promised=8, headers={"content-encoding": "gzip"})
    with Download(files.url("/a"), ANY) as download:
        assert b"".join(iter(download.read, b"")) == b"one\ntwo\n"
        assert download.size == 8


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500])
def test_an_answer_that_is_no_file_is_told(files: Files, status: int) -> None:
    files["/a"] = Served(status=status)
    with pytest.raises(FetchFailed, match=str(status)):
        whole(files.url("/a"), ANY)


def test_a_file_that_breaks_off_or_is_too_large_or_too_slow_is_an_error_of_reading(files: Files) -> None:
    files["/broken"] = Served((b"one\n",), promised=100)
    with pytest.raises(OSError, match="RemoteProtocolError"):
        whole(files.url("/broken"), ANY)
    files["/large"] = Served((b"x" * 600,) * 2)
    with pytest.raises(OSError, match="MAX_BYTES"):
        whole(files.url("/large"), FetchLimits(1_000, 10, 5, allow_private=True))
    files["/slow"] = Served((b"x",) * 20, pause=0.05)
    with pytest.raises(OSError, match="MAX_SECONDS"):
        whole(files.url("/slow"), FetchLimits(1_000, 0.3, 5, allow_private=True))
    files["/stuck"] = Served((b"x",), pause=2)
    with pytest.raises((OSError, FetchFailed), match=r"ReadTimeout|timed out"):
        whole(files.url("/stuck"), FetchLimits(1_000, 10, 0.2, allow_private=True))
