"""The scalars of the API beside GraphQL's own; what they can't read is `BAD_USER_INPUT`."""

import re
from math import isinf
from typing import Any
from uuid import UUID

from graphql import GraphQLScalarType, ValueNode, value_from_ast_untyped
from graphql.language import IntValueNode, StringValueNode

from errors import BadUserInput
from execution.leaves import READY, SAFE_INTEGER
from models.collections.dates import Clock, date_micros, datetime_micros, is_math, math_micros

_SAFE = 2**53
_INTEGER = re.compile(r"-?\d{1,40}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _long_out(value: Any) -> int | str:
    number = int(value)
    return number if -_SAFE <= number <= _SAFE else str(number)


def _long_in(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise BadUserInput(f"{value!r} is no Long.", "Give a whole number, beyond 2^53 as a string.")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadUserInput(f"{value!r} is no {name}.", "Give a string.")
    return value


def _date(value: Any) -> str:
    return _moment(value, "Date", "2024-02-29", only_date=True)


def _datetime(value: Any) -> str:
    return _moment(value, "DateTime", "2024-02-29T12:00:00Z", only_date=False)


def _moment(value: Any, name: str, example: str, *, only_date: bool) -> str:
    text = _text(value, name)
    try:
        if is_math(text):
            math_micros(text, Clock.current(), only_date=only_date, up=False)
        elif only_date:
            date_micros(text)
        else:
            datetime_micros(text)
    except ValueError:
        raise BadUserInput(
            f"{text!r} is no {name}.", f"Give one such as {example}, in filters also now-30d/d."
        ) from None
    return text


def _matching(name: str, pattern: re.Pattern[str], example: str) -> Any:
    def parse(value: Any) -> str:
        text = _text(value, name)
        if not pattern.fullmatch(text):
            raise BadUserInput(f"{text!r} is no {name}.", f"Give one such as {example}.")
        return text

    return parse


def _uuid(value: Any) -> str:
    text = _text(value, "UUID")
    try:
        if str(UUID(text)) != text.lower():
            raise ValueError
    except ValueError:
        example = "123e4567-e89b-12d3-a456-426614174000"
        raise BadUserInput(f"{text!r} is no UUID.", f"Give one such as {example}.") from None
    return text


def _string_literal(parse: Any) -> Any:
    def parse_literal(node: ValueNode, variables: Any = None) -> Any:
        del variables
        return parse(node.value if isinstance(node, StringValueNode) else value_from_ast_untyped(node))

    return parse_literal


def _long_literal(node: ValueNode, variables: Any = None) -> int:
    del variables
    value = int(node.value) if isinstance(node, IntValueNode) else getattr(node, "value", None)
    return _long_in(value)


LONG = GraphQLScalarType(
    "Long",
    serialize=_long_out,
    parse_value=_long_in,
    parse_literal=_long_literal,
    description="A whole number of 64 bits: a JSON number up to ±2^53, a string beyond; taken as either.",
    extensions={READY: SAFE_INTEGER},
)
DATE = GraphQLScalarType(
    "Date",
    serialize=str,
    parse_value=_date,
    parse_literal=_string_literal(_date),
    description="A day, such as 2024-02-29. In filters also date math: now-30d/d, 2024-01-01||+1M.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
)
DATE_TIME = GraphQLScalarType(
    "DateTime",
    serialize=str,
    parse_value=_datetime,
    parse_literal=_string_literal(_datetime),
    description="A moment, such as 2024-02-29T12:00:00Z. In filters also date math: now-30d/d.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
)
URI = GraphQLScalarType(
    "URI",
    serialize=str,
    parse_value=_matching("URI", _URI, "https://example.org/a"),
    parse_literal=_string_literal(_matching("URI", _URI, "https://example.org/a")),
    description="An absolute address (RFC 3986).",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3986",
)
EMAIL = GraphQLScalarType(
    "Email",
    serialize=str,
    parse_value=_matching("Email", _EMAIL, "name@example.org"),
    parse_literal=_string_literal(_matching("Email", _EMAIL, "name@example.org")),
    description="An e-mail address.",
)
UUID_SCALAR = GraphQLScalarType(
    "UUID",
    serialize=str,
    parse_value=_uuid,
    parse_literal=_string_literal(_uuid),
    description="A UUID in its usual form (RFC 9562).",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
)


def _json_literal(node: ValueNode, variables: Any = None) -> Any:
    return _json(value_from_ast_untyped(node, variables))


def _json(value: Any) -> Any:
    if _is_infinite(value):
        raise BadUserInput("A number is beyond all that JSON can hold.", "Give one below 1.8e308, or a string.")
    return value


def _is_infinite(value: Any) -> bool:
    """Whether there is no end to a number in it, however deep."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, float) and isinf(one):
            return True
        pending += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return False


JSON = GraphQLScalarType(
    "JSON", parse_value=_json, parse_literal=_json_literal, description="Any JSON value: what has no fixed shape."
)

SCALARS = {scalar.name: scalar for scalar in (LONG, DATE, DATE_TIME, URI, EMAIL, UUID_SCALAR, JSON)}
