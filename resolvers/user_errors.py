"""What a client can correct, as the payload of a mutation tells it."""

from dataclasses import dataclass

VALIDATION = "VALIDATION"
FORBIDDEN = "FORBIDDEN"
NOT_FOUND = "NOT_FOUND"
CONFLICT = "CONFLICT"
DUPLICATE_KEY = "DUPLICATE_KEY"


@dataclass(frozen=True)
class UserError:
    """One refusal; `path` goes into the input."""

    code: str
    message: str
    path: tuple[str, ...] = ()
