"""Leaf values that are already what their type makes of them, and so need no conversion."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

Check = Callable[[Any], bool]
JSON_TYPES = frozenset((str, int, float, bool, dict, list))

CHECKS: dict[Any, tuple[str, Check]] = {
    GraphQLString.coerce_output_value: ("type({0}) is str", lambda value: type(value) is str),
    GraphQLID.coerce_output_value: ("type({0}) is str", lambda value: type(value) is str),
    GraphQLBoolean.coerce_output_value: ("type({0}) is bool", lambda value: type(value) is bool),
    GraphQLInt.coerce_output_value: (
        f"(type({{0}}) is int and {GRAPHQL_MIN_INT} <= {{0}} <= {GRAPHQL_MAX_INT})",
        lambda value: type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT,
    ),
    # A difference to itself is nothing but for infinity and what is no number.
    GraphQLFloat.coerce_output_value: (
        "(type({0}) is float and {0} - {0} == 0.0)",
        lambda value: type(value) is float and isfinite(value),
    ),
    # What scalars of other libraries and of applications are made with: the text as it is, or anything as it is.
    str: ("type({0}) is str", lambda value: type(value) is str),
    GraphQLScalarType.serialize: ("type({0}) in JSON_TYPES", lambda value: type(value) in JSON_TYPES),
}
"""For what makes a value ready to go out: when it is so already, as source and as a function."""


def check_of(leaf: GraphQLLeafType) -> Check | None:
    """Tells that a value is right as it is; nothing for a type whose conversion is not known."""
    found = CHECKS.get(leaf.coerce_output_value) if isinstance(leaf, GraphQLScalarType) else None
    return found[1] if found else None


def source_of(leaf: GraphQLLeafType) -> str:
    """The same as an expression of the names in this module, `{0}` standing for the value."""
    return CHECKS[leaf.coerce_output_value][0]
