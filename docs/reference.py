"""Writes the table of `settings.md`: `make docs`."""

from pathlib import Path

from pydantic.fields import FieldInfo

from config import PREFIX, Settings

SETTINGS_PAGE = Path(__file__).with_name("settings.md")
HEADER = "| setting | default | what it is |\n|---|---|---|\n"


def settings_table() -> str:
    """A line for each setting, in the order of `config.Settings`."""
    return HEADER + "".join(_line(name, field) for name, field in Settings.model_fields.items())


def settings_page() -> str:
    """The page with its table made anew; what stands above the table is kept."""
    above, _, _ = SETTINGS_PAGE.read_text().partition(HEADER)
    return above + settings_table()


def _line(name: str, field: FieldInfo) -> str:
    return f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return "empty" if field.default == "" else f"`{field.default}`"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
