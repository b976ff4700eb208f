"""The user that PostgreSQL and Elasticsearch run as: both refuse to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from errors import EmbeddedServerError

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """A user and a group of this machine."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """`nobody` when we are root; None when we are not, since the servers then run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise EmbeddedServerError(
            f"The embedded servers refuse to run as root, and there is no user `{_UNPRIVILEGED}` to run them as.",
            "Run `catalograph up` as a user that is not root.",
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def make_folder(path: Path, account: Account | None) -> Path:
    """`path` as a folder that only the account may use; what it holds already belongs to the account afterwards too."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is not None and path.stat().st_uid != account.uid:
        for each in (path, *path.rglob("*")):
            os.chown(each, account.uid, account.gid, follow_symlinks=False)
    return path
