"""Writes through the API: what goes in, what is refused and where, what stays of earlier states."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.running import System

READ = "query($key: String) { sighting(key: $key) { number species tags weather { sky wind } extra sightingHistory } }"
HISTORY = """query($key: String, $first: Int, $after: String) { sighting(key: $key) {
  history(first: $first, after: $after) {
    nodes { revision operation at by data changes } pageInfo { hasNextPage endCursor } } } }"""
LARGE = 2**31 - 1


@pytest.fixture(scope="module")
def sightings(admin: Api) -> Writer:
    return Writer(admin, "Sighting", "sightings", "id key revision number species tags extra weather { sky wind }")


@pytest.fixture
def record(sightings: Writer, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record of the test's own."""
    number = 1_000_000 + abs(hash(request.node.name)) % 1_000_000_000
    weather = {"sky": "clear", "wind": 3.5}
    made = sightings.create(
        number=number,
        seen="2024-05-01",
        species="Curlew",
        tags=["shore", "flock"],
        weather=weather,
        extra={"a": {"b": 1, "c": 2}},
    )
    assert made["errors"] == []
    created: dict[str, Any] = made["record"]
    return created


def test_a_created_record_is_read_at_once_by_id_and_by_key(admin: Api, record: dict[str, Any]) -> None:
    found = admin.ask(
        "query($id: ID!, $key: String) { a: sighting(id: $id) { key species } b: sighting(key: $key) { id revision } }",
        id=record["id"],
        key=record["key"],
    )
    assert found == {"a": {"key": record["key"], "species": "Curlew"}, "b": {"id": record["id"], "revision": 1}}
    assert record["key"] == str(record["number"])


def test_a_record_with_a_key_that_is_taken_is_refused(sightings: Writer, record: dict[str, Any]) -> None:
    again = sightings.create(number=record["number"], seen="2024-05-02")
    assert errors_of(again) == [("DUPLICATE_KEY", ["number"])]


def test_everything_that_is_wrong_with_a_record_is_said_at_once_with_its_path(sightings: Writer) -> None:
    marks = [{"place": "left"}, {"place": "\0"}]
    refused = sightings.create(number=5, seen="2024-05-01", count=-1, marks=marks, extra={"deep": ["\0"]})
    assert sorted(errors_of(refused)) == [
        ("VALIDATION", ["count"]),
        ("VALIDATION", ["extra", "deep", "0"]),
        ("VALIDATION", ["marks", "1", "place"]),
    ]


def test_half_a_surrogate_pair_is_refused_where_it_stands(sightings: Writer, record: dict[str, Any]) -> None:
    lone = "\ud83d"
    assert errors_of(sightings.update(record["id"], {"tags": ["x", lone]})) == [("VALIDATION", ["tags", "1"])]
    assert errors_of(sightings.update(record["id"], {"extra": {"a": {lone: 1}}})) == [("VALIDATION", ["extra", "a"])]
    assert sightings.update(record["id"], {"tags": ["\U0001f426"]})["record"]["tags"] == ["\U0001f426"]


def test_a_patch_changes_what_it_names_and_removes_what_it_nulls(
    admin: Api, sightings: Writer, record: dict[str, Any]
) -> None:
    patch = {"species": None, "weather": {"wind": 9.5}, "tags": ["alone"], "extra": {"a": {"b": None, "d": 3}}}
    patched = sightings.update(record["id"], patch)
    assert patched["errors"] == []
    assert patched["record"] == record | {
        "revision": 2,
        "species": None,
        "weather": {"sky": "clear", "wind": 9.5},
        "tags": ["alone"],
        "extra": {"a": {"c": 2, "d": 3}},
    }
    assert admin.ask(READ, key=record["key"])["sighting"]["tags"] == ["alone"]


def test_a_patch_that_changes_nothing_makes_no_revision(sightings: Writer, record: dict[str, Any]) -> None:
    patches: list[dict[str, Any]] = [{}, {"species": "Curlew"}, {"weather": {}}, {"extra": {"a": {"b": 1}}}]
    for patch in patches:
        assert sightings.update(record["id"], patch) == {"record": record, "errors": []}


def test_a_required_property_can_not_be_removed(sightings: Writer, record: dict[str, Any]) -> None:
    assert errors_of(sightings.update(record["id"], {"seen": None})) == [("VALIDATION", ["seen"])]


def test_a_write_that_expects_another_revision_gets_the_current_record(
    sightings: Writer, record: dict[str, Any]
) -> None:
    current = sightings.update(record["id"], {"species": "Whimbrel"}, expected=1)["record"]
    assert current["revision"] == 2
    for refused in (
        sightings.update(record["id"], {"species": "Godwit"}, expected=1),
        sightings.delete(record["id"], expected=1),
        sightings.revert(record["id"], 1, expected=1),
    ):
        assert errors_of(refused) == [("CONFLICT", [])]
        assert refused["record"] == current


def test_a_key_can_be_changed_unless_it_is_taken(admin: Api, sightings: Writer, record: dict[str, Any]) -> None:
    other = sightings.create(number=record["number"] + 1, seen="2024-05-01")["record"]
    assert errors_of(sightings.update(record["id"], {"number": other["number"]})) == [("DUPLICATE_KEY", ["number"])]
    moved = sightings.update(record["id"], {"number": record["number"] + 2})["record"]
    assert moved["key"] == str(record["number"] + 2)
    assert admin.ask(READ, key=record["key"])["sighting"] is None


def test_a_deleted_record_is_gone_its_key_is_free_and_it_can_come_back(
    admin: Api, sightings: Writer, record: dict[str, Any]
) -> None:
    assert sightings.delete(record["id"], expected=1) == {"record": None, "errors": []}
    found = admin.ask(
        "query($id: ID!, $key: String) { node(id: $id) { id } sighting(key: $key) { id } }", **_names(record)
    )
    assert found == {"node": None, "sighting": None}
    assert errors_of(sightings.delete(record["id"])) == [("NOT_FOUND", [])]
    assert errors_of(sightings.update(record["id"], {"species": "x"})) == [("NOT_FOUND", [])]

    heir = sightings.create(number=record["number"], seen="2024-06-01")["record"]
    assert errors_of(sightings.restore(record["id"])) == [("DUPLICATE_KEY", ["number"])]
    sightings.delete(heir["id"])
    assert sightings.restore(record["id"])["record"] == record | {"revision": 3}


def _names(record: dict[str, Any]) -> dict[str, Any]:
    return {"id": record["id"], "key": record["key"]}


def test_a_revert_makes_an_earlier_state_a_new_revision(sightings: Writer, record: dict[str, Any]) -> None:
    sightings.update(record["id"], {"species": "Godwit", "weather": {"sky": None}})
    assert sightings.revert(record["id"], 1)["record"] == record | {"revision": 3}
    for absent in (0, 4, -1, LARGE):
        assert errors_of(sightings.revert(record["id"], absent))[0][0] == "NOT_FOUND"


def test_the_history_tells_every_state_newest_first_a_page_at_a_time(
    admin: Api, sightings: Writer, record: dict[str, Any]
) -> None:
    sightings.update(record["id"], {"species": "Godwit"})
    sightings.delete(record["id"])
    sightings.restore(record["id"])
    sightings.revert(record["id"], 1)
    told: list[dict[str, Any]] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        history = admin.ask(HISTORY, key=record["key"], first=2, after=page["endCursor"])["sighting"]["history"]
        assert 1 <= len(history["nodes"]) <= 2
        told += history["nodes"]
        page = history["pageInfo"]
    operations = ["REVERT", "RESTORE", "DELETE", "UPDATE", "CREATE"]
    assert [(one["revision"], one["operation"]) for one in told] == list(zip((5, 4, 3, 2, 1), operations, strict=True))
    assert {one["by"] for one in told} == {"admin"}
    species = {one["revision"]: one["data"]["species"] for one in told if one["operation"] != "DELETE"}
    assert species == {1: "Curlew", 2: "Godwit", 4: "Godwit", 5: "Curlew"}
    assert told[3]["changes"] == {"species": "Godwit"}


def test_an_unknown_or_malformed_id_is_not_found(sightings: Writer, record: dict[str, Any], admin: Api) -> None:
    station = Writer(admin, "Station", "stations").upsert({"code": "writes"})[0]["record"]
    for absent in ("", "1", "nonsense", "%", record["id"] + "x", record["id"].swapcase(), station["id"], "ä" * 100):
        assert errors_of(sightings.update(absent, {"species": "x"})) == [("NOT_FOUND", [])]
        assert errors_of(sightings.delete(absent)) == [("NOT_FOUND", [])]
        assert errors_of(sightings.restore(absent)) == [("NOT_FOUND", [])]
    assert admin.ask("query($id: ID!) { sighting(id: $id) { id } }", id=station["id"]) == {"sighting": None}


def test_an_upsert_answers_for_each_record_by_itself(sightings: Writer, record: dict[str, Any]) -> None:
    number = record["number"]
    results = sightings.upsert(
        {"number": number + 10, "seen": "2024-01-01"},
        {"number": number, "seen": "2024-05-01", "weather": {"wind": 1}},
        {"number": number + 11, "seen": "2024-01-01", "count": -5},
        {"number": number, "seen": "2024-05-01", "weather": {"wind": 1}},
    )
    created, merged, refused, unchanged = results
    assert (created["record"]["revision"], created["errors"]) == (1, [])
    assert merged["record"] == record | {"revision": 2, "weather": {"sky": "clear", "wind": 1}}
    assert errors_of(refused) == [("VALIDATION", ["count"])]
    assert unchanged["record"]["revision"] == 2
    assert sightings.upsert({"number": number, "seen": "2024-05-01"})[0]["record"]["revision"] == 2


def test_more_records_than_an_upsert_takes_are_refused_and_none_is_written(admin: Api) -> None:
    rows = ", ".join(f'{{number: {LARGE - n}, seen: "2024-01-01"}}' for n in range(1_001))
    too_many = admin.answer(f"mutation {{ upsertSightings(records: [{rows}]) {{ errors {{ code }} }} }}")
    assert {error["extensions"]["code"] for error in too_many["errors"]} <= {"BAD_USER_INPUT", "COST_EXCEEDED"}
    records = [{"number": LARGE - n, "seen": "2024-01-01"} for n in range(1_001)]
    document = "mutation($r: [SightingInput!]!) { upsertSightings(records: $r) { errors { code } } }"
    assert admin.refusal(document, r=records) == "BAD_USER_INPUT"
    assert admin.ask(READ, key=str(LARGE))["sighting"] is None


def test_a_thousand_records_go_in_by_one_upsert(admin: Api, sightings: Writer) -> None:
    numbers = range(500_000, 501_000)
    payloads = sightings.upsert(*({"number": n, "seen": "1990-01-01"} for n in numbers), wait="SEARCHABLE")
    assert [payload["record"]["key"] for payload in payloads] == [str(n) for n in numbers]
    counted = "{ sightings(filter: {number: {gte: 500000, lt: 501000}}) { totalCount } }"
    assert admin.ask(counted)["sightings"]["totalCount"] == 1_000


def test_a_write_that_waits_for_search_is_found_by_the_next_search(
    admin: Api, sightings: Writer, record: dict[str, Any]
) -> None:
    document = 'query($n: Int) { sightings(search: "greenshank", filter: {number: {eq: $n}}) { totalCount } }'

    def found() -> int:
        count: int = admin.ask(document, n=record["number"])["sightings"]["totalCount"]
        return count

    for _ in range(3):
        sightings.update(record["id"], {"species": "Greenshank"}, wait="SEARCHABLE")
        assert found() == 1
        sightings.update(record["id"], {"species": "Curlew"}, wait="SEARCHABLE")
        assert found() == 0
    sightings.update(record["id"], {"species": "Greenshank"}, wait="SEARCHABLE")
    sightings.delete(record["id"], wait="SEARCHABLE")
    assert found() == 0


def test_mutations_run_one_after_the_other(admin: Api, record: dict[str, Any]) -> None:
    document = """mutation($id: ID!) {
      a: updateSighting(id: $id, patch: {species: "A"}, expectedRevision: 1) { record { species } errors { code } }
      b: updateSighting(id: $id, patch: {species: "B"}, expectedRevision: 2) { record { species } errors { code } }
      c: deleteSighting(id: $id, expectedRevision: 3) { record { id } errors { code } }
    }"""
    done = admin.ask(document, id=record["id"])
    assert [done[name]["errors"] for name in "abc"] == [[], [], []]
    assert [done[name]["record"] for name in "abc"] == [{"species": "A"}, {"species": "B"}, None]


def test_of_many_writers_that_expect_the_same_revision_one_wins(sightings: Writer, record: dict[str, Any]) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: sightings.update(record["id"], {"species": f"S{n}"}, expected=1), range(8)))
    assert sorted(len(payload["errors"]) for payload in done) == [0] + [1] * 7
    assert {payload["record"]["revision"] for payload in done} == {2}


def test_keys_beyond_the_properties_are_kept_and_named_in_no_type(kinds: System, admin: Api) -> None:
    line = b'{"number": 77001, "seen": "2024-01-01", "unheard": [1, {"of": null}]}\n'
    assert kinds.command("import", "Sighting", "-", stdin=line).returncode == 0
    exported = [json.loads(line) for line in kinds.command("export", "Sighting").stdout.splitlines()]
    assert {"number": 77001, "seen": "2024-01-01", "unheard": [1, {"of": None}]} in exported
    assert admin.refusal('{ sighting(key: "77001") { unheard } }') == "GRAPHQL_VALIDATION_FAILED"
    assert admin.ask(HISTORY, key="77001")["sighting"]["history"]["nodes"][0]["data"]["unheard"] == [1, {"of": None}]


def test_what_a_write_answers_is_what_the_writes_before_it_in_the_request_left(admin: Api) -> None:
    made = admin.ask("""mutation {
      a: createStation(input: {code: "fresh-a", parentCode: "fresh"}) { record { id parent { name } } }
      b: createStation(input: {code: "fresh", name: "New"}) { record { id } }
      c: createStation(input: {code: "fresh-c", parentCode: "fresh"}) { record { id parent { name } } }
      d: upsertStations(records: [{code: "fresh", name: "Newer"}]) { record { id } }
      e: createStation(input: {code: "fresh-e", parentCode: "fresh"}) { record { id parent { name } } }
    }""")
    assert [made[name]["record"]["parent"] for name in "ace"] == [None, {"name": "New"}, {"name": "Newer"}]
    stations = Writer(admin, "Station", "stations")
    for name in "abce":
        assert stations.delete(made[name]["record"]["id"], wait="SEARCHABLE")["errors"] == []
