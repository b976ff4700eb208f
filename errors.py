"""Every error that Catalograph raises on purpose, as one tree.

An error says what happened, where, and what to do. `code` is part of the public API: `schema.errors`
is the one place that turns it into a GraphQL error, `cli` the one that turns it into an exit status.
"""

from collections.abc import Mapping
from typing import ClassVar


class CatalographError(Exception):
    """Something went wrong that we know by name."""

    code: ClassVar[str] = "INTERNAL"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())


class BadUserInput(CatalographError):
    """An argument can't mean anything: correct the request."""

    code = "BAD_USER_INPUT"


class RequestRefused(BadUserInput):
    """The HTTP request is none that the endpoint answers: correct its method, headers, size or parameters."""

    def __init__(self, status: int, message: str, remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers = headers or {}
        super().__init__(message, remedy)


class CostExceeded(CatalographError):
    """The operation is larger than a limit allows: ask for less."""

    code = "COST_EXCEEDED"


class PersistedQueryNotFound(CatalographError):
    """No document is kept under this hash: send its text too."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class Unauthenticated(CatalographError):
    """The token or session is unknown, ended or revoked: sign in again."""

    code = "UNAUTHENTICATED"


class Forbidden(CatalographError):
    """The viewer's roles do not allow this: ask for a role that does."""

    code = "FORBIDDEN"


class NotFound(CatalographError):
    """There is no such thing, or the viewer may not read it."""

    code = "NOT_FOUND"


class Conflict(CatalographError):
    """Something else changed it, or does the same work right now: read it again."""

    code = "CONFLICT"


class DuplicateKey(CatalographError):
    """A living record has this key already: change that one, or take another key."""

    code = "DUPLICATE_KEY"

    def __init__(self, collection: str, key: str, existing: int) -> None:
        self.collection = collection
        self.key = key
        self.existing = existing
        super().__init__(f"{collection} {key} exists already.", "Update that record, or take another key.")


class SearchUnavailable(CatalographError):
    """Elasticsearch does not answer: look-ups and writes go on, searches come back by themselves."""

    code = "SEARCH_UNAVAILABLE"
    exit_status = 3


class SearchOverloaded(SearchUnavailable):
    """Elasticsearch has too much to do: the same is sent again later, in smaller parts."""


class DatabaseUnavailable(CatalographError):
    """PostgreSQL does not answer: try again, the pool recovers by itself."""

    code = "DATABASE_UNAVAILABLE"
    exit_status = 3


class DatabaseOutdated(CatalographError):
    """The database has not the tables of this version: run `catalograph migrate`."""


class OperationTimeout(CatalographError):
    """The operation ran longer than the limit allows: ask for less."""

    code = "TIMEOUT"


class SettingsError(CatalographError):
    """A setting is missing or wrong: correct it and start again."""

    exit_status = 2


class FileErrors(CatalographError):
    """Files that a start reads are wrong; the message holds one `FILE:LINE: …` line for each error."""

    exit_status = 2

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class CollectionErrors(FileErrors):
    """Collection files are wrong: correct them, and start again."""


class ExtensionErrors(FileErrors):
    """Extensions are wrong; a line names the module and, if known, `FILE:LINE`."""


class DocumentErrors(FileErrors):
    """Trusted documents are wrong: correct them, and start again."""


class EmbeddedServerError(CatalographError):
    """A server that `catalograph up` runs could not be fetched, started or stopped."""
