"""The records that link to a record, whatever its key is and whatever kind of value names it."""

from pathlib import Path

import pytest

from models.collections.conditions import holds
from models.collections.loading import load_catalog
from resolvers.reverse import linked_to
from tests.unit.collections.files import with_properties


@pytest.mark.parametrize(
    ("kind", "key", "value", "found"),
    [
        ("string", "38", "38", True),
        ("string", "A1", "A1", True),
        ("string", None, "A1", False),
        ("integer", "38", 38, True),
        ("integer", "A1", 38, False),
        ("integer", "²", 2, False),
        ("integer", "9" * 30, 38, False),
        ("integer", None, 38, False),
        ("number", "1.5", 1.5, True),
        ("number", "38", 38, True),
        ("number", "A1", 1.5, False),
        ("number", "inf", 1.5, False),
        ("string, format: date", "2024-02-29", "2024-02-29", True),
        ("string, format: date", "leap day", "2024-02-29", False),
    ],
)
def test_a_link_is_found_by_the_key_in_its_own_kind(
    tmp_path: Path, kind: str, key: str | None, value: object, found: bool
) -> None:
    (tmp_path / "work.yaml").write_text(with_properties(f"a: {{type: {kind}}}"))
    holder = next(path for path in load_catalog(tmp_path)["Work"].paths if path.name == "a")
    assert holds(linked_to(holder, key), {"a": value}) is found
