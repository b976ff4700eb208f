"""When cron lines are due, against plain arithmetic on the clocks of a place, also where clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from models.cron import CronLine, read_cron

ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENTS = st.integers(0, 12 * 365 * 24 * 60).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + minutes * MINUTE)
zones = st.sampled_from(ZONES)
small_hours = st.builds(time, st.integers(0, 4), st.integers(0, 59))
"""Those in which clocks are changed."""


@st.composite
def around_changes(draw: st.DrawFn) -> tuple[datetime, str]:
    """A moment within two days of a change of the clocks, and where that is."""
    zone = draw(st.sampled_from(ZONES[1:6]))
    moment = draw(MOMENTS)
    before = moment.astimezone(ZoneInfo(zone)).utcoffset()
    while moment.astimezone(ZoneInfo(zone)).utcoffset() == before:
        moment += DAY
    return moment - timedelta(minutes=draw(st.integers(0, 2 * 24 * 60))), zone


def is_shown(day: date, at: time, zone: str) -> bool:
    """Whether the clocks of a place show a time on a day, rather than skip it."""
    local = datetime.combine(day, at, ZoneInfo(zone))
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


def daily(at: time) -> str:
    return f"{at.minute} {at.hour} * * *"


@given(around_changes(), small_hours)
def test_what_is_due_daily_is_due_once_on_each_day_of_its_place(start: tuple[datetime, str], at: time) -> None:
    moment, zone = start
    line = CronLine(daily(at), zone)
    days, due = [], moment
    for _ in range(5):
        due = line.next_after(due)
        local = due.astimezone(ZoneInfo(zone))
        days.append(local.date())
        if is_shown(local.date(), at, zone):
            assert local.time() == at
        else:
            assert at < local.time() <= (datetime.combine(local, at) + HOUR).time()
    assert [later - earlier for earlier, later in pairwise(days)] == [DAY] * 4


@given(around_changes(), st.sampled_from([1, 5, 15, 30]))  # of which half an hour is a multiple, as some clocks change
def test_what_is_due_every_few_minutes_is_so_through_each_change(start: tuple[datetime, str], minutes: int) -> None:
    moment, zone = start
    line = CronLine(f"*/{minutes} * * * *", zone)
    due = line.next_after(moment)
    for _ in range(300 // minutes):
        following = line.next_after(due)
        assert following - due == timedelta(minutes=minutes)
        due = following


@given(around_changes(), small_hours, st.integers(0, 3 * 24 * 60))
@example((datetime(2020, 4, 4, 15, tzinfo=UTC), "Australia/Lord_Howe"), time(1, 31), 0)  # a half hour is twice
def test_the_next_time_is_the_same_whenever_it_is_asked_for_before(
    start: tuple[datetime, str], at: time, minutes: int
) -> None:
    moment, zone = start
    line = CronLine(daily(at), zone)
    later = moment + timedelta(minutes=minutes)
    due = line.next_after(moment)
    while due <= later:
        due = line.next_after(due)
    assert line.next_after(later) == due


@given(MOMENTS, st.integers(1, 28), zones)
def test_a_day_of_each_month_is_that_of_its_place(moment: datetime, day: int, zone: str) -> None:
    due = read_cron(f"30 12 {day} * * {zone}").next_after(moment)
    local = due.astimezone(ZoneInfo(zone))
    assert moment < due <= moment + timedelta(days=32)
    assert (local.day, local.hour, local.minute) == (day, 12, 30)
