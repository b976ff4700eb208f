"""A system with what can be counted in every shape, and with very many values."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.acceptance.asking import Api
from tests.acceptance.counting.made import entries, holders, words
from tests.running import System, already_running, beside

HERE = Path(__file__).parent


@pytest.fixture(scope="package")
def counting(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if left_running := already_running("COUNTING"):
        yield left_running
        return
    folder = tmp_path_factory.mktemp("counting")
    with beside(system, folder / "data", HERE) as started:
        for name, records in (("Holder", holders()), ("Entry", entries()), ("Word", words())):
            file = folder / f"{name}.ndjson"
            file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
            done = started.command("import", name, str(file), "--wait-searchable")
            assert done.returncode == 0, done.stderr
        yield started


@pytest.fixture(scope="package")
def counter(counting: System) -> Iterator[Api]:
    """The administrator."""
    with counting.client(counting.token) as client:
        yield Api(client)


@pytest.fixture(scope="package")
def anyone(counting: System) -> Iterator[Api]:
    """Somebody without a token."""
    with counting.client() as client:
        yield Api(client)
