"""Moments as RFC 3339 writes them are compared exactly, as far as the years 1 to 9999 go."""

from datetime import UTC, datetime

import pytest

from models.collections.dates import Clock, date_micros, datetime_micros, datetime_text, math_micros, zone_named


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00.500000Z"),
        ("2024-02-29t12:00:00z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00.1234569-23:59", "2024-03-01T11:59:00.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_read_whatever_its_zone_and_its_fraction(text: str, shown: str) -> None:
    assert datetime_text(datetime_micros(text)) == shown


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "9999-12-31T23:59:60Z"])
def test_a_moment_outside_the_years_of_utc_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        datetime_micros(text)


@pytest.mark.parametrize("text", ["2024-W01-1", "2024-1-1", "20240101"])
def test_a_date_has_a_year_a_month_and_a_day(text: str) -> None:
    with pytest.raises(ValueError, match="2024"):
        date_micros(text)


def test_a_moment_at_the_end_of_time_is_told_to_be_outside_of_it_in_another_zone() -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), zone_named("+02:00"))
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        math_micros("9999-12-31T23:00:00Z||", clock, only_date=False, up=False)
