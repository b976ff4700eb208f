"""Collection files for tests, and what is said of wrong ones."""

from pathlib import Path

import pytest

from config import Settings, load_settings
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
NOBODY_LISTENS = "127.0.0.1:1"
ARTIST = WORK.replace("Work", "Artist")


def settings_of_nobody(folder: Path, **files: str) -> Settings:
    """Settings for files of these names in `folder`, and for servers that are not there."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return load_settings(
        environment={},
        collections=str(folder),
        database_url=f"postgresql://{NOBODY_LISTENS}/catalograph",
        elasticsearch_url=f"http://{NOBODY_LISTENS}",
        redis_url=f"redis://{NOBODY_LISTENS}/0",
        broker_url=f"redis://{NOBODY_LISTENS}/1",
        secret="s" * 16,
    )


def problems(folder: Path, **files: str) -> list[str]:
    """What is wrong with files of these names (`work_yaml` is `work.yaml`)."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    with pytest.raises(CollectionErrors) as caught:
        load_catalog(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines() if f"{folder}/" in line]


def with_properties(*lines: str, base: str = WORK) -> str:
    return base + "".join(f"    {line}\n" for line in lines)
