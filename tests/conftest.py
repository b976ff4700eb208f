"""The system that most tests work with: the example with its sample, as `make demo` runs it.

It is started once a run. The processes between which `make test` divides the files share its servers: each but the one
that started it has a system of its own on them.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import structlog
from hypothesis import settings
from xdist import is_xdist_worker
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.running import ROOT, System, already_running, beside, running
from tests.sharing import shared

settings.register_profile("nightly", max_examples=2_000)
# As our programs do: to show the values of all variables takes seconds for each exception.
plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])

EXAMPLE = ROOT / "examples" / "tate"
SAMPLE = [(name, EXAMPLE / f"{name.lower()}s.ndjson.gz") for name in ("Artwork", "Artist")]
FULL = ROOT.parent / "shared" / "data" / "tate"
TOGETHER = ("counting", "harvesting", "questions", "tasks")
"""Folders whose files share what takes long to make, so that one process has them all."""
LONE = ("tests/acceptance/tate", "tests/acceptance/test_outage.py", "tests/integration/test_overload.py")
"""What needs servers of its own, and what stops them or sets them otherwise."""
_UNTIL_THE_END = pytest.StashKey[ExitStack]()


class _ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each process whole files, or whole folders."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(LONE):
            return "lone"
        folder = file.rpartition("/")[0]
        return folder if folder.rpartition("/")[2] in TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How `make test` divides the tests between its processes."""
    return _ByPlace(config, log)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def _common(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[System, bool]:
    """A running example on whose servers all processes of the run are, and whether this process started it."""
    if left_running := already_running("SAMPLE"):
        return left_running, not is_xdist_worker(request)
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if is_xdist_worker(request) else own
    started = shared(folder, lambda: running(tmp_path_factory.mktemp("sample") / "data", EXAMPLE, SAMPLE))
    return request.config.stash[_UNTIL_THE_END].enter_context(started)


@pytest.fixture(scope="session")
def common(_common: tuple[System, bool]) -> System:
    """The system whose servers others can be put on: they are not to be stopped, nor set otherwise."""
    return _common[0]


@pytest.fixture(scope="session")
def system(_common: tuple[System, bool], tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The running example, for this process alone; `TEST_SAMPLE=URL=DATA` names one that runs already."""
    started, ours = _common
    if ours:
        yield started
        return
    with beside(started, tmp_path_factory.mktemp("sample") / "data", EXAMPLE) as another:
        for name, file in SAMPLE:
            done = another.command("import", name, str(file), "--wait-searchable")
            assert done.returncode == 0, done.stderr
        yield another


@pytest.fixture(scope="session")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The example on servers that nobody else has, with all that was published where that is there."""
    if left_running := already_running("FULL"):
        yield left_running
        return
    load = [(name, FULL / f"tate-{name.lower()}s.ndjson.gz") for name in ("Artist", "Artwork")]
    folder = tmp_path_factory.mktemp("lone")
    with running(folder / "data", EXAMPLE, load if FULL.is_dir() else SAMPLE, lasting=True) as started:
        yield started


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_UNTIL_THE_END] = ExitStack()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops what was started for all processes, however long the others have it: no test's time runs any more."""
    session.config.stash[_UNTIL_THE_END].close()
