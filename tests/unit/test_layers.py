"""Layers that import-linter can't see: the modules at the root, which are no packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"commands", "execution", "schema", "resolvers", "tasks", "indexing", "models", "deploy"}
OURS = PACKAGES | {"errors", "config", "logs", "metrics", "server", "cli", "catalograph"}
ALLOWED = {
    "errors": set[str](),
    "metrics": set[str](),
    "logs": {"metrics"},
    "config": {"errors"},
    "server": {"config", "errors", "metrics", "schema", "resolvers", "tasks", "indexing", "models"},
    "catalograph": {"schema", "resolvers", "tasks", "models"},
    "cli": {"config", "errors", "logs", "server"} | PACKAGES,
}


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_a_module_at_the_root_imports_only_what_is_below_it(module: str) -> None:
    imported = set(top_level_imports(ROOT / f"{module}.py")) & OURS
    assert imported <= ALLOWED[module]


def test_every_module_at_the_root_has_its_place() -> None:
    assert {path.stem for path in ROOT.glob("*.py")} == set(ALLOWED)


def top_level_imports(path: Path) -> Iterator[str]:
    """The first names of everything that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]
