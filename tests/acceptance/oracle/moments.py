"""Date math: `2024-02-29||+1M/d` in a time zone."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

START = "0001-01-01T00:00:00.000000"
"""Of this text as much is put in the place of a moment's end as rounding takes away."""
KEPT = {"y": 4, "M": 7, "d": 10, "h": 13, "m": 16}
STEPS = {"w": 7, "d": 1}


def moment(text: str, zone: str | None, *, up: bool) -> datetime:
    """What the text means; `up` takes the last microsecond of what is rounded."""
    where = zone_of(zone)
    anchor, _, math = text.partition("||")
    local = datetime.fromisoformat(anchor)
    local = local.astimezone(where).replace(tzinfo=None) if local.tzinfo else local
    for amount, unit in re.findall(r"([+-]\d+|/)([yMwdhm])", math):
        local = _rounded(local, unit, up=up) if amount == "/" else _later(local, int(amount), unit)
    return local.replace(tzinfo=where).astimezone(UTC)


def zone_of(zone: str | None) -> ZoneInfo | timezone:
    if zone is None or zone[0] not in "+-":
        return ZoneInfo(zone or "UTC")
    hours, minutes = int(zone[1:3]), int(zone[4:])
    return timezone((-1 if zone[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _rounded(local: datetime, unit: str, *, up: bool) -> datetime:
    text = local.isoformat(timespec="microseconds")
    start = datetime.fromisoformat(text[: KEPT[unit]] + START[KEPT[unit] :])
    if not up:
        return start
    while start.isoformat()[: KEPT[unit]] == text[: KEPT[unit]]:
        start += timedelta(minutes=1) if unit in "hm" else timedelta(days=1)
    return start - timedelta(microseconds=1)


def _later(local: datetime, amount: int, unit: str) -> datetime:
    if unit in STEPS:
        return local + timedelta(days=amount * STEPS[unit])
    if unit in "hm":
        return local + timedelta(minutes=amount * (60 if unit == "h" else 1))
    months = local.year * 12 + local.month - 1 + amount * (12 if unit == "y" else 1)
    first = local.replace(year=months // 12, month=months % 12 + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(local.day, last.day))
