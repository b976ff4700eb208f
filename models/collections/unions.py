"""How an object is known to be of one member of a union: by the value of a property, or by one that is there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from models.collections.kinds import OBJECT
from models.collections.resolving import CLOSING, Branch, Resolver
from models.collections.schema_kinds import enum_values, kind_of

Json = Any
Comparable = tuple[bool, str | int | float]


@dataclass(frozen=True)
class Mark:
    """What tells a member from the others."""

    name: str
    """The property, as the JSON calls it."""
    values: tuple[str | int | float | bool, ...] | None = None
    """Its values in this member; `None` where it is enough that it is there."""
    unless: tuple[str, ...] = ()
    """The properties by which an earlier member is told, where both are there."""

    def is_on(self, value: Json) -> bool:
        """Whether `value` is an object of this member."""
        if not isinstance(value, dict):
            return False
        if self.values is None:
            return self.name in value and not any(name in value for name in self.unless)
        return comparable(value.get(self.name)) in map(comparable, self.values)


def comparable(value: Json) -> Comparable | None:
    """A value of JSON as it is told from others: 1 is 1.0, and not true."""
    return (isinstance(value, bool), value) if isinstance(value, bool | str | int | float) else None


def marks_of(branches: Sequence[Branch], resolver: Resolver) -> tuple[Mark, ...]:
    """The mark of each alternative; none where they are no objects, or nothing tells them apart."""
    if len(branches) < 2 or any(kind_of(branch.resolved.schema) is not OBJECT for branch in branches):
        return ()
    return _by_value(branches, resolver) or _by_presence(branches)


def _by_value(branches: Sequence[Branch], resolver: Resolver) -> tuple[Mark, ...]:
    for name in branches[0].resolved.schema["properties"]:
        values = [_values(branch, name, resolver) for branch in branches]
        told = [set(map(comparable, of_one)) for of_one in values]
        if all(told) and all(one.isdisjoint(other) for one, other in combinations(told, 2)):
            return tuple(Mark(name, of_one) for of_one in values)
    return ()


def _values(branch: Branch, name: str, resolver: Resolver) -> tuple[Any, ...]:
    """The values that a property of an alternative may have; none if it is not there, or they are not simple."""
    at = branch.resolved.home(name)
    values = enum_values(resolver.resolve((*at, name)).schema) if at else []
    return tuple(values) if all(comparable(value) for value in values) else ()


def _by_presence(branches: Sequence[Branch]) -> tuple[Mark, ...]:
    names = [next(_own(branch, branches), None) for branch in branches]
    if any(name is None for name in names):
        return ()
    told = [name for name in names if name]
    return tuple(Mark(name, unless=tuple(told[:position])) for position, name in enumerate(told))


def _own(branch: Branch, branches: Sequence[Branch]) -> Iterator[str]:
    """The properties that an alternative must have and the others can't."""
    others = [other for other in branches if other is not branch]
    for name in branch.resolved.schema.get("required", ()):
        if name in branch.resolved.schema["properties"] and not any(_may_have(other, name) for other in others):
            yield name


def _may_have(branch: Branch, name: str) -> bool:
    closed = branch.exclusive or any(branch.resolved.schema.get(keyword) is False for keyword in CLOSING)
    return name in branch.resolved.schema["properties"] or not closed
