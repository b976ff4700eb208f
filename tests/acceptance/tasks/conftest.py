"""A collection for heavy work, on a system that the tests of this folder share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.asking import Api
from tests.running import System, beside

WORKS = Path(__file__).parent
SOON_MISSED = {"task_silence": "6", "sweep_seconds": "1"}
"""So that what a worker has left is taken up soon."""


@pytest.fixture(scope="package")
def works(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with beside(system, tmp_path_factory.mktemp("works") / "data", WORKS, **SOON_MISSED) as started:
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
