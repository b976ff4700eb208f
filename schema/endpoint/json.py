"""JSON of requests and answers: orjson where it can, the standard library for what orjson refuses or rounds."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from errors import RequestRefused

# From 19 digits on an integer may be beyond 64 bits, which orjson would turn into a float.
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def decode(text: bytes | str, what: str) -> Any:
    """The value of a JSON text, integers exact; lone surrogates are kept, for the caller to refuse by name.

    Raises `RequestRefused` (400) that begins with `what` if the text is not JSON.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not _LONG_NUMBER.search(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            # It may be valid all the same: orjson refuses lone surrogates and nesting beyond 1,024.
            pass
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError:
        raise RequestRefused(400, f"{what} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RequestRefused(400, f"{what} is not JSON: {error.msg} at {where}.") from None
    except (ValueError, RecursionError):
        raise RequestRefused(400, f"{what} is not JSON that can be read.") from None


def encode(value: object) -> bytes:
    """The JSON text of an answer; `orjson.Fragment`s in it stand as they are.

    Raises `TypeError` or `ValueError` if something in it has no JSON form.
    """
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits, or a lone surrogate
        text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=_by_orjson)
        return text.encode("ascii")


def _by_orjson(value: object) -> object:
    return json.loads(orjson.dumps(value))


def _finite(text: str) -> float:
    """A number, unless it is beyond all of them: that would be written as null."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _refuse_constant(name: str) -> Callable[[], None]:
    raise ValueError(name)
