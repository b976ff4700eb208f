"""Who asks: the viewer of a request, from the token that came with it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import Unauthenticated
from indexing.services import Services
from models.collections.access import ADMIN, AUTHENTICATED, PUBLIC, Roles
from models.collections.rules import Subject
from models.tokens import find_token

TOKEN = "TOKEN"  # noqa: S105 - the name of a way to sign in
_BEARER = "bearer "


@dataclass(frozen=True)
class Viewer:
    """One viewer; the anonymous one has no id and the role `public` alone."""

    id: str | None = None
    roles: Roles = frozenset({PUBLIC})
    via: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """What rules see of the viewer."""
        return Subject(self.roles, self.id, self.claims)

    @property
    def given_roles(self) -> Roles:
        """The roles that were given to the viewer, without those that everybody has."""
        return self.roles - {PUBLIC, AUTHENTICATED}

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles

    @property
    def is_anonymous(self) -> bool:
        return self.via is None


ANONYMOUS = Viewer()


async def viewer_of(services: Services, authorization: str | None) -> Viewer:
    """The viewer of an `Authorization` header. Raises `Unauthenticated` for a token that is none of ours, or ended."""
    if not authorization:
        return ANONYMOUS
    if authorization[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("Only bearer tokens are understood.", "Send `Authorization: Bearer TOKEN`.")
    secret = authorization[len(_BEARER) :].strip()
    admin = services.settings.admin_token
    if admin and hmac.compare_digest(secret.encode("utf-8", "replace"), admin.encode()):
        return _signed_in(ADMIN, {ADMIN})
    token = await find_token(services.database.statements, secret)
    if token is None:
        raise Unauthenticated("This token is not known, has ended or was revoked.", "Ask for a new one.")
    return _signed_in(token.name, token.roles)


def _signed_in(name: str, roles: "frozenset[str] | set[str] | tuple[str, ...] | list[str]") -> Viewer:
    return Viewer(name, frozenset(roles) | {PUBLIC, AUTHENTICATED}, TOKEN)
