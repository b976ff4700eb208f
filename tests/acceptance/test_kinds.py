"""Every kind of property: written, read, filtered, ordered and counted, over the API."""

from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.acceptance.sightings import EXACT, SIGHTINGS, UID, write_sightings

FOUND = """query($f: SightingFilter!) {
  sightings(filter: {and: [{number: {lt: 100}}, $f]}, orderBy: [{number: ASC}]) { totalCount nodes { number } } }"""


@pytest.fixture(scope="module", autouse=True)
def _records(admin: Api) -> None:
    write_sightings(admin)


def found(api: Api, **given_filter: Any) -> list[int]:
    connection = api.ask(FOUND, f=given_filter)["sightings"]
    numbers = [node["number"] for node in connection["nodes"]]
    assert connection["totalCount"] == len(numbers)
    return numbers


def test_a_record_is_given_back_as_it_was_written(admin: Api) -> None:
    fields = """number uid seen reportedAt count ringed weight certain state observer picture species tags remarks
      scores days spot { lat lon } station weather { sky wind } marks { place colour } extra sightingHistory inside"""
    by_key = admin.ask(f'{{ sighting(key: "1") {{ {fields} }} }}')["sighting"]
    searched = admin.ask(f"{{ sightings(filter: {{number: {{eq: 1}}}}) {{ nodes {{ {fields} }} }} }}")["sightings"][
        "nodes"
    ]
    assert by_key == SIGHTINGS[0]
    assert searched == [SIGHTINGS[0]]


def test_whole_numbers_of_64_bits_are_exact(admin: Api) -> None:
    nodes = "query($k: String) { sighting(key: $k) { ringed } }"
    assert admin.ask(nodes, k="1")["sighting"]["ringed"] == str(EXACT + 1)
    assert admin.ask(nodes, k="2")["sighting"]["ringed"] == -5
    assert found(admin, ringed={"eq": str(EXACT + 1)}) == [1]
    assert found(admin, ringed={"eq": EXACT}) == []
    assert found(admin, ringed={"gt": EXACT}) == [1]
    literal = f"{{ sightings(filter: {{ringed: {{eq: {EXACT + 1}}}, number: {{lt: 100}}}}) {{ totalCount }} }}"
    assert admin.ask(literal)["sightings"]["totalCount"] == 1


@pytest.mark.parametrize(
    ("given_filter", "numbers"),
    [
        ({"uid": {"eq": UID}}, [1]),
        ({"uid": {"ne": UID}}, [2, 3, 4, 5]),
        ({"seen": {"eq": "2024-02-29"}}, [1]),
        ({"seen": {"lt": "1900-01-01"}}, [4]),
        ({"seen": {"gte": "2024-03-31||/M", "lte": "2024-03-15||/M"}}, [2, 5]),
        ({"seen": {"gt": "2024-02-29||+1M"}}, [2, 3]),
        ({"seen": {"in": ["2024-03-01", "2024-05-01"]}}, [3, 5]),
        ({"seen": {"gt": "now-1d/d"}}, []),
        ({"reportedAt": {"eq": "2024-02-29T22:30:00Z"}}, [1]),
        ({"reportedAt": {"gt": "2024-02-29T22:30:00Z"}}, [2]),
        ({"reportedAt": {"gte": "2024-03-01||/d", "timeZone": "Europe/Helsinki"}}, [1, 2]),
        ({"reportedAt": {"gte": "2024-03-01||/d"}}, []),
        ({"reportedAt": {"exists": False}}, [3, 4, 5]),
        ({"count": {"gte": 5}}, [2, 3]),
        ({"count": {"ne": 5}}, [1, 3, 4, 5]),
        ({"weight": {"gt": 0.5}}, [2]),
        ({"weight": {"eq": 0.5}}, [1]),
        ({"certain": {"eq": True}}, [1]),
        ({"certain": {"exists": False}}, [3, 4, 5]),
        ({"not": {"certain": {"eq": True}}}, [2, 3, 4, 5]),
        ({"state": {"eq": "officially_assigned"}}, [1]),
        ({"state": {"in": ["_2nd_look", "_nderung"]}}, [2, 3]),
        ({"state": {"exists": False}}, [5]),
        ({"observer": {"startsWith": "a@"}}, [1]),
        ({"picture": {"contains": "?a="}}, [1]),
        ({"species": {"eq": "Eider"}}, []),
        ({"species": {"eq": "EIDER", "ignoreCase": True}}, [2]),
        ({"species": {"startsWith": "éIDER", "ignoreCase": True}}, [1]),
        ({"species": {"eq": ""}}, [4]),
        ({"species": {"exists": True}}, [1, 2, 3, 4]),
        ({"species": {"match": "gulls"}}, [1]),
        ({"tags": {"any": ["sea"]}}, [1, 2]),
        ({"tags": {"any": []}}, []),
        ({"tags": {"all": ["sea", "cliff"]}}, [1]),
        ({"tags": {"all": []}}, [1, 2, 3, 4, 5]),
        ({"tags": {"none": ["cliff", "sea"]}}, [3, 4, 5]),
        ({"tags": {"none": []}}, [1, 2, 3, 4, 5]),
        ({"tags": {"any": ["SEA"], "ignoreCase": True}}, [1, 2]),
        ({"tags": {"any": [""]}}, [4]),
        ({"tags": {"count": {"eq": 0}}}, [3, 5]),
        ({"tags": {"count": {"gt": 1}}}, [1]),
        ({"tags": {"exists": False}}, [3, 5]),
        ({"remarks": {"match": "call high"}}, [1]),
        ({"remarks": {"phrase": "high calling"}}, []),
        ({"scores": {"any": [5, 9]}}, [1]),
        ({"days": {"all": ["2024-02-28"]}}, [1]),
        ({"spot": {"near": {"lat": 60, "lon": 10, "withinMeters": 150}}}, [1]),
        ({"spot": {"near": {"lat": 60, "lon": 10, "withinMeters": 100}}}, []),
        ({"spot": {"box": {"north": 0, "south": -20, "east": -179, "west": 179}}}, [2]),
        ({"spot": {"box": {"north": 90, "south": 0, "east": 179, "west": -179}}}, [1]),
        ({"spot": {"exists": False}}, [3, 4, 5]),
        ({"weather": {"sky": {"eq": "clear"}}}, [1]),
        ({"weather": {"wind": {"exists": False}}}, [2, 3, 4, 5]),
        ({"marks": {"some": {"place": {"eq": "left"}, "colour": {"eq": "red"}}}}, [1]),
        ({"marks": {"some": {"place": {"eq": "left"}}}}, [1, 2]),
        ({"marks": {"none": {"place": {"eq": "left"}}}}, [3, 4, 5]),
        ({"marks": {"every": {"place": {"eq": "left"}}}}, [3, 4, 5]),
        ({"marks": {"count": {"eq": 2}}}, [1, 2]),
        ({"place": {"name": {"eq": "Old Pond"}}}, [2]),
        ({"place": {"exists": False}}, [3, 4, 5]),
        ({"inside": {"eq": "x"}}, [1]),
    ],
    ids=str,
)
def test_each_kind_is_filtered_by_its_operators(admin: Api, given_filter: dict[str, Any], numbers: list[int]) -> None:
    assert found(admin, **given_filter) == numbers
    if "not" not in given_filter:
        assert found(admin, **{"not": given_filter}) == [n for n in (1, 2, 3, 4, 5) if n not in numbers]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ({"seen": "ASC"}, [4, 1, 5, 2, 3]),
        ({"reportedAt": "DESC"}, [2, 1, 3, 4, 5]),
        ({"ringed": "ASC"}, [2, 1, 3, 4, 5]),
        ({"weight": "DESC"}, [2, 1, 3, 4, 5]),
        ({"certain": "ASC"}, [2, 1, 3, 4, 5]),
        ({"species": "ASC"}, [4, 2, 1, 3, 5]),
        ({"species": "DESC"}, [3, 1, 2, 4, 5]),
        ({"weather": {"wind": "ASC"}}, [1, 2, 3, 4, 5]),
        ({"marks": {"colour": "ASC"}}, [1, 2, 3, 4, 5]),
        ({"place": {"name": "ASC"}}, [2, 1, 3, 4, 5]),
        ({"spot": {"lat": -16, "lon": 179, "direction": "ASC"}}, [2, 1, 3, 4, 5]),
        ({"spot": {"lat": -16, "lon": 179, "direction": "DESC"}}, [1, 2, 3, 4, 5]),
    ],
    ids=str,
)
def test_each_kind_orders_with_nothing_last_and_pages(admin: Api, order: dict[str, Any], numbers: list[int]) -> None:
    document = """query($o: [SightingOrder!], $a: String, $b: String, $first: Int, $last: Int) {
      sightings(filter: {number: {lt: 100}}, orderBy: $o, after: $a, before: $b, first: $first, last: $last) {
        nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    forward: list[int] = []
    after = None
    while True:
        page = admin.ask(document, o=[order], a=after, first=2)["sightings"]
        forward += [node["number"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert forward == numbers
    last = admin.ask(document, o=[order], last=2)["sightings"]
    assert [node["number"] for node in last["nodes"]] == numbers[-2:]
    before = admin.ask(document, o=[order], last=2, b=last["pageInfo"]["startCursor"])["sightings"]
    assert [node["number"] for node in before["nodes"]] == numbers[1:3]
    assert before["pageInfo"]["hasPreviousPage"] is True


def test_each_kind_is_counted(admin: Api) -> None:
    document = """{ sightings(filter: {number: {lt: 100}}, first: 0) { facets {
      seen { min max buckets { from to count } missingCount }
      reportedAt { min max buckets { from count } missingCount }
      count { buckets { from to count } missingCount }
      weight { min max buckets { from to count } missingCount }
      certain { buckets { value label count } missingCount }
      state(order: VALUE) { buckets { value label count } missingCount }
      tags(first: 2) { buckets { value count } otherCount missingCount }
      species(contains: "EIDER") { buckets { value } }
      weather { sky { buckets { value count } missingCount } }
      marks { place { buckets { value count } missingCount } }
    } } }"""
    facets = admin.ask(document)["sightings"]["facets"]
    months = facets["seen"]["buckets"]
    assert (facets["seen"]["min"], facets["seen"]["max"]) == ("1890-12-31", "2024-05-01")
    assert months[0] == {"from": "1890-12-01", "to": "1891-01-01", "count": 1}
    assert [(b["from"], b["count"]) for b in months[-4:]] == [
        ("2024-02-01", 1),
        ("2024-03-01", 2),
        ("2024-04-01", 0),
        ("2024-05-01", 1),
    ]
    assert facets["reportedAt"] == {
        "min": "2024-02-29",
        "max": "2024-02-29",
        "buckets": [{"from": "2024-01-01", "count": 2}],
        "missingCount": 3,
    }
    ranges = [(None, 5, 1), (5, 10, 1), (10, None, 1)]
    assert [(b["from"], b["to"], b["count"]) for b in facets["count"]["buckets"]] == ranges
    assert facets["count"]["missingCount"] == 2
    assert [(b["from"], b["count"]) for b in facets["weight"]["buckets"]] == [(0.5, 1), (1.0, 0), (1.5, 1)]
    assert (facets["weight"]["min"], facets["weight"]["max"], facets["weight"]["missingCount"]) == (0.5, 1.5, 3)
    assert [(b["value"], b["count"]) for b in facets["certain"]["buckets"]] == [("false", 1), ("true", 1)]
    assert [b["value"] for b in facets["state"]["buckets"]] == ["_2nd_look", "new", "officially_assigned", "_nderung"]
    assert [b["label"] for b in facets["state"]["buckets"]] == ["2nd look", "new", "officially-assigned", "Änderung"]
    assert facets["tags"] == {
        "buckets": [{"value": "sea", "count": 2}, {"value": "", "count": 1}],
        "otherCount": 2,
        "missingCount": 2,
    }
    assert [b["value"] for b in facets["species"]["buckets"]] == ["eider", "Éiderdown Gull"]
    assert facets["weather"]["sky"] == {"buckets": [{"value": "clear", "count": 1}], "missingCount": 4}
    assert facets["marks"]["place"] == {
        "buckets": [{"value": "left", "count": 2}, {"value": "right", "count": 2}],
        "missingCount": 3,
    }


def test_a_facet_ignores_its_own_filter_unless_told_and_shows_what_is_selected(admin: Api) -> None:
    document = """{ sightings(filter: {number: {lt: 100}, state: {eq: new}}, first: 0) { totalCount facets {
      state(first: 1, order: VALUE) { buckets { value selected } }
      own: state(includeOwnFilter: true) { buckets { value selected } } } } }"""
    found_now = admin.ask(document)["sightings"]
    assert found_now["totalCount"] == 1
    assert found_now["facets"]["state"]["buckets"] == [
        {"value": "_2nd_look", "selected": False},
        {"value": "new", "selected": True},
    ]
    assert found_now["facets"]["own"]["buckets"] == [{"value": "new", "selected": True}]


def test_free_json_goes_in_and_out_as_it_is_and_null_removes_it(admin: Api) -> None:
    sightings = Writer(admin, "Sighting", "sightings", "id extra")
    values: list[Any] = [0, 1.5, "", "text", True, [], {}, [[{}]], {"é\u2028": {"x": [None]}}, -1e-9, 10**15]
    for value in values:
        written = sightings.upsert({"number": 6, "seen": "2024-01-01", "extra": value})[0]["record"]
        assert written["extra"] == value
        sightings.update(written["id"], {"extra": None})
    assert sightings.update(written["id"], {})["record"]["extra"] is None
    sightings.delete(written["id"], wait="SEARCHABLE")


@pytest.mark.parametrize("spot", [{"lat": 91, "lon": 0}, {"lat": 0, "lon": -181}])
def test_a_place_that_is_not_on_earth_is_no_value(admin: Api, spot: dict[str, float]) -> None:
    refused = Writer(admin, "Sighting", "sightings").create(number=7, seen="2024-01-01", spot=spot)
    assert {code for code, _ in errors_of(refused)} == {"VALIDATION"}
    assert {path[0] for _, path in errors_of(refused)} == {"spot"}
