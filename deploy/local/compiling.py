"""Compiles Java into the jar of a plugin, with a compiler that needs no JDK."""

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import launch_command
from errors import EmbeddedServerError


@dataclass(frozen=True)
class Compiler:
    """Eclipse's compiler, the Java that runs it, and the libraries that it compiles against."""

    java: Path
    jar: Path
    libraries: Path

    def build(self, sources: Path, plugin: Path) -> None:
        """Compile all Java files below `sources` into a jar in the plugin's folder. Raises `EmbeddedServerError`."""
        classes = plugin / "classes"
        plugin.mkdir(parents=True)
        class_path = ":".join(str(jar) for jar in sorted(self.libraries.glob("*.jar")))
        options = ["-17", "-proc:none", "-d", str(classes), "-cp", class_path, str(sources)]
        command = (str(self.java), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-jar", str(self.jar), *options)
        run = subprocess.run(launch_command(command), capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise EmbeddedServerError(f"{plugin.name} could not be compiled:\n{run.stdout}{run.stderr}")
        _pack(classes, plugin / f"{plugin.name}.jar")


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            archive.write(path, path.relative_to(classes))
    shutil.rmtree(classes)


def write_properties(file: Path, properties: Mapping[str, str]) -> None:
    """Write a plugin's descriptor."""
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
