"""The systems that acceptance tests ask: the sample, the whole Tate collection, and one with every kind of property."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.asking import Api
from tests.conftest import EXAMPLE
from tests.running import ROOT, System, already_running, beside, running

FULL = ROOT.parent / "shared" / "data" / "tate"
KINDS = Path(__file__).parent / "kinds"

Viewers = Callable[..., Api]


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
    if left_running := already_running("FULL"):
        yield left_running.url
        return
    load = [(name, FULL / f"tate-{name.lower()}s.ndjson.gz") for name in ("Artist", "Artwork")]
    with running(tmp_path_factory.mktemp("full") / "data", EXAMPLE, load, lasting=True) as started:
        yield started.url


@pytest.fixture(scope="session")
def kinds(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Collections with every kind of property and rule; nobody mends what a test takes from their indices."""
    if left_running := already_running("KINDS"):
        yield left_running
        return
    with beside(system, tmp_path_factory.mktemp("kinds") / "data", KINDS, verify_seconds="86400") as started:
        yield started


@pytest.fixture(scope="session")
def viewers(kinds: System) -> Iterator[Viewers]:
    """Makes viewers of `kinds`: by a name with roles, anonymous without."""
    known: dict[tuple[str, ...], Api] = {}
    with ExitStack() as stack:

        def viewer(name: str = "", *roles: str) -> Api:
            if (name, *roles) not in known:
                token = token_of(kinds, name, *roles) if name else None
                known[(name, *roles)] = Api(stack.enter_context(kinds.client(token)))
            return known[(name, *roles)]

        yield viewer


@pytest.fixture(scope="session")
def admin(kinds: System) -> Iterator[Api]:
    """The administrator of `kinds`."""
    with kinds.client(kinds.token) as client:
        yield Api(client)


@pytest.fixture(scope="session")
def tate_api(system: System) -> Iterator[Api]:
    """The administrator of the sample."""
    with system.client(system.token) as client:
        yield Api(client)


def token_of(system: System, name: str, *roles: str) -> str:
    """A token made on the command line."""
    made = system.command("token", "create", "--name", name, *(part for role in roles for part in ("--role", role)))
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()[-1]
