"""Says what in the rules of a collection file can't mean anything: a rule that never holds would show nobody why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from errors import BadUserInput
from models.collections.dates import Clock, is_math
from models.collections.filters import condition_of
from models.collections.kinds import GEO, INT, JSON, LINK, MOMENTS, RANGES
from models.collections.properties import Property, Shape
from models.collections.rules import CLAIMS, ROLES, SEVERAL, VALUES, listed, named
from models.collections.source import Pointer, Source

ELEMENTS = ("some", "none", "every", "count", "exists")
LISTS = ("any", "all", "none", "count", "exists", "ignoreCase")
COUNTS = ("eq", "ne", "in", *RANGES)
FLAGS = ("exists", "ignoreCase")
UNUSABLE = ("startsWith", "contains", "match", "phrase")


def check_where(source: Source, at: Pointer, where: Any, shape: Shape, *, root: bool = True) -> None:
    """Report what in the `where` of a rule has no meaning."""
    if not isinstance(where, dict):
        source.problem(at, "where must be a filter such as {status: {eq: published}}")
        return
    for name, given in where.items():
        if name in ("and", "or", "not"):
            for part in listed(given) if name != "not" else [given]:
                check_where(source, at, part, shape, root=root)
        elif name == "exists" and not root and name not in shape.properties:
            _check_flag(source, at, name, given)
        else:
            _check_property(source, at, name, given, shape)


def check_value(source: Source, at: Pointer, value: Any) -> None:
    """Report a `$…` that stands for nothing."""
    if isinstance(value, str) and value.startswith("$") and value not in VALUES and not value.startswith(CLAIMS):
        source.unknown(at, "value", value, (*VALUES, f"{CLAIMS}NAME"))


def _check_property(source: Source, at: Pointer, name: str, given: Any, shape: Shape) -> None:
    prop = named(shape, name)
    if prop is None:
        source.unknown(at, "where: property", name, shape.properties)
    elif prop.kind is LINK or prop.kind is JSON:
        source.problem(at, f"where: {name} can't be used in a rule, which sees the record's own properties")
    elif not prop.is_indexed:
        source.problem(at, f"where: {name} can't be used in a rule, since x-search: false leaves it out of searches")
    elif not isinstance(given, dict):
        source.problem(at, f"where: {name} needs an operator, such as {{{name}: {{eq: …}}}}")
    elif prop.shape and prop.many:
        _check_elements(source, at, prop, prop.shape, given)
    elif prop.shape:
        check_where(source, at, given, prop.shape, root=False)
    else:
        _check_operators(source, at, prop, given)


def _check_elements(source: Source, at: Pointer, prop: Property, shape: Shape, given: dict[str, Any]) -> None:
    for quantifier, inner in given.items():
        if quantifier not in ELEMENTS:
            source.unknown(at, f"where: {prop.name}: operator", quantifier, ELEMENTS)
        elif quantifier == "count":
            _check_count(source, at, prop, inner)
        elif quantifier == "exists":
            _check_flag(source, at, prop.name, inner)
        else:
            check_where(source, at, inner, shape)


def _check_operators(source: Source, at: Pointer, prop: Property, given: dict[str, Any]) -> None:
    ignoring = ("ignoreCase",) if prop.kind.is_string else ("timeZone",) if prop.kind in MOMENTS else ()
    scalar = (*(one for one in prop.kind.operators if one not in UNUSABLE), "exists", *ignoring)
    known = LISTS if prop.many else scalar
    for operator, value in given.items():
        if operator not in known:
            source.unknown(at, f"where: {prop.name}: operator", operator, known)
        elif operator in FLAGS:
            _check_flag(source, at, prop.name, value)
        elif operator == "count":
            _check_count(source, at, prop, value)
        elif operator == "timeZone" or prop.kind is GEO:
            _check_meaning(source, at, prop, {operator: value})
        else:
            _check_values(source, at, prop, operator, value)


def _check_values(source: Source, at: Pointer, prop: Property, operator: str, value: Any) -> None:
    several = operator in SEVERAL
    if several and not isinstance(value, list) and not (isinstance(value, str) and value.startswith("$")):
        source.problem(at, f"where: {prop.name}: {operator} needs a list")
        return
    if value == ROLES and not several:
        source.problem(at, f"where: {prop.name}: {ROLES} are several: use in")
    for one in value if several and isinstance(value, list) else [value]:
        check_value(source, at, one)
        if not (isinstance(one, str) and one.startswith("$")) and not _fits(prop, one):
            source.problem(at, f"where: {prop.name}: {operator} {one!r} is no value of {prop.name}")


def _fits(prop: Property, value: Any) -> bool:
    if prop.enum:
        return isinstance(value, str) and (value in prop.enum.by_value or value in prop.enum.by_name)
    if prop.kind in MOMENTS and isinstance(value, str) and is_math(value):
        return True
    return value is not None and prop.kind.slots[0].value(value) is not None


def _check_flag(source: Source, at: Pointer, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        source.problem(at, f"where: {name}: give true or false")


def _check_count(source: Source, at: Pointer, prop: Property, given: Any) -> None:
    if not isinstance(given, dict):
        source.problem(at, f"where: {prop.name}: count needs an operator, such as {{count: {{gt: 0}}}}")
        return
    for operator, value in given.items():
        numbers: Iterable[Any] = value if operator == "in" and isinstance(value, list) else [value]
        if operator not in COUNTS:
            source.unknown(at, f"where: {prop.name}: count: operator", operator, COUNTS)
        elif not all(isinstance(one, int) and INT.slots[0].value(one) is not None for one in numbers):
            source.problem(at, f"where: {prop.name}: count: {operator} {value!r} is no number")


def _check_meaning(source: Source, at: Pointer, prop: Property, given: dict[str, Any]) -> None:
    clock = Clock(datetime.now(UTC))
    try:
        condition_of(Shape("", "", {prop.field: prop}), {prop.field: given}, clock)
    except BadUserInput as error:
        source.problem(at, f"where: {error.message}")
    except (AttributeError, KeyError, TypeError):  # of another shape than GraphQL lets through
        source.problem(at, f"where: {prop.name}: {', '.join(given)} is not what filters take")
