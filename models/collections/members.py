"""Gives the shape of a union its members, and all that any of them has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.collections.kinds import OBJECT
from models.collections.names import field_name, lower_first, upper_first, words_of
from models.collections.properties import Member, Property, Shape
from models.collections.resolving import Resolved
from models.collections.source import Pointer
from models.collections.values import Union, Values, together, values_of

if TYPE_CHECKING:
    from models.collections.building import Refs, ShapeBuilder

_SAID_ASIDE = frozenset({"title", "description", "default", "examples", "example", "$comment", "deprecated"})
"""What may differ between two members that have one property."""


@dataclass(frozen=True)
class _Use:
    """A property as one member has it."""

    member: Member
    called: str
    resolved: Resolved
    values: Values
    required: bool


class MembersBuilder:
    """Makes the members of one union."""

    def __init__(self, builder: "ShapeBuilder", shape: Shape, union: Union, refs: "Refs") -> None:
        self._builder = builder
        self._shape = shape
        self._union = union
        self._refs = refs

    def build(self) -> None:
        """Properties that are the same in all members which have them are one; others are called by their member."""
        self._shape.members = tuple(self._members())
        required = [self._builder.required(branch.resolved) for branch in self._union.branches]
        for name in self._union.properties:
            uses = list(self._uses(name, required))
            if len({signature(self._builder, use.resolved, use.values) for use in uses}) == 1:
                self._add(name, uses, prefix="")
                continue
            for use in uses:
                self._add(name, [use], prefix="" if "x-name" in use.resolved.schema else lower_first(use.called))

    def _members(self) -> Iterator[Member]:
        for branch, mark, called in zip(self._union.branches, self._union.marks, self._union.names, strict=True):
            type_name = self._builder.names.new(self._shape.type_name + upper_first(called).lstrip("_"), ("",))
            said = branch.resolved.schema.get("description")
            yield Member(Shape(type_name, str(said or f"One of {self._shape.type_name}: {words_of(called)}.")), mark)

    def _uses(self, name: str, required: list[list[str]]) -> Iterator[_Use]:
        for position, (branch, member) in enumerate(zip(self._union.branches, self._shape.members, strict=True)):
            home = branch.resolved.home(name)
            if home:
                resolved = self._builder.resolver.resolve((*home, name))
                # By this property the member is known, so that it can't be absent.
                needed = name in required[position] or name == member.mark.name
                values = values_of(self._builder.resolver, resolved)
                yield _Use(member, self._union.names[position], resolved, values, needed)

    def _add(self, name: str, uses: list[_Use], prefix: str) -> None:
        first = uses[0].resolved
        field = self._builder.field(self._shape, name, first)
        if field is None:
            return
        values = together([use.values for use in uses])
        for prop, at in self._builder.properties(
            self._shape, name, _prefixed(prefix, field), first, values, self._refs
        ):
            own = field
            if prop.link:
                own = prop.link.field
                prop.field = _prefixed(prefix, own)
            if prefix:
                prop.description = f"{prop.description} (Of {words_of(uses[0].called)}.)"
            self._put(prop, own, uses, at)

    def _put(self, prop: Property, own: str, uses: list[_Use], at: Pointer) -> None:
        """Put a property into its members, where it has its own name, and into the union."""
        prop.members = tuple(use.member for use in uses)
        for use in uses:
            required = prop.link is None and use.required and not use.values.nullable
            there = replace(
                prop,
                field=own,
                required=required,
                nullable=use.values.nullable,
                items_nullable=use.values.items_nullable,
            )
            if prop.link is None:
                there.description = self._builder.description(use.resolved, prop.name)
            self._builder.put(use.member.shape, there, at)
        in_all = len(uses) == len(self._shape.members)
        prop.required = in_all and prop.link is None and all(use.required and not use.values.nullable for use in uses)
        self._builder.put(self._shape, prop, at)


def signature(builder: "ShapeBuilder", resolved: Resolved, values: Values) -> tuple[Any, ...]:
    """What is the same in two alternatives where a property is one: its kind, its shape and its annotations."""
    said = (builder.annotation(resolved, f"x-{word}")[0] for word in ("search", "link", "access", "name"))
    schema = values.element.schema if values.kind is OBJECT else {}
    shape = {key: value for key, value in schema.items() if key not in _SAID_ASIDE}
    return (values.kind.name, values.many, repr(shape), *map(repr, said))


def _prefixed(prefix: str, field: str) -> str:
    return field_name(f"{prefix}{upper_first(field)}") or field if prefix else field
