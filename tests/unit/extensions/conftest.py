"""Every test leaves Python's path as it was."""

from collections.abc import Iterator

import pytest

from tests.unit.extensions.modules import python_path


@pytest.fixture(autouse=True)
def _python_path() -> Iterator[None]:
    with python_path():
        yield
