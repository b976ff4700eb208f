"""Moments as RFC 3339 writes them are compared exactly, as far as the years 1 to 9999 go."""

import pytest

from models.collections.dates import datetime_micros, datetime_text


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
