"""An OAI-PMH repository, asked one request at a time, from a thread; the only place that knows oaipmh-scythe."""

import email.utils
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import httpx2
from oaipmh_scythe import Scythe
from oaipmh_scythe.models import Identify
from oaipmh_scythe.response import OAIResponse

from tasks.fetching import FetchFailed, FetchLimits
from tasks.harvesting.answers import BrokenAnswer, Element, Page, Tree, read_page, read_tree
from tasks.harvesting.transport import CheckedTransport

BY_THE_SECOND = "YYYY-MM-DDThh:mm:ssZ"
_COME_AGAIN = frozenset({429, 502, 503, 504})


class Busy(FetchFailed):
    """The repository does not answer now, and may later: after `seconds`, if it says so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        self.seconds = seconds
        super().__init__(message)


@dataclass
class Answer(OAIResponse):
    """An answer whose damages are known."""

    @cached_property
    def tree(self) -> Tree:
        """Raises `BrokenAnswer` and `ProtocolError`."""
        return read_tree(self.http_response.content)

    @property
    def xml(self) -> Element:
        return self.tree.root


class Repository(Scythe):
    """A client of one repository that speaks only to addresses which the limits allow.

    Raises `ProtocolError` for a refusal, `BrokenAnswer` for what is no answer, `Busy` where asking again may help, and
    `FetchFailed` or `AddressRefused` where it does not.
    """

    def __init__(self, url: str, limits: FetchLimits, max_page: int) -> None:
        super().__init__(url)
        self._transport = CheckedTransport(limits, max_page)

    @cached_property
    def client(self) -> httpx2.Client:
        """Redirects are followed, and checked, below it."""
        return httpx2.Client(transport=self._transport, trust_env=False)

    def close(self) -> None:
        self.client.close()

    def stop(self) -> None:
        """End the request that goes on in another thread."""
        self._transport.stop()

    def harvest(self, query: dict[str, str]) -> Answer:
        """The answer to one request."""
        response = self.client.get(httpx2.URL(self.endpoint).copy_merge_params(query))
        if response.status_code in _COME_AGAIN:
            raise Busy(f"{self.endpoint} answered {response.status_code}.", _retry_after(response))
        answer = Answer(response, query)
        try:
            assert answer.tree
        except BrokenAnswer:
            if not response.is_error:
                raise
            # What is no answer is told by its status.
        if response.is_error:
            raise FetchFailed(f"{self.endpoint} answered {response.status_code}.")
        return answer

    def granularity(self) -> str:
        """How exact the dates are by which records are chosen: `BY_THE_SECOND`, or days."""
        found = getattr(Identify(self.harvest({"verb": "Identify"})), "granularity", None)
        return str(found or "").strip()

    def page(self, query: dict[str, str]) -> Page:
        """A page of `ListRecords`, the first one or that which a resumption token asks for."""
        return read_page(self.harvest({"verb": "ListRecords", **query}).tree)


def date_text(moment: datetime, granularity: str) -> str:
    """A moment as the repository writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ" if granularity == BY_THE_SECOND else "%Y-%m-%d")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds until the server wants to be asked again (RFC 9110, section 10.2.3)."""
    given = response.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        moment = email.utils.parsedate_to_datetime(given)
    except ValueError:  # then it does not say when
        return None
    return max(moment.timestamp() - time.time(), 0.0)
