"""Numbers that the arguments of a field and its `@skip` and `@include` stand for, some known with the variables alone.

What a variable may not hold is of no matter here: it is refused before anything is executed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    DirectiveNode,
    FieldNode,
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
)

from schema.endpoint.formulas import Reader, Variables

Defaults = Mapping[str, ConstValueNode | None]
"""The default values that an operation gives its variables."""
_PAGES = ("first", "last")
_SHOWING = {"include": True, "skip": False}


@dataclass(frozen=True, slots=True)
class PageSize:
    """How many objects are asked for, by the first of `given` that is a number, or `without`; at most `most`.

    Each of `given` is a variable with its default, or nothing with a literal.
    """

    given: tuple[tuple[str | None, int | None], ...]
    without: int
    most: int

    def __call__(self, variables: Variables) -> int:
        for name, literal in self.given:
            value = literal if name is None else variables.get(name, literal)
            if type(value) is int or (type(value) is float and math.isfinite(value)):
                return 0 if value < 0 else self.most if value > self.most else int(value)
        return self.without


@dataclass(frozen=True, slots=True)
class Length:
    """How many elements a variable has, of which only so many count."""

    variable: str
    default: int
    most: int

    def __call__(self, variables: Variables) -> int:
        if self.variable not in variables:
            return self.default
        value = variables[self.variable]
        if value is None:
            return 0
        return min(len(value), self.most) if isinstance(value, list) else 1


@dataclass(frozen=True, slots=True)
class Condition:
    """1 if a variable is `wanted`, else 0."""

    variable: str
    default: bool
    wanted: bool

    def __call__(self, variables: Variables) -> int:
        return variables.get(self.variable, self.default) is self.wanted


def page_size(node: FieldNode, defaults: Defaults, without: int, most: int) -> int | Reader:
    """How many objects `first` or `last` asks for; `without` either."""
    values = [one.value for one in node.arguments or () if one.name.value in _PAGES]
    size = PageSize(tuple(_given(value, defaults) for value in values), without, most)
    return size if any(name for name, _ in size.given) else size({})


def length(node: FieldNode, argument: str, defaults: Defaults, most: int) -> int | Reader:
    """How many elements an argument has."""
    value = next((one.value for one in node.arguments or () if one.name.value == argument), None)
    if isinstance(value, VariableNode):
        name = value.name.value
        return Length(name, _length(defaults.get(name), most), most)
    return _length(value, most)


def conditions(directives: Iterable[DirectiveNode], defaults: Defaults) -> list[Condition] | None:
    """What must hold for something to be selected; `None` if it never is."""
    found: list[Condition] = []
    for one in directives:
        wanted = _SHOWING.get(one.name.value)
        if wanted is None:
            continue
        for argument in one.arguments or ():
            value: Any = argument.value
            if isinstance(value, VariableNode):
                default = defaults.get(value.name.value)
                absent = default.value if isinstance(default, BooleanValueNode) else not wanted
                found.append(Condition(value.name.value, absent, wanted))
            elif isinstance(value, BooleanValueNode) and value.value is not wanted:
                return None
    return found


def _given(value: ValueNode, defaults: Defaults) -> tuple[str | None, int | None]:
    if isinstance(value, VariableNode):
        return value.name.value, _number(defaults.get(value.name.value))
    return None, _number(value)


def _number(value: ValueNode | None) -> int | None:
    return int(value.value) if isinstance(value, IntValueNode) else None


def _length(value: ValueNode | None, most: int) -> int:
    return min(len(value.values), most) if isinstance(value, ListValueNode) else 0 if value is None else 1
