"""Finds a Java that can run Elasticsearch."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cjdk

from errors import EmbeddedServerError

OLDEST = 17
_REMEDY = (
    "Install one (Debian, Ubuntu: `apt-get install openjdk-17-jre-headless`, as root) "
    "or set JAVA_HOME to the folder of one."
)


def find_java() -> Path:
    """The program `java` of JAVA_HOME, else of the path, else one that cjdk fetches.

    Raises `EmbeddedServerError`, which names the package to install, when there is none of version 17 or newer.
    """
    complaints = []
    for java, origin in _candidates():
        complaint = _complaint(java)
        if complaint is None:
            return java
        complaints.append(f"{origin} has {java}, {complaint}")
    try:
        # Not a JRE: the server needs modules that Temurin's lacks.
        return cjdk.java_home(vendor="temurin", version="21") / "bin" / "java"
    except (cjdk.CjdkError, OSError) as error:
        found = "; ".join(complaints) or "JAVA_HOME is not set, and there is no `java` on the path"
        raise EmbeddedServerError(
            f"Elasticsearch needs Java {OLDEST} or newer: {found}; fetching one failed ({error}).", _REMEDY
        ) from error


def _candidates() -> Iterator[tuple[Path, str]]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java", "JAVA_HOME"
    if found := shutil.which("java"):
        yield Path(found).resolve(), "the path"


def _complaint(java: Path) -> str | None:
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return f"which can't be run: {error.strerror}"
    version = re.search(r'version "(?:1\.)?(\d+)', run.stderr)
    if version is None or int(version[1]) < OLDEST:
        said = (run.stderr or run.stdout).partition("\n")[0]
        return f"which is too old: {said}"
    return None
