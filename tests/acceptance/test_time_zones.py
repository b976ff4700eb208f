"""Date math and days are reckoned in the time zone that is asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer


def test_date_math_is_reckoned_in_the_time_zone_asked_for(admin: Api) -> None:
    specimens = Writer(admin, "Specimen", "specimens")
    now = datetime.now(UTC)
    ago = {"now": timedelta(), "hours": timedelta(hours=30), "month": timedelta(days=31), "year": timedelta(days=400)}
    records = [
        {"specimenId": f"math-{name}", "at": (now - one).isoformat(), "day": (now - one).date().isoformat()}
        for name, one in ago.items()
    ]
    made = specimens.upsert(*records, wait="SEARCHABLE")

    def math(**given: Any) -> list[str]:
        document = "query($f: SpecimenFilter) { specimens(filter: $f, orderBy: [{at: DESC}]) { nodes { key } } }"
        nodes = admin.ask(document, f={"specimenId": {"startsWith": "math-"}, **given})["specimens"]["nodes"]
        return [node["key"].removeprefix("math-") for node in nodes]

    try:
        assert math(at={"gte": "now-30d/d"}) == ["now", "hours"]
        assert math(at={"gte": "now-30d/d", "timeZone": "Pacific/Auckland"}) == ["now", "hours"]
        assert math(at={"gt": "now-31h", "lte": "now"}) == ["now", "hours"]
        assert math(at={"lt": "now-1y/d"}) == ["year"]
        assert math(day={"gte": "now-2M/M"}) == ["now", "hours", "month"]
        # Kiritimati is 25 hours before Pago Pago: one and the same moment has two dates.
        assert math(day={"gt": "now/d", "timeZone": "Pacific/Pago_Pago"}) in ([], ["now"])
        assert math(at={"gte": "now/d", "timeZone": "Pacific/Kiritimati"}) in ([], ["now"])
        assert math(at={"gte": (now - timedelta(hours=40)).strftime("%Y-%m-%dT%H:%M:%S")}) == ["now", "hours"]
    finally:
        for one in made:
            specimens.delete(one["record"]["id"])


@pytest.mark.parametrize(
    ("zone", "start", "keys"),
    [
        ("UTC", "2024-03-31||/d", ["zone-late"]),
        # Clocks go from 01:00 to 02:00 on that day in London, which begins as in UTC and ends an hour sooner.
        ("Europe/London", "2024-03-31||/d", ["zone-late"]),
        ("America/New_York", "2024-03-30||/d", ["zone-early", "zone-late"]),
        ("+14:00", "2024-03-31||/d", ["zone-early", "zone-late"]),
        ("-12:00", "2024-03-31||/d", ["zone-late"]),
    ],
)
def test_a_day_begins_where_its_zone_says(admin: Api, zone: str, start: str, keys: list[str]) -> None:
    specimens = Writer(admin, "Specimen", "specimens")
    early = {"specimenId": "zone-early", "at": "2024-03-30T11:00:00Z"}
    late = {"specimenId": "zone-late", "at": "2024-03-31T22:30:00Z"}
    specimens.upsert(early, late, wait="SEARCHABLE")
    document = "query($f: SpecimenFilter) { specimens(filter: $f, orderBy: [{specimenId: ASC}]) { nodes { key } } }"
    given = {"specimenId": {"startsWith": "zone-"}, "at": {"gte": start, "timeZone": zone}}
    assert [node["key"] for node in admin.ask(document, f=given)["specimens"]["nodes"]] == keys


def test_a_time_zone_that_is_none_is_bad_input(admin: Api) -> None:
    document = '{ specimens(filter: {at: {gte: "now/d", timeZone: "Mars/Base"}}) { totalCount } }'
    assert admin.refusal(document) == "BAD_USER_INPUT"
