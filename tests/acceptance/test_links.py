"""Links are followed, filtered by, searched through, and follow their targets."""

import time
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer
from tests.acceptance.sightings import STATIONS, write_sightings
from tests.acceptance.task_work import until


@pytest.fixture(scope="module", autouse=True)
def _records(admin: Api) -> None:
    write_sightings(admin)


def test_links_lead_to_records_of_their_own_kind_alone_and_in_lists(admin: Api) -> None:
    document = """query($k: String) { station(key: $k) {
      parent { code } neighbourCodes neighbours { code parent { code neighbours { code } } }
      children(orderBy: [{code: ASC}]) { totalCount nodes { code } }
      sightings { totalCount nodes { number place { code } } } } }"""
    hide = admin.ask(document, k="hide")["station"]
    assert hide == {
        "parent": None,
        "neighbourCodes": ["tower", "nowhere", "pond"],
        "neighbours": [
            {"code": "tower", "parent": {"code": "hide", "neighbours": [{"code": "tower"}, None, {"code": "pond"}]}},
            None,
            {"code": "pond", "parent": {"code": "hide", "neighbours": [{"code": "tower"}, None, {"code": "pond"}]}},
        ],
        "children": {"totalCount": 2, "nodes": [{"code": "pond"}, {"code": "tower"}]},
        "sightings": {"totalCount": 1, "nodes": [{"number": 1, "place": {"code": "hide"}}]},
    }
    assert admin.ask(document, k="boat")["station"] == {
        "parent": None,
        "neighbourCodes": None,
        "neighbours": [],
        "children": {"totalCount": 0, "nodes": []},
        "sightings": {"totalCount": 0, "nodes": []},
    }


def test_stations_are_found_by_what_they_link_to(admin: Api) -> None:
    document = "query($f: StationFilter) { stations(filter: $f, orderBy: [{code: ASC}]) { nodes { code } } }"

    def codes(**given_filter: Any) -> list[str]:
        only: dict[str, Any] = {"code": {"in": [station["code"] for station in STATIONS]}}
        nodes = admin.ask(document, f={"and": [only, given_filter]})["stations"]["nodes"]
        return [node["code"] for node in nodes]

    assert codes(parent={"name": {"eq": "The Hide"}}) == ["pond", "tower"]
    assert codes(parent={"exists": False}) == ["boat", "hide"]
    assert codes(neighbourCodes={"any": ["hide"]}) == ["tower"]
    assert codes(location={"near": {"lat": -16.5, "lon": 180, "withinMeters": 20_000}}) == ["boat", "tower"]


def test_a_search_finds_words_in_linked_records_and_follows_them(admin: Api) -> None:
    stations = Writer(admin, "Station", "stations")

    def searched(text: str) -> Any:
        document = """query($s: String) { sightings(search: $s, filter: {number: {lt: 100}}) {
          edges { node { number } highlights { path fragments } } } }"""
        return admin.ask(document, s=text)["sightings"]["edges"]

    assert searched("pond") == [
        {"node": {"number": 2}, "highlights": [{"path": "place.name", "fragments": ["Old <mark>Pond</mark>"]}]}
    ]
    pond = stations.upsert({"code": "pond", "name": "New Lagoon"}, wait="SEARCHABLE")[0]["record"]
    try:
        until(lambda: [edge["node"]["number"] for edge in searched("lagoon")] == [2])
        assert searched("pond") == []
    finally:
        stations.update(pond["id"], {"name": "Old Pond"})
        until(lambda: len(searched("pond")) == 1)


def test_a_record_that_takes_another_key_is_no_longer_what_was_linked_to(admin: Api) -> None:
    stations = Writer(admin, "Station", "stations")

    def linked(filter_on_place: str) -> Any:
        document = f"{{ sightings(filter: {{number: {{eq: 2}}, place: {filter_on_place}}}) {{ nodes {{ number }} }} }}"
        return admin.ask(document)["sightings"]["nodes"]

    pond = admin.ask('{ station(key: "pond") { id } }')["station"]["id"]
    stations.update(pond, {"code": "lake"})
    try:
        until(lambda: linked("{exists: false}") == [{"number": 2}])
        assert linked('{name: {eq: "Old Pond"}}') == []
    finally:
        stations.update(pond, {"code": "pond"})
        until(lambda: linked('{name: {eq: "Old Pond"}}') == [{"number": 2}])


def test_links_in_a_ring_come_to_rest(admin: Api) -> None:
    Writer(admin, "Station", "stations").upsert(
        {"code": "hide", "neighbourCodes": ["tower", "nowhere", "pond"], "parentCode": "tower"}, wait="SEARCHABLE"
    )
    document = "{ collections { name pending indexGeneration } }"

    def state() -> Any:
        return next(one for one in admin.ask(document)["collections"] if one["name"] == "Station")

    def at_rest() -> bool:
        before = state()
        time.sleep(1.5)  # longer than it takes until what was indexed last is counted
        return bool(before["pending"] == 0 and state() == before)

    try:
        until(at_rest)
    finally:
        hide = admin.ask('{ station(key: "hide") { id } }')["station"]["id"]
        Writer(admin, "Station", "stations").update(hide, {"parentCode": None}, wait="SEARCHABLE")
