"""Stations that link to each other, and sightings at them: records with every kind of property."""

from typing import Any

from tests.acceptance.asking import Api, Writer

UID = "123e4567-e89b-12d3-a456-426614174000"
EXACT = 2**53

STATIONS: list[dict[str, Any]] = [
    {
        "code": "hide",
        "name": "The Hide",
        "location": {"lat": 60.0, "lon": 10.0},
        "neighbourCodes": ["tower", "nowhere", "pond"],
    },
    {"code": "pond", "name": "Old Pond", "location": {"lat": 60.0, "lon": 10.01}, "parentCode": "hide"},
    {
        "code": "tower",
        "name": "Tower",
        "location": {"lat": -16.5, "lon": 179.9},
        "parentCode": "hide",
        "neighbourCodes": ["hide"],
    },
    {"code": "boat", "name": None, "location": {"lat": -16.5, "lon": -179.9}, "parentCode": "gone"},
]
SIGHTINGS: list[dict[str, Any]] = [
    {
        "number": 1,
        "uid": UID,
        "seen": "2024-02-29",
        "reportedAt": "2024-03-01T00:30:00+02:00",
        "count": 3,
        "ringed": str(EXACT + 1),
        "weight": 0.5,
        "certain": True,
        "state": "officially_assigned",
        "observer": "a@example.org",
        "picture": "https://example.org/1?a=b",
        "species": "Éiderdown Gull",
        "tags": ["sea", "Sea", "cliff"],
        "remarks": ["flying high", "calling loudly"],
        "scores": [1, 5],
        "days": ["2024-02-28", "2024-02-29"],
        "spot": {"lat": 60.001, "lon": 10.0},
        "station": "hide",
        "weather": {"sky": "clear", "wind": 2.5},
        "marks": [{"place": "left", "colour": "red"}, {"place": "right", "colour": "blue"}],
        "extra": {"any": [1, "two", None, {"three": 3.5}]},
        "sightingHistory": "kept only",
        "inside": "x",
    },
    {
        "number": 2,
        "seen": "2024-03-31",
        "reportedAt": "2024-02-29T22:30:00.000001Z",
        "count": 5,
        "ringed": -5,
        "weight": 1.5,
        "certain": False,
        "state": "_2nd_look",
        "species": "eider",
        "tags": ["sea"],
        "scores": [3],
        "spot": {"lat": -16.5, "lon": -179.95},
        "station": "pond",
        "marks": [{"place": "left", "colour": "blue"}, {"place": "right", "colour": "red"}],
        "extra": [],
    },
    {
        "number": 3,
        "seen": "2024-05-01",
        "count": 10,
        "state": "_nderung",
        "species": "Zander",
        "tags": [],
        "weather": {},
        "extra": "text",
    },
    {"number": 4, "seen": "1890-12-31", "state": "new", "species": "", "station": "gone", "tags": [""], "extra": 5},
    {"number": 5, "seen": "2024-03-01"},
]


def write_sightings(admin: Api) -> None:
    """Have these records as they are here; those of others have numbers from 100."""
    for name, plural, records in (("Station", "stations", STATIONS), ("Sighting", "sightings", SIGHTINGS)):
        payloads = Writer(admin, name, plural).upsert(*records, wait="SEARCHABLE")
        assert [payload["errors"] for payload in payloads] == [[]] * len(records)
