"""Elasticsearch's own files in the cache: fetched, unpacked, and completed by our plugins."""

import hashlib
import shutil
import zipfile
from pathlib import Path

from rich.console import Console

from deploy.local import analysis_plugin, settings_plugin
from deploy.local.artifact import Artifact, fetch
from deploy.local.cache import locked, when_full
from deploy.local.compiling import Compiler

ELASTICSEARCH = Artifact(
    group="org.elasticsearch.distribution.integ-test-zip",
    name="elasticsearch",
    version="8.19.21",
    packaging="zip",
    sha256="215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a",
    size=106_871_955,
)
COMPILER = Artifact(
    group="org.eclipse.jdt",
    name="ecj",
    version="3.33.0",
    packaging="jar",
    sha256="f7686c4960cf70c2ebc5c500a73a8cfc04541b730c18f1c5c21329889b137f45",
    size=3_160_927,
)
_NEEDED_BYTES = 400_000_000
# The others (security, licences, tracing) cost a third of a start and are of no use to one node on loopback.
_MODULES = ("transport-netty4",)


def install(cache: Path, java: Path, console: Console) -> Path:
    """The folder of a complete Elasticsearch; made on the first call, found on the others.

    Several callers at once wait for the first. What an interrupted call left is cleared away by the next.
    Raises `EmbeddedServerError`.
    """
    target = cache / f"elasticsearch-{ELASTICSEARCH.version}-{_recipe()}"
    with locked(cache / "elasticsearch.lock"):
        if target.exists():
            return target
        unfinished = cache / "elasticsearch.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            _make(unfinished, cache, java, console)
            unfinished.rename(target)
        except OSError as error:
            raise when_full(error, cache, _NEEDED_BYTES, "set XDG_CACHE_HOME to a folder on another disk") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _recipe() -> str:
    """A short name of what we make of the distribution, so that a change of that makes a new folder."""
    digest = hashlib.sha256(" ".join(_MODULES).encode())
    for source in (*analysis_plugin.sources(), *settings_plugin.sources()):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _make(folder: Path, cache: Path, java: Path, console: Console) -> None:
    archive = fetch(ELASTICSEARCH, cache, console)
    compiler = Compiler(java, fetch(COMPILER, cache, console), folder / "lib")
    folder.mkdir()
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (inner,) = folder.iterdir()
    for path in inner.iterdir():
        path.rename(folder / path.name)
    inner.rmdir()
    for module in (folder / "modules").iterdir():
        if module.name not in _MODULES:
            shutil.rmtree(module)
    for plugin in (analysis_plugin, settings_plugin):
        plugin.build(compiler, folder / "plugins", ELASTICSEARCH.version)
    _open_to_all(folder)


def _open_to_all(folder: Path) -> None:
    """Let the server read its files, which belong to root when we are root, whatever the umask is."""
    folder.chmod(folder.stat().st_mode | 0o555)
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
