"""Rules on records: which of a collection's records a viewer's grants reach, as one condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import BadUserInput
from models.collections.access import ADMIN, Grant, Roles
from models.collections.conditions import ALWAYS, NEVER, Condition, either
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.kinds import MOMENTS
from models.collections.properties import Collection, Property, Shape

ID, ROLES, NOW = VALUES = ("$viewer.id", "$viewer.roles", "$now")
CLAIMS = "$viewer.claims."
OF_VIEWER = "$viewer."
"""How all values begin that are of the viewer."""
SEVERAL = ("in", "any", "all", "none")
"""The operators that take a list."""
EACH = ("all", "none")
"""Those that each of its values counts for, so that without one they would hold of more."""
_ABSENT = object()


@dataclass(frozen=True)
class Subject:
    """What rules know of a viewer."""

    roles: Roles
    id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


def reach(collection: Collection, action: str, subject: Subject, clock: Clock | None = None) -> Condition:
    """The condition that the records must meet for `subject` to do `action` to them; `NEVER` if none may be.

    Without a `clock` it is that of this moment.
    """
    if ADMIN in subject.roles:
        return ALWAYS
    grants = [grant for grant in collection.access.grants(action) if grant.role in subject.roles]
    return (
        either(*(_grant(collection.shape, grant, subject, clock or Clock.current()) for grant in grants))
        if grants
        else NEVER
    )


def _grant(shape: Shape, grant: Grant, subject: Subject, clock: Clock) -> Condition:
    if grant.where is None:
        return ALWAYS
    try:
        return condition_of(shape, _fill(shape, grant.where, subject, clock), clock)
    except BadUserInput:
        return NEVER  # a value of the viewer that does not fit the property: the comparison is false


def _fill(shape: Shape, where: Mapping[str, Any], subject: Subject, clock: Clock) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    for name, value in where.items():
        if name == "and":
            parts += [_fill(shape, part, subject, clock) for part in listed(value)]
        elif name == "or":
            filled[name] = [_fill(shape, part, subject, clock) for part in listed(value)]
        elif name == "not":
            filled[name] = _fill(shape, value, subject, clock)
        elif name == "exists" and name not in shape.properties:
            filled[name] = value
        else:
            parts.append(_comparison(shape, name, value, subject, clock))
    return filled | {"and": parts} if parts else filled


def _comparison(shape: Shape, name: str, given: Any, subject: Subject, clock: Clock) -> dict[str, Any]:
    prop = named(shape, name)
    assert prop
    if prop.shape:
        inner = prop.shape
        if prop.many:
            plain = ("count", "exists")
            return {prop.field: {q: v if q in plain else _fill(inner, v, subject, clock) for q, v in given.items()}}
        return {prop.field: _fill(inner, given, subject, clock)}
    values = {operator: _operand(operator, value, prop, subject, clock) for operator, value in given.items()}
    if any(value is _ABSENT for value in values.values()):
        return {"or": []}
    return {prop.field: values}


def _operand(operator: str, value: Any, prop: Property, subject: Subject, clock: Clock) -> Any:
    """What an operator compares with; a claim of several values is none where one is asked for, and the other way."""
    if isinstance(value, list):
        found = [_value(one, prop, subject, clock) for one in value]
        if operator in EACH and any(one is _ABSENT for one in found):
            return _ABSENT
        return [one for one in found if one is not _ABSENT]
    found = _value(value, prop, subject, clock)
    if found is _ABSENT or not isinstance(value, str) or not value.startswith("$"):
        return found
    if operator in SEVERAL:
        return found if isinstance(found, list) else [found]
    return _ABSENT if isinstance(found, list | dict) else found


def _value(value: Any, prop: Property, subject: Subject, clock: Clock) -> Any:
    if not isinstance(value, str):
        return value
    if not value.startswith("$"):
        known = prop.enum.by_name if prop.enum and value not in prop.enum.by_value else {}
        return known.get(value, value)
    if value == NOW:
        return "now" if prop.kind in MOMENTS else clock.now.isoformat()
    found: Any = None
    if value == ID:
        found = subject.id
    elif value == ROLES:
        found = sorted(subject.roles)
    elif value.startswith(CLAIMS):
        found = subject.claims.get(value.removeprefix(CLAIMS))
    return _ABSENT if found is None else found


def named(shape: Shape, name: str) -> Property | None:
    """The property of this GraphQL name, or else of this name in the JSON."""
    return shape.properties.get(name) or next((p for p in shape.properties.values() if p.name == name), None)


def listed(parts: Any) -> list[Any]:
    """The parts of `and` and `or`; one alone is a list of one, as in GraphQL."""
    return parts if isinstance(parts, list) else [parts]
