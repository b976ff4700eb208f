"""Repositories are asked within the limits of fetching: public addresses, redirects included, and sizes."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpcore
import pytest

from tasks import fetching
from tasks.fetching import AddressRefused, FetchFailed, FetchLimits
from tasks.harvesting.answers import Page, ProtocolError
from tasks.harvesting.repository import Busy, Repository
from tasks.harvesting.transport import Unreachable
from tests.acceptance.repository import Item, error
from tests.acceptance.repository import Repository as RepositoryServer
from tests.acceptance.serving import Served, serving_as

ANY = FetchLimits(max_bytes=1_000_000, max_seconds=10, timeout=5, allow_private=True)
FIRST = {"metadataPrefix": "oai_dc"}


@pytest.fixture
def served() -> Iterator[RepositoryServer]:
    with serving_as(RepositoryServer) as started:
        started.records = [Item(str(number), "2020-01-01T00:00:00Z", (("title", "A"),)) for number in range(5)]
        yield started


def asked(url: str, limits: FetchLimits = ANY, max_page: int = 100_000) -> Page:
    repository = Repository(url, limits, max_page)
    try:
        return repository.page(FIRST)
    finally:
        repository.close()


def test_a_private_address_is_not_asked(served: RepositoryServer) -> None:
    with pytest.raises(AddressRefused):
        asked(served.base, replace(ANY, allow_private=False))
    assert served.asked == []


def test_a_redirect_is_followed_and_checked(served: RepositoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Served(status=302, headers={"location": served.url("/elsewhere?verb=ListRecords&metadataPrefix=oai_dc")})
    served.faults = [lambda query: away if len(served.asked) == 1 else None]
    assert len(asked(served.base).records) == 2

    served.asked.clear()
    names = {"public.example": ["93.184.216.34"], "127.0.0.1": ["127.0.0.1"]}
    monkeypatch.setattr(fetching, "resolve", lambda host, port: names[host])
    connect = httpcore.SyncBackend.connect_tcp

    def here(self: Any, host: str, port: int, *args: Any, **options: Any) -> Any:
        return connect(self, "127.0.0.1", port, *args, **options)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", here)
    with pytest.raises(AddressRefused):
        asked(served.url("/oai", "public.example"), replace(ANY, allow_private=False))
    assert len(served.asked) == 1, "it was asked, and its redirect to a private address was not followed"


def test_the_parameters_of_the_address_stay(served: RepositoryServer) -> None:
    asked(f"{served.base}?tenant=7")
    assert served.queries[0] == {"tenant": "7", "verb": "ListRecords", "metadataPrefix": "oai_dc"}


def test_an_answer_that_is_too_large_is_not_read_to_its_end(served: RepositoryServer) -> None:
    with pytest.raises(FetchFailed, match="CATALOGRAPH_HARVEST_MAX_PAGE"):
        asked(served.base, max_page=500)
    with pytest.raises(FetchFailed, match="CATALOGRAPH_FETCH_MAX_BYTES"):
        asked(served.base, replace(ANY, max_bytes=500))


@pytest.mark.parametrize(("given", "seconds"), [("7", 7), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)])
def test_a_busy_repository_says_when_to_come_again(served: RepositoryServer, given: str, seconds: float | None) -> None:
    served.faults = [lambda query: Served(status=503, headers={"retry-after": given})]
    with pytest.raises(Busy) as raised:
        asked(served.base)
    assert raised.value.seconds == seconds


def test_an_error_of_http_that_stays_is_told(served: RepositoryServer) -> None:
    served.faults = [lambda query: Served(status=404)]
    with pytest.raises(FetchFailed, match="404") as raised:
        asked(served.base)
    assert not isinstance(raised.value, Busy)


def test_an_error_of_the_protocol_is_read_whatever_the_status(served: RepositoryServer) -> None:
    served.faults = [lambda query: Served((error("badVerb").encode(),), status=400)]
    with pytest.raises(ProtocolError, match="badVerb"):
        asked(served.base)


def test_a_request_is_stopped_from_another_thread(served: RepositoryServer) -> None:
    served.pause = 3
    repository = Repository(served.base, ANY, 100_000)
    threading.Timer(0.3, repository.stop).start()
    began = time.monotonic()
    with pytest.raises(Unreachable):
        repository.page(FIRST)
    assert time.monotonic() - began < 2
    repository.close()


def test_who_does_not_answer_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        asked("http://127.0.0.1:9/oai")
