"""Gives the records of a collection, which are of one type, what any of the alternatives of their schema has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.collections.kinds import JSON
from models.collections.members import signature
from models.collections.properties import Shape
from models.collections.resolving import Resolved
from models.collections.values import Values, together, values_of

if TYPE_CHECKING:
    from models.collections.building import ShapeBuilder


def fill_from_all(builder: "ShapeBuilder", shape: Shape, several: Sequence[Resolved]) -> None:
    """Fill `shape` with the properties of all alternatives; what these disagree about is `JSON`."""
    for name in dict.fromkeys(name for one in several for name in one.schema.get("properties", ())):
        uses = [builder.resolver.resolve((*one.home(name), name)) for one in several if one.home(name)]
        field = builder.field(shape, name, uses[0])
        if field is None:
            continue
        values = _values(builder, uses)
        needed = all(name in one.schema.get("required", ()) for one in several)
        for prop, at in builder.properties(shape, name, field, uses[0], values, ()):
            prop.required = needed and prop.link is None and not prop.nullable
            builder.put(shape, prop, at)


def _values(builder: "ShapeBuilder", uses: Sequence[Resolved]) -> Values:
    several = [values_of(builder.resolver, one) for one in uses]
    if len({signature(builder, *one) for one in zip(uses, several, strict=True)}) == 1:
        return together(several)
    nullable = any(one.nullable for one in several)
    return Values(JSON, Resolved({}, {}, uses[0].at), many=False, nullable=nullable, items_nullable=False)
