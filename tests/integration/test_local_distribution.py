"""Elasticsearch's files are complete in the cache, or not there at all."""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.cache import cache_folder
from deploy.local.distribution import COMPILER, ELASTICSEARCH, install
from deploy.local.java import find_java
from errors import EmbeddedServerError


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache that has what was fetched, and nothing made of it."""
    install(cache_folder(), find_java(), Console(quiet=True))
    for artifact in (ELASTICSEARCH, COMPILER):
        (tmp_path / artifact.filename).symlink_to(cache_folder() / artifact.filename)
    return tmp_path


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond `size` fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_several_later_starts_at_once_share_one_clean_copy(cache: Path) -> None:
    java, console = find_java(), Console(quiet=True)
    with files_of_at_most(1_000_000), pytest.raises(EmbeddedServerError, match=rf"disk is full: {cache} needs about"):
        install(cache, java, console)
    kept = {ELASTICSEARCH.filename, COMPILER.filename, "elasticsearch.lock"}
    assert {path.name for path in cache.iterdir()} == kept

    # What a killed start left behind.
    (cache / "elasticsearch.new" / "lib").mkdir(parents=True)
    homes: list[Path] = []
    starts = [threading.Thread(target=lambda: homes.append(install(cache, java, console))) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert homes[0] == homes[1]
    assert {path.name for path in cache.iterdir()} == kept | {homes[0].name}
    assert {path.name for path in (homes[0] / "plugins" / "catalograph-analysis").iterdir()} == {
        "catalograph-analysis.jar",
        "named_components.json",
        "stable-plugin-descriptor.properties",
    }
    unreadable = [path for path in homes[0].rglob("*") if not path.stat().st_mode & os.R_OK]
    assert unreadable == [], "the server may run as another user"
