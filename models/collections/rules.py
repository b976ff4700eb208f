"""Rules on records: which of a collection's records a viewer's grants reach, as one condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from errors import BadUserInput
from models.collections.access import ADMIN, Grant, Roles
from models.collections.conditions import ALWAYS, NEVER, Condition, either
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.kinds import BOOLEAN, JSON, LINK, MOMENTS
from models.collections.properties import Collection, Property, Shape
from models.collections.source import Pointer, Source

LOGIC = ("and", "or", "not")
ELEMENTS = ("some", "none", "every", "exists")
LISTS = ("any", "all", "none", "count", "exists", "ignoreCase")
_ABSENT = object()


@dataclass(frozen=True)
class Subject:
    """What rules know of a viewer."""

    roles: Roles
    id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


def reach(collection: Collection, action: str, subject: Subject, now: datetime | None = None) -> Condition:
    """The condition that the records must meet for `subject` to do `action` to them; `NEVER` if none may be."""
    if ADMIN in subject.roles:
        return ALWAYS
    grants = [grant for grant in collection.access.grants(action) if grant.role in subject.roles]
    return either(*(_grant(collection.shape, grant, subject, now) for grant in grants)) if grants else NEVER


def _grant(shape: Shape, grant: Grant, subject: Subject, now: datetime | None) -> Condition:
    if grant.where is None:
        return ALWAYS
    clock = Clock(now or datetime.now(UTC))
    try:
        return condition_of(shape, _fill(shape, grant.where, subject, clock), clock)
    except BadUserInput:
        return NEVER  # a value of the viewer that does not fit the property: the comparison is false


def _fill(shape: Shape, where: Mapping[str, Any], subject: Subject, clock: Clock) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for name, value in where.items():
        if name in ("and", "or"):
            filled[name] = [_fill(shape, part, subject, clock) for part in value]
        elif name == "not":
            filled[name] = _fill(shape, value, subject, clock)
        else:
            filled |= _comparison(shape, name, value, subject, clock)
    return filled


def _comparison(shape: Shape, name: str, given: Any, subject: Subject, clock: Clock) -> dict[str, Any]:
    prop = _named(shape, name)
    assert prop
    if prop.shape:
        inner = prop.shape
        if prop.many:
            return {prop.field: {q: _fill(inner, v, subject, clock) if q != "exists" else v for q, v in given.items()}}
        return {prop.field: _fill(inner, given, subject, clock)}
    values = {operator: _value(value, prop, subject, clock) for operator, value in given.items()}
    if any(value is _ABSENT for value in values.values()):
        return {"or": []}
    return {prop.field: values}


def _value(value: Any, prop: Property, subject: Subject, clock: Clock) -> Any:
    if isinstance(value, list):
        return [one for one in (_value(v, prop, subject, clock) for v in value) if one is not _ABSENT]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if value == "$now":
        return "now" if prop.kind in MOMENTS else clock.now.isoformat()
    found: Any = None
    if value == "$viewer.id":
        found = subject.id
    elif value == "$viewer.roles":
        found = sorted(subject.roles)
    elif value.startswith("$viewer.claims."):
        found = subject.claims.get(value.removeprefix("$viewer.claims."))
    return _ABSENT if found is None else found


def _named(shape: Shape, name: str) -> Property | None:
    return shape.properties.get(name) or next((p for p in shape.properties.values() if p.name == name), None)


def check_where(source: Source, at: Pointer, where: Any, shape: Shape) -> None:
    """Report what in the `where` of a rule has no meaning."""
    if not isinstance(where, dict):
        source.problem(at, "where must be a filter such as {status: {eq: published}}")
        return
    for name, given in where.items():
        if name in ("and", "or"):
            for part in given if isinstance(given, list) else [given]:
                check_where(source, at, part, shape)
        elif name == "not":
            check_where(source, at, given, shape)
        else:
            _check_property(source, at, name, given, shape)


def _check_property(source: Source, at: Pointer, name: str, given: Any, shape: Shape) -> None:
    prop = _named(shape, name)
    if prop is None:
        source.unknown(at, "where: property", name, shape.properties)
    elif prop.kind is LINK or prop.kind is JSON:
        source.problem(at, f"where: {name} can't be used in a rule, which sees the record's own properties")
    elif not isinstance(given, dict):
        source.problem(at, f"where: {name} needs an operator, such as {{{name}: {{eq: …}}}}")
    elif prop.shape and prop.many:
        for quantifier, inner in given.items():
            if quantifier not in ELEMENTS:
                source.unknown(at, f"where: {name}: operator", quantifier, ELEMENTS)
            elif quantifier != "exists":
                check_where(source, at, inner, prop.shape)
    elif prop.shape:
        check_where(source, at, given, prop.shape)
    else:
        _check_operators(source, at, prop, given)


def _check_operators(source: Source, at: Pointer, prop: Property, given: dict[str, Any]) -> None:
    scalar = (*(o for o in prop.kind.operators if o not in ("startsWith", "contains", "match", "phrase")), "exists")
    known = LISTS if prop.many else (*scalar, "timeZone") if prop.kind in MOMENTS else scalar
    for operator, value in given.items():
        if operator not in known:
            source.unknown(at, f"where: {prop.name}: operator", operator, known)
        if operator == "eq" and prop.kind is BOOLEAN and not isinstance(value, bool):
            source.problem(at, f"where: {prop.name} is a boolean: give true or false")
