"""Fetches what we need of Maven Central by its coordinates, once, against a pinned checksum."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import parse

import requests
from jgo.config import GlobalSettings
from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from errors import EmbeddedServerError

ProgressCallback = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Artifact:
    """Maven coordinates with the SHA-256 and the size in bytes of the one file that we accept."""

    group: str
    name: str
    version: str
    packaging: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}.{self.packaging}"


def fetch(artifact: Artifact, folder: Path, console: Console) -> Path:
    """The artifact's file below `folder`, fetched again where it is absent, unfinished or not what was pinned.

    The caller holds the lock on the folder. Raises `EmbeddedServerError`.
    """
    target = folder / artifact.filename
    if target.exists() and _checksum(target) == artifact.sha256:
        return target
    target.unlink(missing_ok=True)
    unfinished = folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _own_copy(artifact, unfinished, console).rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _own_copy(artifact: Artifact, folder: Path, console: Console) -> Path:
    path = _download(artifact, folder, console)
    found = _checksum(path)
    if found != artifact.sha256:
        raise EmbeddedServerError(
            f"{artifact.filename} has the SHA-256 {found}, expected {artifact.sha256}; it was not used.",
            "Start again; if it stays so, look at what stands between this machine and Maven Central.",
        )
    return path


def _download(artifact: Artifact, folder: Path, console: Console) -> Path:
    with _progress(artifact, console) as callback:
        context = MavenContext(
            resolver=PythonResolver(progress_callback=callback), repo_cache=folder, remote_repos=_repositories()
        )
        component = context.project(artifact.group, artifact.name).at_version(artifact.version)
        try:
            return component.artifact(packaging=artifact.packaging).resolve()
        except (requests.RequestException, RuntimeError) as error:
            raise EmbeddedServerError(
                f"{artifact.group}:{artifact.name}:{artifact.version} could not be fetched from Maven Central: {error}",
                "Check the network and start again; a mirror in ~/.m2/settings.xml is used.",
            ) from error


@contextmanager
def _progress(artifact: Artifact, console: Console) -> Iterator[ProgressCallback]:
    text = TextColumn("{task.description}")
    columns = (text, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"fetching {artifact.filename}", total=artifact.size)

        @contextmanager
        def callback(_filename: str, total: int) -> Iterator[Callable[[int], None]]:
            progress.update(task, total=total)
            yield lambda count: progress.advance(task, count)

        yield callback


def _repositories() -> dict[str, str] | None:
    """Where this machine is set up to find Maven Central; None for where it lies by default."""
    named = GlobalSettings.load().repositories
    mirror = _mirror(Path.home() / ".m2" / "settings.xml")
    return named or (mirror and {"central": mirror}) or None


def _mirror(settings: Path) -> str | None:
    if not settings.is_file():
        return None
    root = parse(settings).getroot()  # noqa: S314 - the user's own file.
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        covered = [each.strip() for each in mirror.findtext("{*}mirrorOf", "").split(",")]
        if "!central" not in covered and {"central", "*", "external:*", "external:http:*"} & set(covered):
            return (mirror.findtext("{*}url") or "").strip().rstrip("/") or None
    return None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
