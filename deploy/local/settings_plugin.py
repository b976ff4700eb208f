"""Builds the plugin by which the embedded Elasticsearch takes a setting that it reads but does not know."""

from pathlib import Path

from deploy.local.compiling import Compiler, write_properties

NAME = "catalograph-settings"
_SOURCES = Path(__file__).with_name("settings-plugin") / "src"


def sources() -> list[Path]:
    """The plugin's Java files; the plugin is built anew when one of them changes."""
    return sorted(_SOURCES.rglob("*.java"))


def build(compiler: Compiler, plugins: Path, version: str) -> None:
    """Compile the plugin into the distribution's folder of plugins."""
    compiler.build(_SOURCES, plugins / NAME)
    descriptor = {
        "name": NAME,
        "description": "Settings that the server reads and only a plugin may name",
        "version": version,
        "elasticsearch.version": version,
        "java.version": "17",
        "classname": "catalograph.settings.HiddenSettings",
    }
    write_properties(plugins / NAME / "plugin-descriptor.properties", descriptor)
