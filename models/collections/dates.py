"""Dates and times: RFC 3339 text and date math to microseconds since 1970, in any time zone."""

import re
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from errors import BadUserInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local wall clock time has no zone
_MICROSECOND = timedelta(microseconds=1)
_MATH = re.compile(r"([+-]\d{1,9}|/)([yMwdhHms])")
_MATH_TEXT = re.compile(r"(now|.+\|\|)((?:[+-]\d{1,9}[yMwdhHms]|/[yMwdhHms])*)")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?")


class Clock:
    """What `now` means and in which zone local times are: one for a request. It knows whether it was looked at."""

    def __init__(self, now: datetime, zone: tzinfo = UTC) -> None:
        self._moment = _Moment(now)
        self.zone = zone

    @classmethod
    def current(cls) -> "Clock":
        return cls(datetime.now(UTC))

    @property
    def now(self) -> datetime:
        self._moment.was_read = True
        return self._moment.now

    @property
    def was_read(self) -> bool:
        """Whether `now` has decided anything, in whatever zone: at another time the answer may be another."""
        return self._moment.was_read

    def in_zone(self, zone: tzinfo) -> "Clock":
        """The same moment, with local times in `zone`."""
        moved = copy(self)
        moved.zone = zone
        return moved


@dataclass(slots=True)
class _Moment:
    now: datetime
    was_read: bool = False


@lru_cache(maxsize=1000)
def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name or an offset (`+02:00`). Raises `BadUserInput`."""
    if re.fullmatch(r"[+-]([01]\d|2[0-3]):[0-5]\d", name):
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
        assert zone is not None
        return zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadUserInput(f"There is no time zone {name!r}.", "Use a name such as Europe/London, or +02:00.") from None


def date_micros(text: str) -> int:
    """Microseconds from 1970 to the midnight at which the date `text` begins. Raises `ValueError`."""
    if len(text) != 10 or text[7] != "-":  # also none by weeks, which Python would read
        raise ValueError(f"{text!r} is not a date such as 2024-02-29")
    return (date.fromisoformat(text).toordinal() - 719_163) * 86_400_000_000


def datetime_micros(text: str, zone: tzinfo = UTC) -> int:
    """Microseconds from 1970 to the moment `text`; without an offset it is in `zone`. Raises `ValueError`."""
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a date and time such as 2024-02-29T12:00:00Z")
    readable = _six_digits(text.upper().replace(" ", "T"))
    leap = readable[17:19] == "60"
    if leap:  # RFC 3339 has leap seconds, Unix time has none: it is the second behind
        readable = f"{readable[:17]}59{readable[19:]}"
    moment = datetime.fromisoformat(readable)
    found = micros(moment if moment.tzinfo else moment.replace(tzinfo=zone)) + leap * 1_000_000
    if not _FIRST <= found <= _LAST:
        raise ValueError(f"{text!r} is not in the years 1 to 9999 of UTC")
    return found


def _six_digits(text: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def micros(moment: datetime) -> int:
    """Microseconds from 1970 to `moment`."""
    return (moment - EPOCH) // _MICROSECOND


_FIRST = micros(datetime(1, 1, 1, tzinfo=UTC))
_LAST = micros(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))


def date_text(value: int) -> str:
    """The date of a number of microseconds."""
    return (_NAIVE_EPOCH + value * _MICROSECOND).date().isoformat()


def datetime_text(value: int) -> str:
    """The moment of a number of microseconds, in UTC."""
    return (EPOCH + value * _MICROSECOND).isoformat().replace("+00:00", "Z")


def is_math(text: str) -> bool:
    """Whether `text` is date math, such as `now-30d/d` or `2024-01-01||+1M`."""
    return bool(_MATH_TEXT.fullmatch(text))


def math_micros(text: str, clock: Clock, *, only_date: bool, up: bool) -> int:
    """Microseconds of date math; `up` takes the last microsecond of a rounded unit. Raises `ValueError`."""
    match = _MATH_TEXT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not date math such as now-30d/d")
    try:
        local = _anchor(match[1], clock)
        for amount, unit in _MATH.findall(match[2]):
            local = _round(local, unit, up=up) if amount == "/" else _shift(local, int(amount), unit)
        if only_date:
            return (local - _NAIVE_EPOCH) // _MICROSECOND
        return micros(local.replace(tzinfo=clock.zone))
    except OverflowError:
        raise ValueError(f"{text!r} is outside the years 1 to 9999") from None


def _anchor(text: str, clock: Clock) -> datetime:
    if text == "now":
        return clock.now.astimezone(clock.zone).replace(tzinfo=None)
    given = text.removesuffix("||")
    moment = datetime.fromisoformat(given.upper() if "t" in given else given)
    return moment.astimezone(clock.zone).replace(tzinfo=None) if moment.tzinfo else moment


def _shift(local: datetime, amount: int, unit: str) -> datetime:
    if unit in "yM":
        months = local.year * 12 + local.month - 1 + amount * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        if not 1 <= year <= 9999:
            raise OverflowError
        return local.replace(year=year, month=month + 1, day=min(local.day, _days_in(year, month + 1)))
    seconds = {"w": 604_800, "d": 86_400, "h": 3_600, "H": 3_600, "m": 60, "s": 1}[unit]
    return local + timedelta(seconds=seconds * amount)


def _days_in(year: int, month: int) -> int:
    return 31 if month == 12 else (date(year, month + 1, 1) - date(year, month, 1)).days


def _round(local: datetime, unit: str, *, up: bool) -> datetime:
    start = floor(local, unit)
    return _shift(start, 1, unit) - _MICROSECOND if up else start


def floor(local: datetime, unit: str) -> datetime:  # noqa: PLR0911 - one line a unit
    """The start of the unit (`y M w d h m s`, weeks from Monday) in which `local` lies."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "y":
            return day.replace(month=1, day=1)
        case "M":
            return day.replace(day=1)
        case "w":
            return day - timedelta(days=day.weekday())
        case "d":
            return day
        case "h" | "H":
            return local.replace(minute=0, second=0, microsecond=0)
        case "m":
            return local.replace(second=0, microsecond=0)
        case _:
            return local.replace(microsecond=0)
