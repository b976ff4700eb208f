"""How the embedded Elasticsearch is started and completed."""

import io
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.analysis_plugin import named_components
from deploy.local.elasticsearch import _server_arguments
from deploy.local.java import find_java
from errors import EmbeddedServerError


def _vint(stream: io.BytesIO) -> int:
    byte = stream.read(1)[0]
    return byte if byte < 0x80 else (byte & 0x7F) | _vint(stream) << 7


def _string(stream: io.BytesIO) -> str:
    """As Lucene reads it: so many UTF-16 units, each of one to three bytes."""
    return b"".join(struct.pack(">H", _unit(stream)) for _ in range(_vint(stream))).decode("utf-16-be", "surrogatepass")


def _unit(stream: io.BytesIO) -> int:
    first = stream.read(1)[0]
    if first < 0x80:
        return first
    second = stream.read(1)[0] & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second
    return (first & 0x0F) << 12 | second << 6 | stream.read(1)[0] & 0x3F


@given(st.dictionaries(st.text(), st.text(max_size=300)), st.text(), st.text())
def test_the_server_reads_the_settings_that_were_given(settings: dict[str, str], config: str, logs: str) -> None:
    stream = io.BytesIO(
        _server_arguments(settings, Path("/", config.replace("\0", "")), Path("/", logs.replace("\0", "")))
    )
    assert stream.read(3) == b"\0\0\0"
    assert _string(stream) == "org.elasticsearch.common.settings.KeyStoreWrapper"
    assert stream.read(8) == b"\0\0\0\4\0\0\0\0"
    assert dict(_entry(stream) for _ in range(_vint(stream))) == settings
    assert [_string(stream), _string(stream)] == [str(Path("/", each.replace("\0", ""))) for each in (config, logs)]
    assert stream.read() == b""


def _entry(stream: io.BytesIO) -> tuple[str, str]:
    name = _string(stream)
    assert stream.read(1) == b"\0"
    return name, _string(stream)


def test_the_plugin_registers_every_component_under_its_official_name() -> None:
    components = named_components()
    analyzers = components["org.elasticsearch.plugin.analysis.AnalyzerFactory"]
    filters = components["org.elasticsearch.plugin.analysis.TokenFilterFactory"]
    assert len(analyzers) == 36
    assert analyzers["english"] == "catalograph.analysis.Languages$English"
    assert filters.keys() >= {"asciifolding", "stemmer", "synonym_graph"}
    assert filters["stemmer"] == "catalograph.analysis.Stemmer"


def _fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    java.chmod(0o755)
    return java


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine without Java, where nothing can be fetched either."""
    with closing(socket.socket()) as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CJDK_INDEX_URL", f"https://127.0.0.1:{nobody_listens.getsockname()[1]}/index.json")
        monkeypatch.setenv("CJDK_CACHE_DIR", str(tmp_path / "jdks"))
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
        monkeypatch.delenv("JAVA_HOME", raising=False)
        yield tmp_path


def test_a_missing_java_names_the_package_to_install(no_java: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="apt-get install openjdk-17-jre-headless"):
        find_java()


def test_java_home_goes_before_the_path(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = _fake_java(no_java / "home", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    monkeypatch.setenv("PATH", str(_fake_java(no_java / "path", "17.0.2").parent))
    assert find_java() == wanted


def test_the_path_is_searched_without_java_home(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = _fake_java(no_java / "path", "17.0.2")
    monkeypatch.setenv("PATH", str(wanted.parent))
    assert find_java() == wanted


@pytest.mark.parametrize("version", ["1.8.0_292", "11.0.9"])
def test_a_java_that_is_too_old_is_named_with_its_place(
    no_java: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    old = _fake_java(no_java / "home", version)
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    with pytest.raises(EmbeddedServerError, match=rf"JAVA_HOME has {old}, which is too old: .*{version}"):
        find_java()


def test_a_java_home_without_java_is_named(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(no_java / "nowhere"))
    with pytest.raises(EmbeddedServerError, match=r"JAVA_HOME has .*, which can't be run: No such file"):
        find_java()


def test_the_path_helps_where_java_home_is_too_old(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_java(no_java / "home", "11.0.9")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    wanted = _fake_java(no_java / "path", "17.0.2")
    monkeypatch.setenv("PATH", str(wanted.parent))
    assert find_java() == wanted
