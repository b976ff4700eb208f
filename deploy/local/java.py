"""Finds a Java that can run Elasticsearch."""

import os
import re
import shutil
import subprocess
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
    home = os.environ.get("JAVA_HOME")
    if home:
        return _recent_enough(Path(home) / "bin" / "java", "JAVA_HOME")
    if found := shutil.which("java"):
        return _recent_enough(Path(found).resolve(), "the path")
    return _fetched()


def _recent_enough(java: Path, origin: str) -> Path:
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        raise EmbeddedServerError(f"The Java of {origin}, {java}, can't be run: {error.strerror}.", _REMEDY) from error
    version = re.search(r'version "(?:1\.)?(\d+)', run.stderr)
    if version is None or int(version[1]) < OLDEST:
        said = (run.stderr or run.stdout).partition("\n")[0]
        raise EmbeddedServerError(f"Elasticsearch needs Java {OLDEST} or newer; {origin} has {java}: {said}.", _REMEDY)
    return java


def _fetched() -> Path:
    try:
        return cjdk.java_home(vendor="temurin-jre", version="21") / "bin" / "java"
    except (cjdk.CjdkError, OSError) as error:
        raise EmbeddedServerError(
            f"Elasticsearch needs Java {OLDEST} or newer: JAVA_HOME is not set, there is no `java` on the path, "
            f"and fetching one failed ({error}).",
            _REMEDY,
        ) from error
