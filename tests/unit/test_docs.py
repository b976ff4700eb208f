"""The documentation knows everything that there is."""

import inspect
from pathlib import Path

import pytest
import typer.main

import cli
import errors
from config import PREFIX, Settings
from docs.reference import SETTINGS_PAGE, settings_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_docs(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in (DOCS / "settings.md").read_text()


def test_every_command_is_in_the_docs() -> None:
    text = (DOCS / "commands.md").read_text()
    missing = [
        name
        for name in commands(typer.main.get_command(cli.app))
        if f"`{name} " not in text and f"`{name}`" not in text
    ]
    assert missing == []


def commands(command: object, above: str = "") -> list[str]:
    """The names of all commands, those of groups with the group's name before them."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [above.strip()]
    return [name for key, one in inner.items() for name in commands(one, f"{above} {key}")]


def test_every_error_code_is_in_the_docs() -> None:
    text = (DOCS / "api.md").read_text()
    codes = {
        kind.code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.CatalographError)
    }
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_the_table_of_settings_is_what_make_docs_writes() -> None:
    assert SETTINGS_PAGE.read_text() == settings_page()
