"""A result as the bytes of a response."""

from typing import Any

import orjson
from graphql import ExecutionResult


def to_bytes(result: ExecutionResult) -> bytes:
    """The result as JSON, errors first as the specification asks; raises `TypeError` for what JSON can't hold."""
    if not result.errors:
        return orjson.dumps({"data": result.data})
    errors: list[Any] = [error.formatted for error in result.errors]
    return orjson.dumps({"errors": errors, "data": result.data})
