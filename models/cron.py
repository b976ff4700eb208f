"""Cron lines as people write them: five fields, and a time zone if it is not UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from models.collections.source import did_you_mean

_FIELDS = 5
_PREFIXES = ("CRON_TZ=", "TZ=")


@dataclass(frozen=True, slots=True)
class CronLine:
    """When something is due; `fields` are minute, hour, day of the month, month, day of the week."""

    fields: str
    zone: str = "UTC"

    def __str__(self) -> str:
        return self.fields if self.zone == "UTC" else f"{self.fields} {self.zone}"

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The moments at which it is due after `moment`, as Debian's cron has them where clocks are changed."""
        found = (due.astimezone(UTC) for due in CronSim(self.fields, moment.astimezone(ZoneInfo(self.zone))))
        # In the half hour that Lord Howe has twice a year, it begins with what is over.
        return (due for due in found if due > moment)

    def next_after(self, moment: datetime) -> datetime:
        """The first moment after `moment` at which it is due. Raises `ValueError` where there is none."""
        try:
            return next(self.after(moment))
        except CronSimError as error:
            raise ValueError(f"is no cron line: {str(error).lower()} in {self.fields!r}") from None
        except StopIteration:
            raise ValueError(f"is never due: there is no day such as in {self.fields!r}") from None
        except ZoneInfoNotFoundError:
            raise ValueError(f"{self.zone!r} is no time zone") from None


def read_cron(text: str) -> CronLine:
    """`0 3 * * *`, `0 3 * * * Europe/London` or `CRON_TZ=Europe/London 0 3 * * *`. Raises `ValueError` with what is
    wrong, and what would be right.
    """
    words, zone = _split_zone(text.split())
    if zone not in available_timezones():
        raise ValueError(f"{zone!r} is no time zone{did_you_mean(zone, available_timezones())}")
    if len(words) != _FIELDS:
        raise ValueError("is no cron line: it has five fields, such as 0 3 * * * for three o'clock each night")
    line = CronLine(" ".join(words), zone)
    line.next_after(datetime.now(UTC))
    return line


def _split_zone(words: list[str]) -> tuple[list[str], str]:
    for prefix in _PREFIXES:
        if words and words[0].startswith(prefix):
            return words[1:], words[0].removeprefix(prefix)
    if len(words) == _FIELDS + 1 and words[-1][0].isalpha():
        return words[:-1], words[-1]
    return words, "UTC"
