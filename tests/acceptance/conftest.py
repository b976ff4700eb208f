"""The systems that acceptance tests ask: the sample, the whole Tate collection, and one with every kind of property."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT, System, running

EXAMPLE = ROOT / "examples" / "tate"
FULL = ROOT.parent / "shared" / "data" / "tate"
KINDS = Path(__file__).parent / "kinds"


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The example with its sample."""
    load = [(name, EXAMPLE / f"{name.lower()}s.ndjson.gz") for name in ("Artwork", "Artist")]
    with running(tmp_path_factory.mktemp("sample") / "data", EXAMPLE, load) as started:
        yield started


@pytest.fixture(scope="session")
def server_url(system: System) -> str:
    return system.url


@pytest.fixture(scope="session")
def admin_token(system: System) -> str:
    return system.token


@pytest.fixture(scope="session")
def full_tate_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example with all that was published."""
    if not FULL.is_dir():
        pytest.skip(f"the full data is not at {FULL}")
    load = [(name, FULL / f"tate-{name.lower()}s.ndjson.gz") for name in ("Artist", "Artwork")]
    with running(tmp_path_factory.mktemp("full") / "data", EXAMPLE, load) as started:
        yield started.url


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Collections with every kind of property and rule."""
    with running(tmp_path_factory.mktemp("kinds") / "data", KINDS) as started:
        yield started
