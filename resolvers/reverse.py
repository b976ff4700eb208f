"""Searches from the other end of a link: the pages of many parents of one field are asked for together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.collections.conditions import NEVER, Compare, Condition, Element, either
from models.collections.kinds import FLOAT, INT, LONG, Kind
from models.collections.properties import Collection, Path
from resolvers.context import Context
from resolvers.searches import Connection, Selected, search, search_each


@dataclass(frozen=True)
class ReverseSearches:
    """The records of `collection` whose property at one of `holders` names the key of a parent, as pages.

    Of each parent, known by its key, the page that `arguments` ask for; errors are those of a search.
    """

    ctx: Context
    collection: Collection
    holders: Sequence[Path]
    arguments: Mapping[str, Any]
    selected: Selected

    async def load(self, key: str | None) -> Connection:
        """The page of one parent."""
        return await search(self.ctx, self.collection, self.arguments, self.selected, self._scope(key))

    async def load_many(self, keys: list[str | None]) -> list[Connection]:
        """The pages of several; the first error among them is raised."""
        found = await self.load_together(keys)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return [one for one in found if isinstance(one, Connection)]

    async def load_together(self, keys: Sequence[str | None]) -> list[Connection | BaseException]:
        """The same, but that a page that fails has its error in its place."""
        scopes = [self._scope(key) for key in keys]
        return await search_each(self.ctx, self.collection, self.arguments, self.selected, scopes)

    def _scope(self, key: str | None) -> Condition:
        return either(*(linked_to(holder, key) for holder in self.holders))


def linked_to(holder: Path, key: str | None) -> Condition:
    """The records whose property at `holder` names `key`."""
    value = _key_value(holder.last.kind, key)
    if value is None:
        return NEVER
    condition: Condition = Compare(holder, "eq", value)
    for step in reversed(holder.nested):
        condition = Element(step, condition)
    return condition


def _key_value(kind: Kind, key: str | None) -> Any:
    """A key as the property that names it compares values; `None` if it is no value of that kind."""
    if key is None:
        return None
    try:
        return kind.comparable(int(key) if kind in (INT, LONG) else float(key) if kind is FLOAT else key)
    except ValueError:  # no key of that kind: nothing links to it
        return None
