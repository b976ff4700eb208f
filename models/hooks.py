"""The hooks of extensions that see a record before it is written: they may change it or refuse the write.

A hook sees only what may be written as it is: valid, and allowed to whoever writes it. It decides and has no effects,
since one write may be tried several times.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from errors import BadUserInput, CatalographError
from models.collections.problems import Problem, named_path
from models.documents import Prepared, encode_document, prepare
from models.merging import same
from models.records import DELETE

if TYPE_CHECKING:
    from models.collections.extras import Code
    from models.collections.properties import Collection

log = structlog.get_logger()

Data = dict[str, Any]


class UserError(BadUserInput):
    """What an extension is asked for can't be: correct it as `message` says.

    Of a write, `path` tells which part of the record is to blame, in the names of the JSON and the positions in lists.
    """

    def __init__(self, message: str, path: Sequence[str | int] = ()) -> None:
        self.path = tuple(path)
        super().__init__(message)


class HookFailed(CatalographError):
    """A hook of an extension raised what it should not: correct it; nothing was written."""


@dataclass(slots=True)
class Write:
    """What is about to be written. `data` may be changed, or replaced; all else is as it is.

    `operation` is CREATE, UPDATE, DELETE, RESTORE or REVERT; `before` is the record as it stands, `None` where there is
    none; `data` is `None` where it is deleted; `by` is who writes.
    """

    collection: str
    operation: str
    before: Mapping[str, Any] | None
    data: Data | None
    by: str | None


def hooked(
    collection: "Collection", operation: str, before: Mapping[str, Any] | None, prepared: Prepared, by: str | None
) -> tuple[Prepared, Data | None]:
    """What a document that is right becomes by the hooks, checked again, and its data if that is other than before.

    Each hook sees what the one before it has left; `before` is not changed by them. Raises `HookFailed`.
    """
    if not collection.before_write:
        return prepared, None
    write = Write(collection.name, operation, _copied(before), orjson.loads(prepared.encoded), by)
    if problems := _ask_all(collection, write):
        return Prepared(prepared.key, prepared.encoded, problems), None
    left = write.data
    if not isinstance(left, dict) or collection.key_of(left) != prepared.key:
        raise HookFailed(
            f"{_named(collection)} changed the key of a {collection.name}, or removed its data.",
            "Records are recognised by their keys: leave them.",
        )
    if same(left, orjson.loads(prepared.encoded)):
        return prepared, None
    return prepare(collection, left), left


def refused_deletion(collection: "Collection", before: Mapping[str, Any], by: str | None) -> tuple[Problem, ...]:
    """Why the hooks refuse that a record is deleted. Raises `HookFailed`."""
    if not collection.before_write:
        return ()
    return _ask_all(collection, Write(collection.name, DELETE, _copied(before), None, by))


def _ask_all(collection: "Collection", write: Write) -> tuple[Problem, ...]:
    found = (_ask(collection, hook, write) for hook in collection.before_write)
    return tuple(problem for problem in found if problem)


def _ask(collection: "Collection", hook: "Code", write: Write) -> Problem | None:
    try:
        hook.function(write)
    except UserError as error:
        return Problem(error.message, named_path(collection.shape, write.data or write.before, error.path))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        # In one line: of an import there may be very many.
        log.error("before_write_failed", hook=str(hook), collection=collection.name, error=told, at=_place(error))  # noqa: TRY400
        raise HookFailed(f"{hook} of an extension failed: {type(error).__name__}.") from error
    return None


def _named(collection: "Collection") -> str:
    return " or ".join(map(str, collection.before_write))


def _place(error: Exception) -> str:
    """Where an error was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def _copied(data: Mapping[str, Any] | None) -> Any:
    return None if data is None else orjson.loads(encode_document(dict(data))[0])
