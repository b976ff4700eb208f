"""What the GraphQL types of a collection can give out, as a JSON Schema beside the collection's own.

So a valid record can be read: `Int` has 32 bits and `Long` 64, places are on earth, what has a type of its own is an
object, and one of a union has what tells its member.
"""

from typing import Any

from models.collections.kinds import GEO, INT, LINK, LONG, OBJECT
from models.collections.properties import Member, Property, Shape
from models.collections.schema_kinds import INT_LIMITS

Schema = dict[str, Any]
LONG_LIMITS = (-(2**63), 2**63 - 1)


def bounds_of(shape: Shape) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a record, and the definitions that it refers to, by their names in `$defs`."""
    bounds = _Bounds()
    return bounds.reference(shape), bounds.definitions


class _Bounds:
    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def reference(self, shape: Shape) -> Schema:
        """A reference to the bounds of a shape, which may hold itself. Names of types are unique in a collection."""
        if shape.type_name not in self.definitions:
            self.definitions[shape.type_name] = {}  # so that a shape inside itself is not made again
            self.definitions[shape.type_name] = self._union(shape) if shape.members else self._object(shape)
        return {"$ref": f"#/$defs/{shape.type_name}"}

    def _object(self, shape: Shape) -> Schema:
        properties = shape.properties.values()
        return {"properties": {prop.name: self._property(prop) for prop in properties if prop.kind is not LINK}}

    def _property(self, prop: Property) -> Schema:
        one = self._value(prop)
        if not prop.many:
            return one | _typed("object", nullable=prop.nullable) if prop.kind is OBJECT else one
        items = one | _typed("object", nullable=prop.items_nullable) if prop.kind is OBJECT else one
        return {"items": items} | _typed("array", nullable=prop.nullable)

    def _value(self, prop: Property) -> Schema:
        return self.reference(prop.shape) if prop.shape else _LIMITS.get(prop.kind.name, {})

    def _union(self, shape: Shape) -> Schema:
        members = [{"if": _mark(member), "then": self._object(member.shape)} for member in shape.members]
        return {"allOf": members, "required": sorted({m.mark.name for m in shape.members if m.mark.values is not None})}


def _mark(member: Member) -> Schema:
    mark = member.mark
    found: Schema = {"required": [mark.name]}
    if mark.values is not None:
        found["properties"] = {mark.name: {"enum": list(mark.values)}}
    if mark.unless:
        found["not"] = {"anyOf": [{"required": [name]} for name in mark.unless]}
    return found


def _typed(name: str, *, nullable: bool) -> Schema:
    return {"type": [name, "null"] if nullable else name}


def _between(low: int, high: int) -> Schema:
    return {"minimum": low, "maximum": high}


_PLACE = {
    "properties": {"lat": {"type": "number", **_between(-90, 90)}, "lon": {"type": "number", **_between(-180, 180)}},
    "required": ["lat", "lon"],
}
_LIMITS: dict[str, Schema] = {
    INT.name: _between(*INT_LIMITS),
    LONG.name: _between(*LONG_LIMITS),
    GEO.name: _PLACE,
}
