"""What the values of a property are, read from its schema before anything is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from models.collections.kinds import ENUM, JSON, OBJECT, Kind
from models.collections.names import field_name
from models.collections.resolving import Branch, Resolved, Resolver
from models.collections.schema_kinds import enum_values, is_nullable, kind_of, types_of
from models.collections.unions import Mark, marks_of


@dataclass(frozen=True)
class Union:
    """Objects of several shapes, with the mark that tells each from the others."""

    branches: tuple[Branch, ...]
    marks: tuple[Mark, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the members are called: by title, reference, the value or property that tells them, or their place."""
        found: dict[str, None] = {}
        for position, (branch, mark) in enumerate(zip(self.branches, self.marks, strict=True), start=1):
            told = map(str, mark.values or (mark.name,))
            wanted = (field_name(one) for one in (*branch.names, *told, f"member{position}"))
            free = (one for one in wanted if one and one not in found)
            found[next(free, f"member{position}of{len(self.branches)}")] = None
        return tuple(found)

    @property
    def properties(self) -> tuple[str, ...]:
        """The JSON names of all that any member has."""
        return tuple(dict.fromkeys(name for one in self.branches for name in one.resolved.schema["properties"]))

    @property
    def is_nullable(self) -> bool:
        return any(is_nullable(branch.resolved.schema) for branch in self.branches)


@dataclass(frozen=True)
class Values:
    """The kind of the values, of the elements of a list if there are many."""

    kind: Kind
    element: Resolved
    """The schema of one."""
    many: bool
    nullable: bool
    items_nullable: bool
    union: Union | None = None


def values_of(resolver: Resolver, resolved: Resolved) -> Values:
    """The values of the property that `resolved` is the schema of."""
    many, element = types_of(resolved.schema) == {"array"}, resolved
    if many:
        items = "items" in resolved.schema
        element = resolver.resolve(resolved.pointer("items")) if items else Resolved({}, {}, ())
    kind = kind_of(element.schema)
    union = _union(resolver, element) if kind is JSON else None
    may_be_null = _is_nullable(element, union)
    return Values(
        kind=OBJECT if union else kind,
        element=element,
        many=many and (kind is not JSON or union is not None),
        nullable=is_nullable(resolved.schema) if many else may_be_null,
        items_nullable=many and may_be_null,
        union=union,
    )


def _union(resolver: Resolver, element: Resolved) -> Union | None:
    branches = resolver.branches(element)
    marks = marks_of(branches, resolver)
    return Union(tuple(branches), marks) if marks else None


def _is_nullable(element: Resolved, union: Union | None) -> bool:
    if union is None or "type" in element.schema:
        return is_nullable(element.schema)
    return element.schema.get("nullable") is True or union.is_nullable


def together(several: Sequence[Values]) -> Values:
    """The values of a property that several members have, of one kind: an enum allows what any of them allows."""
    first = several[0]
    if first.kind is ENUM:
        allowed = dict.fromkeys(value for one in several for value in enum_values(one.element.schema))
        schema = {"enum": [value for value in allowed if value is not None]}
        first = replace(first, kind=kind_of(schema), element=replace(first.element, schema=schema))
    return replace(
        first,
        nullable=any(one.nullable for one in several),
        items_nullable=any(one.items_nullable for one in several),
    )
