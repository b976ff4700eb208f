"""What a revert would change is found wherever it is, so that it can be refused."""

from typing import Any

import pytest

from models.collections.kinds import INT, OBJECT, STRING
from models.collections.properties import Property, Shape
from resolvers.inputs import changed_paths

PART = Shape("Part", "", {name: Property(name, name, STRING, "") for name in ("name", "cost")})
SHAPE = Shape(
    "Thing",
    "",
    {
        "size": Property("size-in-cm", "size", INT, ""),
        "one": Property("one", "one", OBJECT, "", shape=PART),
        "parts": Property("parts", "parts", OBJECT, "", many=True, shape=PART),
    },
)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"size-in-cm": 1}, {"size-in-cm": 1.0}, []),
        ({"size-in-cm": 1}, {"size-in-cm": 2}, ["size"]),
        ({"size-in-cm": 1}, {}, ["size"]),
        ({"one": {"name": "a", "cost": "1"}}, {"one": {"name": "a", "cost": "2"}}, ["one", "one.cost"]),
        ({}, {"one": {"name": "a"}}, ["one", "one.name"]),
        ({"parts": [{"name": "a", "cost": "1"}]}, {"parts": None}, ["parts", "parts.0.name", "parts.0.cost"]),
        ({"parts": [{"name": "a"}]}, {"parts": [{"name": "a"}, {"cost": "2"}]}, ["parts", "parts.1.cost"]),
        ({"beyond": 1}, {"beyond": 2}, []),
    ],
)
def test_what_differs_is_named_by_its_way(before: dict[str, Any], after: dict[str, Any], changed: list[str]) -> None:
    assert [".".join(path) for path, _ in changed_paths(SHAPE, before, after)] == changed
