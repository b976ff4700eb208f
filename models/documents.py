"""Documents on their way into PostgreSQL: checked against their collection and against what can be stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from models.collections.kinds import FLOAT
from models.collections.problems import Problem, Steps, named_path

if TYPE_CHECKING:
    from models.collections.properties import Collection, Shape

MAX_KEY_CHARACTERS = 1_000
MAX_KEY_BYTES = 2_000  # what an index entry of PostgreSQL holds, with room for the collection's name
MAX_DEPTH = 200
"""Objects and lists inside one another; orjson writes some more, for what answers have around a document."""
_ORJSON_DEPTH = 254

_NUL = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as it will be stored: its key, its JSON text, and all reasons why it may not be."""

    key: str | None
    encoded: bytes
    problems: tuple[Problem, ...] = ()


def prepare(collection: "Collection", document: dict[str, Any]) -> Prepared:
    """Check a whole document; all problems at once."""
    encoded, unstorable = encode_document(document, collection.shape)
    if not encoded:
        document = _rounded(collection.shape, document)
        encoded, unstorable = encode_document(document, collection.shape)
    key = collection.key_of(document)
    if not encoded:
        return Prepared(None if key is None or _unstorable_text(key) else key, encoded, unstorable)
    problems = (*unstorable, *_key_problems(collection, key), *collection.validate(document))
    return Prepared(key, encoded, problems)


def _rounded(shape: "Shape", document: Any, depth: int = 0) -> Any:
    """A copy in which the values of `Float`s are floats: whole numbers beyond 64 bits are some too."""
    if not isinstance(document, dict) or depth > MAX_DEPTH:
        return document
    copy = dict(document)
    for prop in shape.properties.values():
        value = prop.value_in(document)
        if value is None or prop.link or not (prop.shape or prop.kind is FLOAT):
            continue
        several = value if isinstance(value, list) else [value]
        made = [_rounded(prop.shape, one, depth + 1) if prop.shape else _as_float(one) for one in several]
        copy[prop.name] = made if isinstance(value, list) else made[0]
    return copy


def _as_float(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    except OverflowError:  # beyond all floats: it is refused for that where it is validated
        return value


def encode_document(document: dict[str, Any], shape: "Shape | None" = None) -> tuple[bytes, tuple[Problem, ...]]:
    """The document's JSON text, and what in it PostgreSQL can't store, said of the properties of `shape`."""
    try:
        encoded = orjson.dumps(document)
    except TypeError as error:
        return b"", tuple(_unstorable(document, shape)) or (Problem(f"is no JSON: {error}", ()),)
    # An escaped backslash before `u0000` looks like NUL too: only a walk can tell.
    if _NUL in encoded or _is_deep(document, encoded):
        return encoded, tuple(_unstorable(document, shape))
    return encoded, ()


def _is_deep(document: dict[str, Any], encoded: bytes) -> bool:
    if encoded.count(b"{") + encoded.count(b"[") <= MAX_DEPTH:
        return False
    wrapped: Any = document
    for _ in range(_ORJSON_DEPTH - MAX_DEPTH):
        wrapped = [wrapped]
    try:
        orjson.dumps(wrapped)
    except TypeError:  # orjson says so of what is too deep, too
        return True
    return False


def _key_problems(collection: "Collection", key: str | None) -> Iterator[Problem]:
    if key is None or len(key) <= MAX_KEY_BYTES // 4:  # a character has four bytes at most
        return
    path = (collection.key.field,) if collection.key else ()
    if len(key) > MAX_KEY_CHARACTERS:
        yield Problem(f"is a key of {len(key):,} characters; at most {MAX_KEY_CHARACTERS:,} are allowed", path)
    elif len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        yield Problem(f"is a key of more than {MAX_KEY_BYTES:,} bytes", path)


def _unstorable(document: Any, shape: "Shape | None") -> Iterator[Problem]:
    for message, path in _found_unstorable(document):
        yield Problem(message, named_path(shape, document, path))


def _found_unstorable(document: Any) -> Iterator[tuple[str, Steps]]:
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(document, ())]
    while waiting:
        value, path = waiting.pop()
        if len(path) >= MAX_DEPTH and isinstance(value, dict | list):
            yield f"is nested more than {MAX_DEPTH} levels deep", path[:3]
        elif isinstance(value, dict):
            for name, inner in value.items():
                if reason := _unstorable_text(name):
                    yield f"has a property name with {reason}", path
                waiting.append((inner, (*path, name)))
        elif isinstance(value, list):
            waiting.extend((inner, (*path, place)) for place, inner in enumerate(value))
        elif isinstance(value, str):
            if reason := _unstorable_text(value):
                yield f"has {reason}", path
        elif isinstance(value, int) and not -(2**63) <= value < 2**64:
            yield "is an integer beyond 64 bits", path


def _unstorable_text(value: str) -> str | None:
    if "\0" in value:
        return "the character U+0000, which can't be stored"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"half of a surrogate pair (U+{ord(value[error.start]):04X}), which can't be stored"
    return None
