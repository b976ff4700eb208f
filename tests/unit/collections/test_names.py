"""What a collection is called where its file doesn't say it."""

import subprocess
import sys

import pytest

from models.collections.names import plural_of


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("Book", "books"),
        ("Category", "categories"),
        ("Person", "people"),
        ("RecordLabel", "recordLabels"),
        ("Sheep", "sheep"),
        ("Series", "series"),
        ("Work2", "work2s"),
    ],
)
def test_a_collection_is_asked_for_by_the_plural_of_its_name(name: str, plural: str) -> None:
    assert plural_of(name) == plural


def test_a_plural_that_is_not_named_costs_a_start_nothing() -> None:
    """Read with its own checks of types, the library that knows them would be most of a program's start."""
    asked = "from models.collections.names import plural_of; plural_of('Book')"
    counted = (
        "import ast, sys; made = []; parse = ast.parse; ast.parse = lambda *a, **k: made.append(a) or parse(*a, **k)"
    )
    left = "import typeguard; print(len(made), typeguard.typechecked.__module__)"
    said = subprocess.run(
        [sys.executable, "-c", f"{counted}\n{asked}\n{left}"], capture_output=True, text=True, check=True
    )
    assert said.stdout == "0 typeguard\n"
