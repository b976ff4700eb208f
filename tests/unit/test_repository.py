"""What may stand in no file: a folder of one machine; and which names are ours."""

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = re.compile(rb"(?<![\w./$}-])/(?:home|Users|root|work)/\w")
OUR_NAMES = (
    "catalograph",
    "cli",
    "commands",
    "config",
    "deploy",
    "errors",
    "indexing",
    "logs",
    "models",
    "resolvers",
    "schema",
    "server",
    "tasks",
)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The tracked files by name; in an unpacked archive, which has no history, there is nothing to ask."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in paths if path.is_file()}


def test_no_file_names_a_folder_of_the_machine_it_was_written_on(files: dict[str, bytes]) -> None:
    assert [name for name, content in files.items() if HOME.search(content)] == []


@pytest.mark.parametrize("name", OUR_NAMES)
def test_no_installed_distribution_owns_a_name_of_ours(name: str) -> None:
    assert set(packages_distributions().get(name, ())) <= {"catalograph"}
