"""The system that most tests work with: the example with its sample, as `make demo` runs it.

It is started once a run, or once in each of the processes between which `make test` divides the files.
"""

from collections.abc import Iterator

import pytest

from tests.running import ROOT, System, already_running, running

EXAMPLE = ROOT / "examples" / "tate"
TOGETHER = ("tate", "counting", "questions")
"""Folders whose files share what takes long to make, so that one process has them all."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests one process takes as a whole: those of a file, or of a folder."""
    for item in items:
        folder = item.path.parent
        together = folder if folder.name in TOGETHER else item.path
        item.add_marker(pytest.mark.xdist_group(str(together.relative_to(ROOT))))


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
