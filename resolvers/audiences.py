"""Tells viewers apart as far as the records differ that they may read."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from models.collections.access import PUBLIC
from models.collections.loading import Catalog
from models.collections.rules import OF_VIEWER
from resolvers.viewer import Viewer


class Audiences:
    """The audiences of one catalog: viewers of the same one read the same."""

    def __init__(self, catalog: Catalog) -> None:
        rules = (
            grant.where for one in catalog for action in ("read", "history") for grant in one.access.grants(action)
        )
        self._personal = any(_names_viewer(where) for where in rules)
        self._open = frozenset(
            one.name
            for one in catalog
            if any(grant.role == PUBLIC and grant.where is None for grant in one.access.read)
        )

    def of(self, viewer: Viewer) -> bytes | None:
        """What tells the viewer's audience from others; `None` where that can't be written down.

        The roles decide, and where any rule of the catalog asks for more of a viewer, all that is known of it.
        """
        asked: list[Any] = [sorted(viewer.roles)]
        if self._personal and not viewer.is_admin:
            asked += [viewer.id, viewer.claims]
        try:
            return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # claims of whatever kind
            return None

    def may_all_read(self, collections: frozenset[str]) -> bool:
        """Whether everybody may read all records of these collections."""
        return collections <= self._open


def _names_viewer(where: Any) -> bool:
    return any(isinstance(value, str) and value.startswith(OF_VIEWER) for value in _values(where))


def _values(where: Any) -> Iterator[Any]:
    if isinstance(where, Mapping):
        for value in where.values():
            yield from _values(value)
    elif isinstance(where, list):
        for value in where:
            yield from _values(value)
    else:
        yield where
