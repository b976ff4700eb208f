"""Builds our analysis plugin for the embedded Elasticsearch: language analyzers, stemmers, synonyms."""

import json
import re
from pathlib import Path

from deploy.local.compiling import Compiler, write_properties

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


def build(compiler: Compiler, plugins: Path, version: str) -> None:
    """Compile the plugin into the distribution's folder of plugins."""
    target = plugins / NAME
    compiler.build(_SOURCES, target)
    descriptor = {
        "name": NAME,
        "description": "Lucene's language analyzers under their official names",
        "version": version,
        "elasticsearch.version": version,
        "java.version": "17",
    }
    write_properties(target / "stable-plugin-descriptor.properties", descriptor)
    (target / "named_components.json").write_text(json.dumps(named_components(), indent=1))
