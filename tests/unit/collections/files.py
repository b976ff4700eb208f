"""Collection files for tests, and what is said of wrong ones."""

from pathlib import Path

import pytest

from errors import CollectionErrors
from models.collections.loading import load_catalog

WORK = """\
name: Work
key: number
schema:
  type: object
  required: [number]
  properties:
    number: {type: string}
"""
ARTIST = WORK.replace("Work", "Artist")


def problems(folder: Path, **files: str) -> list[str]:
    """What is wrong with files of these names (`work_yaml` is `work.yaml`)."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    with pytest.raises(CollectionErrors) as caught:
        load_catalog(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines() if f"{folder}/" in line]


def with_properties(*lines: str, base: str = WORK) -> str:
    return base + "".join(f"    {line}\n" for line in lines)
