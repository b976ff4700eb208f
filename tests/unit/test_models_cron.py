"""Cron lines are read with their time zones, and told apart from what only looks like one."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from models.cron import read_cron


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("0 3 * * *", "0 3 * * *"),
        (" 0  3 * * * UTC", "0 3 * * *"),
        ("0 3 * * * Europe/London", "0 3 * * * Europe/London"),
        ("CRON_TZ=Europe/London 0 3 * * *", "0 3 * * * Europe/London"),
        ("TZ=Europe/London */5 0 1 jan mon-fri", "*/5 0 1 jan mon-fri Europe/London"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_a_line_is_written_as_its_fields_and_the_zone_behind_them(text: str, line: str) -> None:
    assert str(read_cron(text)) == line
    assert read_cron(line) == read_cron(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "five fields"),
        ("0 3 * *", "five fields"),
        ("@daily", "five fields"),
        ("0 0 3 * * *", "five fields"),
        ("0 25 * * *", "bad hour"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 31 4,6 *", "bad day-of-month"),
        ("0 3 * * * Europe/Londn", "did you mean Europe/London?"),
        ("TZ= 0 3 * * *", "'' is no time zone"),
    ],
)
def test_what_is_no_line_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="is no") as raised:
        read_cron(text)
    assert message in str(raised.value)


def test_a_zone_keeps_its_hour_when_clocks_change() -> None:
    line = read_cron("30 1 * * * Europe/London")
    due = [moment.isoformat() for moment in islice(line.after(datetime(2026, 3, 28, tzinfo=UTC)), 3)]
    assert due == ["2026-03-28T01:30:00+00:00", "2026-03-29T01:00:00+00:00", "2026-03-30T00:30:00+00:00"]
