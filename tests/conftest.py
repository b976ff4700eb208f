"""The system that most tests work with: the example with its sample, as `make demo` runs it.

It is started once a run, or once in each of the processes between which `make test` divides the files.
"""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.running import ROOT, System, already_running, running

settings.register_profile("nightly", max_examples=2_000)
# As our programs do: to show the values of all variables takes seconds for each exception.
plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])

EXAMPLE = ROOT / "examples" / "tate"
TOGETHER = ("tate", "counting", "harvesting", "questions", "tasks")
"""Folders whose files share what takes long to make, so that one process has them all."""


class _ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each process whole files, or whole folders."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder.rpartition("/")[2] in TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How `make test` divides the tests between its processes."""
    return _ByPlace(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The running example; `TEST_SAMPLE=URL=DATA` names one that runs already."""
    if left_running := already_running("SAMPLE"):
        yield left_running
        return
    load = [(name, EXAMPLE / f"{name.lower()}s.ndjson.gz") for name in ("Artwork", "Artist")]
    with running(tmp_path_factory.mktemp("sample") / "data", EXAMPLE, load) as started:
        yield started
