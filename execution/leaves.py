"""Leaf values that are already what their type makes of them, or become so by a look into a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

READY = "ready"
"""The extension by which a scalar says with a `Ready` which values its own conversion leaves as they are."""
JSON_TYPES = frozenset((str, int, float, bool, dict, list))
_SAFE = 2**53


@dataclass(frozen=True, slots=True)
class Ready:
    """When a value is ready to go out: as an expression of `{0}` and the names in this module, and as a function."""

    source: str
    check: Callable[[Any], bool]


TEXT = Ready("type({0}) is str", lambda value: type(value) is str)
SAFE_INTEGER = Ready(
    f"(type({{0}}) is int and {-_SAFE} <= {{0}} <= {_SAFE})",
    lambda value: type(value) is int and -_SAFE <= value <= _SAFE,
)
_BY_CONVERSION: Mapping[Any, Ready] = {
    GraphQLString.coerce_output_value: TEXT,
    GraphQLID.coerce_output_value: TEXT,
    GraphQLBoolean.coerce_output_value: Ready("type({0}) is bool", lambda value: type(value) is bool),
    GraphQLInt.coerce_output_value: Ready(
        f"(type({{0}}) is int and {GRAPHQL_MIN_INT} <= {{0}} <= {GRAPHQL_MAX_INT})",
        lambda value: type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT,
    ),
    # A difference to itself is nothing but for infinity and what is no number.
    GraphQLFloat.coerce_output_value: Ready(
        "(type({0}) is float and {0} - {0} == 0.0)",
        lambda value: type(value) is float and isfinite(value),
    ),
    # What scalars of other libraries and of applications are made with: the text as it is, or anything as it is.
    str: TEXT,
    GraphQLScalarType.serialize: Ready("type({0}) in JSON_TYPES", lambda value: type(value) in JSON_TYPES),
}


def ready(leaf: GraphQLLeafType) -> Ready | None:
    """When a value of the type is right as it is; nothing for a type whose conversion is not known."""
    if not isinstance(leaf, GraphQLScalarType):
        return None
    found: Ready | None = leaf.extensions.get(READY) or _BY_CONVERSION.get(leaf.coerce_output_value)
    return found


def names(leaf: GraphQLLeafType) -> dict[str, str] | None:
    """The names that texts have in an enumeration; nothing for other types, and those with conversions of their own."""
    if not isinstance(leaf, GraphQLEnumType):
        return None
    if getattr(leaf.coerce_output_value, "__func__", None) is not GraphQLEnumType.coerce_output_value:
        return None
    # Where several names have one value graphql-core decides.
    texts = [one.value for one in leaf.values.values() if type(one.value) is str]
    return {text: leaf.coerce_output_value(text) for text in texts}
