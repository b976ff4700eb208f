"""Extensions for tests: a module written into a folder beside its collection files, and what is wrong with it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from errors import ExtensionErrors
from models.collections.loading import Catalog
from models.extensions import load_extended
from tests.unit.collections.files import WORK, with_properties

WORKS = with_properties(
    "title: {type: [string, 'null'], x-search: {text: english}}",
    "year: {type: [integer, 'null']}",
    "fee: {type: [integer, 'null'], x-access: {read: editor}}",
    "size: {type: object, properties: {width: {type: number}, cost: {type: number, x-access: {read: editor}}}}",
    "artist: {type: string, x-link: {collection: Artist, as: maker, reverse: works}}",
)
ARTISTS = WORK.replace("Work", "Artist")
_NUMBERS = count(1)


@contextmanager
def python_path() -> Iterator[None]:
    """The path and the modules of Python as they were, afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if name.startswith("extension_"):
                del sys.modules[name]


def extended(folder: Path, code: str, name: str = "") -> Catalog:
    """The catalog of works and artists as a module extends it."""
    name = name or f"extension_{next(_NUMBERS)}"
    collections = folder / "collections"
    collections.mkdir(exist_ok=True)
    (collections / "work.yaml").write_text(WORKS)
    (collections / "artist.yaml").write_text(ARTISTS)
    (folder / f"{name}.py").write_text(dedent(code))
    return load_extended(collections, [name], folder)


def problems(folder: Path, code: str) -> list[str]:
    """What is wrong with the module `extension_wrong`."""
    with pytest.raises(ExtensionErrors) as caught:
        extended(folder, code, "extension_wrong")
    assert caught.value.exit_status == 2
    return [line.removeprefix(f"{folder}/") for line in caught.value.lines]
