"""The Tate collection, as a sample and, where it is there, in full."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.tate.catalogue import FULL, SAMPLE, Tate, tate_in


@pytest.fixture(scope="session")
def sample(server_url: str) -> Iterator[Tate]:
    """A server with the sample that the project brings."""
    with httpx.Client(base_url=server_url, timeout=60) as client:
        yield tate_in(SAMPLE, client)


@pytest.fixture(scope="session")
def full(full_tate_url: str) -> Iterator[Tate]:
    """A server with all that was published."""
    with httpx.Client(base_url=full_tate_url, timeout=60) as client:
        yield tate_in(FULL, client, prefix="tate-")


@pytest.fixture(scope="session", params=["sample", "full"])
def tate(request: pytest.FixtureRequest) -> Tate:
    """First the one, then the other."""
    which: Tate = request.getfixturevalue(request.param)
    return which
