"""What `groupBy` asks for: from its arguments to a page of groups."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from errors import BadUserInput
from indexing.group_keys import group_cursors
from indexing.groups import home_of
from indexing.search_query import GroupField, GroupQuery, StatsQuery
from models.collections.dates import zone_named
from models.collections.kinds import DATETIME, FLOAT, INT, LONG, MOMENTS
from models.collections.properties import Collection, Path
from resolvers.context import Context
from resolvers.hiding import may_follow, refuse_hidden
from resolvers.searches import page_size

Arguments = Mapping[str, Any]


def group_query(
    ctx: Context, collection: Collection, name: str, arguments: Arguments, stats: tuple[StatsQuery, ...]
) -> GroupQuery:
    """The groups that `arguments` (`by intervals first after`) ask for.

    Raises `BadUserInput` for arguments that mean nothing, `Forbidden` for what the viewer may not read.
    """
    settings = ctx.services.settings
    by: Sequence[Path] = arguments["by"]
    refuse_hidden(ctx, by)
    fields = tuple(_fields(ctx, by, arguments.get("intervals") or ()))
    home_of(fields)
    after = arguments.get("after")
    cursors = group_cursors(settings.secret, collection.name, fields)
    first, _ = page_size(arguments, settings.max_first)
    return GroupQuery(name, fields, first, None if after is None else cursors.read(after), stats)


def _fields(ctx: Context, by: Sequence[Path], intervals: Sequence[Arguments]) -> Iterator[GroupField]:
    if not by or len(set(by)) < len(by):
        raise BadUserInput("by names each property once, and at least one.", "Name what the groups are made by.")
    given = {one["field"]: one for one in intervals}
    for path in given:
        if path not in by:
            raise BadUserInput(f"intervals names {path.name}, which is not in by.", "Name it in by too.")
    if len(given) < len(intervals):
        raise BadUserInput("intervals names a property twice.", "Name it once.")
    for path in by:
        if path.is_too_deep:
            raise BadUserInput(f"{path.name} is deeper than the index goes.", "Group by a level above.")
        yield _field(path, given.get(path), absent=not may_follow(ctx, path))


def _field(path: Path, given: Arguments | None, *, absent: bool) -> GroupField:
    """As the argument says; without one, or with a time zone alone, as the facet in the collection file."""
    facet = path.last.search.facet
    interval, calendar, ranges = (facet.interval, facet.calendar, facet.ranges) if facet else (0, "", ())
    zone = None
    if given is not None:
        zone = given.get("timeZone")
        named = given.get("interval"), given.get("calendarInterval")
        if zone is None or any(one is not None for one in named):
            interval, calendar, ranges = named[0] or 0, named[1] or "", ()
        _check(path, named[0], calendar, zone)
    return GroupField(path, interval, calendar, zone or "UTC", ranges, absent)


def _check(path: Path, interval: float | None, calendar: str, zone: str | None) -> None:
    kind = path.last.kind
    if interval is not None:
        if kind not in (INT, LONG, FLOAT):
            raise BadUserInput(f"{path.name} is no number.", "Intervals are of numbers; days have calendarInterval.")
        if not (math.isfinite(interval) and interval > 0):
            raise BadUserInput(f"{path.name}: interval must be above 0.", "Without it each value is a group.")
    if calendar and kind not in MOMENTS:
        raise BadUserInput(f"{path.name} is no day and no moment.", "Numbers have interval.")
    if zone is not None:
        zone_named(zone)
        if kind is not DATETIME or not calendar:
            raise BadUserInput(f"{path.name}: timeZone is for the calendar intervals of moments.", "Leave it out.")
