"""The system that most tests work with, started once a run: the example with its sample, as `make demo` runs it."""

from collections.abc import Iterator

import pytest

from tests.running import ROOT, System, already_running, running

EXAMPLE = ROOT / "examples" / "tate"


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
