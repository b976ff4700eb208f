"""A collection for heavy work, on a system that the tests of this folder share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.asking import Api
from tests.running import System, beside

WORKS = Path(__file__).parent


@pytest.fixture(scope="package")
def works(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with beside(system, tmp_path_factory.mktemp("works") / "data", WORKS) as started:
        yield started


@pytest.fixture(scope="package")
def later_workers() -> Iterator[ExitStack]:
    """Where tests that kill the worker put the one that works for those behind them."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="package")
def api(works: System) -> Iterator[Api]:
    with works.client(works.token) as client:
        yield Api(client)
