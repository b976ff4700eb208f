"""Who may read and write: the grants of a collection, of which any one suffices."""

from dataclasses import dataclass, field
from typing import Any

Roles = frozenset[str]
PUBLIC, AUTHENTICATED, ADMIN = "public", "authenticated", "admin"
ACTIONS = ("read", "create", "update", "delete", "history")


@dataclass(frozen=True)
class Grant:
    """One way to be allowed: having `role`, and for rules on records `where` (a filter) holding for the record."""

    role: str
    where: dict[str, Any] | None = None


@dataclass(frozen=True)
class Access:
    """The grants of each action."""

    read: tuple[Grant, ...] = (Grant(PUBLIC),)
    create: tuple[Grant, ...] = ()
    update: tuple[Grant, ...] = ()
    delete: tuple[Grant, ...] = ()
    history: tuple[Grant, ...] | None = None
    """`None`: whoever may read the record may read its history."""
    set_on_create: dict[str, Any] = field(default_factory=dict)

    def grants(self, action: str) -> tuple[Grant, ...]:
        found: tuple[Grant, ...] | None = getattr(self, action)
        return self.read if found is None else found


PUBLIC_ACCESS = Access()
