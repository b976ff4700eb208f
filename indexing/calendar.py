"""The units of calendar intervals: where the one that begins at a moment ends."""

from datetime import UTC, timedelta, tzinfo

from models.collections.dates import EPOCH, micros

_SECONDS = {"minute": 60, "hour": 3_600}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def end_of_unit(start: int, unit: str, zone: tzinfo = UTC) -> int | None:
    """Where the unit of `zone` that begins at `start` ends, in microseconds; the last of all years ends nowhere."""
    try:
        moment = EPOCH + timedelta(microseconds=start)
        if unit in _SECONDS:
            return micros(moment + timedelta(seconds=_SECONDS[unit]))
        local = moment.astimezone(zone).replace(tzinfo=None)
        if unit in _DAYS:
            end = local + timedelta(days=_DAYS[unit])
        else:
            year, month = divmod(local.year * 12 + local.month - 1 + _MONTHS[unit], 12)
            end = local.replace(year=year, month=month + 1)
        return micros(end.replace(tzinfo=zone))
    except (OverflowError, ValueError):  # beyond the years that there are
        return None
