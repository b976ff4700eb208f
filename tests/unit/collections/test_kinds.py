"""The values of facets are written as filters and JSON have them."""

from typing import Any

import pytest

from models.collections.kinds import BOOLEAN, FLOAT, INT, LONG, Kind


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (INT, 12, "12"),
        (LONG, 2**53 + 1, "9007199254740993"),
        (FLOAT, 12.0, "12"),
        (FLOAT, -0.5, "-0.5"),
        (FLOAT, 1e300, "1e+300"),
        (BOOLEAN, True, "true"),
    ],
)
def test_a_number_has_a_fraction_only_where_there_is_one(kind: Kind, value: Any, shown: str) -> None:
    assert kind.display(value) == shown
