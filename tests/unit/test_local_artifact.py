"""Fetching by coordinates: only what was pinned is ever used, and nothing half-finished stays."""

import gc
import hashlib
import http.server
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.artifact import Artifact, fetch
from deploy.local.cache import cache_folder, when_full
from errors import EmbeddedServerError

# jgo leaves the connection of a download that fails to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONTENT = b"contents of a jar\n" * 10_000
THING = Artifact("org.example", "thing", "1.0", "jar", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


@dataclass
class Repository:
    """What a Maven repository on this machine gives out: at most `sends` bytes of the file, if it has it."""

    content: bytes = CONTENT
    sends: int = len(CONTENT)
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    served = Repository()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            if self.path != "/maven/org/example/thing/1.0/thing-1.0.jar":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(served.content)))
            self.end_headers()
            self.wfile.write(served.content[: served.sends])

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        settings = tmp_path / "home" / ".m2" / "settings.xml"
        settings.parent.mkdir(parents=True)
        settings.write_text(
            '<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors><mirror><mirrorOf>central</mirrorOf>'
            f"<url>http://127.0.0.1:{server.server_port}/maven</url></mirror></mirrors></settings>"
        )
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield served
        server.shutdown()
        gc.collect()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "cache"
    path.mkdir()
    return path


def _fetch(folder: Path, artifact: Artifact = THING) -> Path:
    return fetch(artifact, folder, Console(quiet=True))


def test_the_mirror_of_the_machine_is_asked(repository: Repository, folder: Path) -> None:
    assert _fetch(folder).read_bytes() == CONTENT
    assert repository.paths[0] == "/maven/org/example/thing/1.0/thing-1.0.jar"


def test_what_is_there_is_not_fetched_again(repository: Repository, folder: Path) -> None:
    _fetch(folder)
    repository.paths.clear()
    _fetch(folder)
    assert repository.paths == []


def test_a_half_finished_download_starts_again(repository: Repository, folder: Path) -> None:
    (folder / "thing-1.0.jar").write_bytes(CONTENT[:100])
    assert _fetch(folder).read_bytes() == CONTENT


def test_a_download_that_breaks_off_is_told_and_leaves_nothing(repository: Repository, folder: Path) -> None:
    repository.sends = 500
    with pytest.raises(EmbeddedServerError, match=r"org\.example:thing:1\.0 could not be fetched"):
        _fetch(folder)
    assert list(folder.iterdir()) == []
    repository.sends = len(CONTENT)
    assert _fetch(folder).read_bytes() == CONTENT


def test_a_wrong_checksum_is_told_and_the_file_not_used(repository: Repository, folder: Path) -> None:
    repository.content = b"x" * len(CONTENT)
    with pytest.raises(EmbeddedServerError, match=f"has the SHA-256 [0-9a-f]{{64}}, expected {THING.sha256}"):
        _fetch(folder)
    assert list(folder.iterdir()) == []


def test_what_the_repository_lacks_is_told(repository: Repository, folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"org\.example:other:1\.0 could not be fetched"):
        _fetch(folder, replace(THING, name="other"))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond `size` fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_says_what_is_missing_where_and_the_next_start_is_clean(
    repository: Repository, folder: Path
) -> None:
    with files_of_at_most(50_000), pytest.raises(OSError, match="File too large") as failure:
        _fetch(folder)
    told = str(when_full(failure.value, folder, 400_000_000, "set XDG_CACHE_HOME"))
    assert told.startswith(f"The disk is full: {folder} needs about 400 MB, and ")
    assert "set XDG_CACHE_HOME" in told
    assert list(folder.iterdir()) == []
    assert _fetch(folder).read_bytes() == CONTENT


def test_the_cache_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "given"))
    assert cache_folder() == tmp_path / "given" / "catalograph"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "catalograph"
    assert (tmp_path / ".cache" / "catalograph").is_dir()
