"""Values between Strawberry's scalars, moments and UUIDs of Python, and ours of the same names, which are text."""

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
)

from errors import BadUserInput

Scalars = Mapping[str, GraphQLScalarType]
"""Strawberry's scalars by their names."""


def converted(field: GraphQLField, scalars: Scalars) -> None:
    """Have the function behind a field be given, and give, values of Strawberry's scalars."""
    given = {name: one.type for name, one in field.args.items() if _has(one.type, scalars, set())}
    gives = scalars.get(get_named_type(field.type).name)
    if field.resolve is not None and (given or gives):
        field.resolve = _around(field.resolve, given, gives, scalars)
    if field.subscribe is not None and given:
        field.subscribe = _around(field.subscribe, given, None, scalars)


def _around(
    call: Callable[..., Any], given: Mapping[str, Any], gives: GraphQLScalarType | None, scalars: Scalars
) -> Callable[..., Any]:
    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        read = {name: _read(given[name], value, scalars) for name, value in arguments.items() if name in given}
        made = call(source, info, **{**arguments, **read})
        if gives is None:
            return made
        return _later(made, gives) if isawaitable(made) else _written(made, gives)

    return resolve


async def _later(made: Any, scalar: GraphQLScalarType) -> Any:
    return _written(await made, scalar)


def _written(value: Any, scalar: GraphQLScalarType) -> Any:
    if isinstance(value, list | tuple):
        return [_written(one, scalar) for one in value]
    return None if value is None or isinstance(value, Exception) else scalar.serialize(value)


def _read(type_: Any, value: Any, scalars: Scalars) -> Any:
    if value is None:
        return None
    if isinstance(type_, GraphQLNonNull):
        return _read(type_.of_type, value, scalars)
    if isinstance(type_, GraphQLList):
        return [_read(type_.of_type, one, scalars) for one in value]
    if isinstance(type_, GraphQLInputObjectType):
        fields = {field.out_name or name: field.type for name, field in type_.fields.items()}
        return {name: _read(fields[name], one, scalars) for name, one in value.items()}
    scalar = scalars.get(type_.name)
    if scalar is None:
        return value
    try:
        return scalar.parse_value(value)
    except Exception as error:
        raise BadUserInput(f"{value!r} is no {scalar.name}.", "Give a value, without date math.") from error


def _has(type_: Any, scalars: Scalars, seen: set[str]) -> bool:
    named = get_named_type(type_)
    if named.name in scalars:
        return True
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return False
    seen.add(named.name)
    return any(_has(field.type, scalars, seen) for field in named.fields.values())
