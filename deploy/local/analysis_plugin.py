"""Builds our analysis plugin for the embedded Elasticsearch: language analyzers, stemmers, synonyms."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

from deploy.local.process import launch_command
from errors import EmbeddedServerError

NAME = "catalograph-analysis"
_SOURCES = Path(__file__).with_name("analysis-plugin") / "src"
_API = "org.elasticsearch.plugin.analysis"
_COMPONENT = re.compile(
    r'@NamedComponent\("(?P<name>\w+)"\)\s+public (?:static )?final class (?P<type>\w+) '
    r"(?:extends (?P<base>\w+)|implements (?P<interface>\w+))"
)


def sources() -> list[Path]:
    """The plugin's Java files; the plugin is built anew when one of them changes."""
    return sorted(_SOURCES.rglob("*.java"))


def named_components() -> dict[str, dict[str, str]]:
    """What the server reads as `named_components.json`: class names by interface and official name."""
    components: dict[str, dict[str, str]] = {}
    for source in sources():
        package = ".".join(source.relative_to(_SOURCES).parent.parts)
        for found in _COMPONENT.finditer(source.read_text()):
            nested = found["type"] if found["type"] == source.stem else f"{source.stem}${found['type']}"
            interface = f"{_API}.{found['interface'] or 'AnalyzerFactory'}"
            components.setdefault(interface, {})[found["name"]] = f"{package}.{nested}"
    return components


def build(java: Path, compiler: Path, distribution: Path, version: str) -> None:
    """Compile the plugin into the distribution's folder of plugins."""
    target = distribution / "plugins" / NAME
    classes = target / "classes"
    target.mkdir(parents=True)
    _compile(java, compiler, distribution / "lib", classes)
    descriptor = {
        "name": NAME,
        "description": "Lucene's language analyzers under their official names",
        "version": version,
        "elasticsearch.version": version,
        "java.version": "17",
    }
    lines = "".join(f"{name}={value}\n" for name, value in descriptor.items())
    (target / "stable-plugin-descriptor.properties").write_text(lines)
    (target / "named_components.json").write_text(json.dumps(named_components(), indent=1))
    _pack(classes, target / f"{NAME}.jar")


def _compile(java: Path, compiler: Path, libraries: Path, classes: Path) -> None:
    class_path = ":".join(str(jar) for jar in sorted(libraries.glob("*.jar")))
    options = ["-17", "-proc:none", "-d", str(classes), "-cp", class_path, str(_SOURCES)]
    command = (str(java), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-jar", str(compiler), *options)
    run = subprocess.run(launch_command(command), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise EmbeddedServerError(f"The analysis plugin could not be compiled:\n{run.stdout}{run.stderr}")


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            archive.write(path, path.relative_to(classes))
    shutil.rmtree(classes)
