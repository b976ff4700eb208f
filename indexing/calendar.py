"""The units of calendar intervals: how the moment at which one begins is written, and where it ends."""

from datetime import UTC, timedelta, tzinfo

from models.collections.dates import EPOCH, micros

_SECONDS = {"minute": 60, "hour": 3_600}
OF_A_DAY = frozenset(_SECONDS)
"""The units that are shorter than a day."""
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ROUND_YEARS = 400
_ROUND = 146_097 * 86_400 * 1_000_000
"""Microseconds of 400 years, after which all days are the same again: a unit may begin before the years that there are,
or behind them, where a zone is ahead of UTC or behind it."""

_FIRST = micros(EPOCH.replace(year=2))


def local_text(moment: int, zone: tzinfo) -> str:
    """A moment in microseconds as ISO 8601 text in `zone`."""
    try:
        return (EPOCH + timedelta(microseconds=moment)).astimezone(zone).isoformat()
    except OverflowError:  # of years that Python does not have: told by those whose calendar is the same
        rounds = -1 if moment > 0 else 1
        text = local_text(moment + rounds * _ROUND, zone)
        return f"{int(text[:4]) - rounds * _ROUND_YEARS:04}{text[4:]}"


def end_of_unit(start: int, unit: str, zone: tzinfo = UTC) -> int | None:
    """Where the unit of `zone` that begins at `start` ends, in microseconds; the last of all years ends nowhere."""
    if start < _FIRST:
        later = end_of_unit(start + _ROUND, unit, zone)
        return None if later is None else later - _ROUND
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
