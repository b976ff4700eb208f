"""The history of a record, a page at a time, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import BadUserInput
from models.collections.conditions import NEVER, Condition, holds
from models.collections.properties import Property, Shape
from models.collections.rules import reach
from models.records import Revision
from resolvers.context import Context
from resolvers.nodes import Node
from resolvers.searches import page_size


@dataclass(frozen=True)
class RevisionEdge:
    node: Mapping[str, Any]
    cursor: str


@dataclass(frozen=True)
class History:
    """A page of revisions."""

    edges: tuple[RevisionEdge, ...]
    pageInfo: Mapping[str, Any]  # noqa: N815 - the API's word, read by plain attribute access

    @property
    def nodes(self) -> list[Mapping[str, Any]]:
        return [edge.node for edge in self.edges]


async def history(ctx: Context, node: Node, first: int | None, after: str | None) -> History:
    """The revisions older than the cursor `after`; none for who may not read the record's history."""
    size, _ = page_size({"first": first}, ctx.services.settings.max_first)
    before = _revision_number(after)
    rule = reach(node.collection, "history", ctx.viewer.subject, ctx.clock)
    found: list[Revision] = []
    if rule != NEVER:
        found = await _allowed(ctx, node, rule, size + 1, before)
    page = found[:size]
    edges = tuple(RevisionEdge(_shown(ctx, node, one), str(one.revision)) for one in page)
    info = {
        "hasNextPage": len(found) > size,
        "hasPreviousPage": before is not None,
        "startCursor": edges[0].cursor if edges else None,
        "endCursor": edges[-1].cursor if edges else None,
    }
    return History(edges, info)


async def _allowed(ctx: Context, node: Node, rule: Condition, count: int, before: int | None) -> list[Revision]:
    """The newest `count` revisions that meet the rule, however many between them do not."""
    found: list[Revision] = []
    while len(found) < count:
        batch = await ctx.histories.load((node.id, count, before))
        found += [revision for revision in batch if holds(rule, revision.data)]
        if len(batch) < count:
            break
        before = batch[-1].revision
    return found[:count]


def _revision_number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise BadUserInput("This is no cursor of ours.", "Give one from pageInfo or from an edge.")
    return int(cursor)


def _shown(ctx: Context, node: Node, revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.revision,
        "operation": revision.operation,
        "at": revision.at.isoformat(),
        "by": revision.by,
        "data": without_hidden(ctx, node.collection.shape, revision.data),
        "changes": without_hidden(ctx, node.collection.shape, revision.changes),
    }


def without_hidden(ctx: Context, shape: Shape, data: Any) -> Any:
    """`data` without the properties that the viewer may not read."""
    if isinstance(data, list):
        return [without_hidden(ctx, shape, one) for one in data]
    if not isinstance(data, Mapping):
        return data
    by_name: dict[str, list[Property]] = {}
    for prop in shape.properties.values():
        # A patch need not say of which member of a union it is: then it may be of each.
        if prop.link is None and (prop.is_of(data) or not any(member.mark.is_on(data) for member in shape.members)):
            by_name.setdefault(prop.name, []).append(prop)
    shown: dict[str, Any] = {}
    for name, value in data.items():
        meant = by_name.get(name, [])
        if all(map(ctx.may_see, meant)):
            shown[name] = value
            for prop in meant:
                shown[name] = without_hidden(ctx, prop.shape, shown[name]) if prop.shape else shown[name]
    return shown
