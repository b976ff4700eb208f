"""Whatever a client sends has a clear answer: senseless arguments, values that are none, any text to search for."""

import string
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.nodes import global_id, read_global_id
from tests.acceptance.asking import Api
from tests.running import System

SEARCH = """query($s: String) { artworks(search: $s, first: 2) {
  totalCount nodes { acno } edges { highlights { fragments } } } }"""
# What the parsers behind a search have a meaning for.
SYNTAX = st.text(st.sampled_from('"+-|*~()\\/:^[]{}!&?=<>. ab1é\u0301\u202e\0\ud800') | st.characters(), max_size=60)

PROPERTIES = {
    "DateTime": "reportedAt",
    "UUID": "uid",
    "Email": "observer",
    "URI": "picture",
    "Long": "ringed",
    "Int": "count",
    "Float": "weight",
    "Boolean": "certain",
    "SightingState": "state",
    "GeoPointInput": "spot",
}


def cursor_of(api: Api, arguments: str) -> str:
    connection = api.ask(f"{{ artworks({arguments}, first: 3) {{ pageInfo {{ endCursor }} }} }}")["artworks"]
    cursor: str = connection["pageInfo"]["endCursor"]
    return cursor


@pytest.mark.parametrize(
    "arguments",
    [
        "first: -1",
        "last: -1",
        "first: 1001",
        "last: 1001",
        "first: 2147483647",
        "first: 1, last: 1",
        'after: "nonsense"',
        'after: ""',
        'before: "%"',
        'after: "AAAA", first: 0',
        "filter: {title: {eq: null}}",
        "filter: {acquisitionYear: {in: [1, null]}}",
        "filter: {acquisitionYear: {gt: 2147483648}}",
        'filter: {acquisitionYear: {eq: "1900"}}',
        "orderBy: [{}]",
        "orderBy: [{title: ASC, acno: DESC}]",
        "orderBy: [{title: SIDEWAYS}]",
        "orderBy: [{dateRange: {}}]",
        "filter: {unknown: {eq: 1}}",
    ],
)
def test_arguments_that_mean_nothing_are_named_as_such(tate_api: Api, arguments: str) -> None:
    document = f"{{ artworks({arguments}) {{ totalCount nodes {{ acno }} pageInfo {{ endCursor }} }} }}"
    answer = tate_api.answer(document)
    assert {error["extensions"]["code"] for error in answer["errors"]} <= {
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
    }
    assert answer.get("data") in (None, {"artworks": None})


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("first: -1", "BAD_USER_INPUT"), ("first: 1001", "BAD_USER_INPUT"), ("first: 2, last: 2", "BAD_USER_INPUT")],
)
def test_page_sizes_out_of_bounds_are_bad_input_also_as_variables(tate_api: Api, arguments: str, code: str) -> None:
    values = {name: int(value) for name, value in (part.split(": ") for part in arguments.split(", "))}
    document = "query($first: Int, $last: Int) { artworks(first: $first, last: $last) { nodes { acno } } }"
    assert tate_api.refusal(document, **values) == code
    assert tate_api.refusal(f"{{ artworks({arguments}) {{ nodes {{ acno }} }} }}") == code


def test_a_cursor_belongs_to_its_order_and_not_to_its_filter(tate_api: Api) -> None:
    document = "query($after: String) { artworks(orderBy: [{%s}], after: $after, first: 2%s) { nodes { acno } } }"
    cursor = cursor_of(tate_api, "orderBy: [{title: ASC}]")
    assert tate_api.refusal(document % ("title: DESC", ""), after=cursor) == "BAD_USER_INPUT"
    assert tate_api.refusal(document % ("acno: ASC", ""), after=cursor) == "BAD_USER_INPUT"
    assert tate_api.refusal("query($a: String) { artists(after: $a) { nodes { key } } }", a=cursor) == "BAD_USER_INPUT"
    assert (
        tate_api.refusal('query($a: String) { artworks(search: "x", after: $a) { nodes { acno } } }', a=cursor)
        == "BAD_USER_INPUT"
    )
    assert tate_api.refusal(document % ("title: ASC", ""), after=cursor[:-2] + "AA") == "BAD_USER_INPUT"
    narrowed = document % ("title: ASC", ", filter: {acquisitionYear: {gt: 1900}}")
    assert len(tate_api.ask(narrowed, after=cursor)["artworks"]["nodes"]) == 2


def test_a_condition_that_is_null_names_exists(tate_api: Api) -> None:
    for document, variables in (
        ("{ artworks(filter: {title: {eq: null}}) { totalCount } }", {}),
        ("query($f: ArtworkFilter) { artworks(filter: $f) { totalCount } }", {"f": {"title": {"eq": None}}}),
        ("query($v: String) { artworks(filter: {title: {eq: $v}}) { totalCount } }", {"v": None}),
    ):
        (error,) = tate_api.answer(document, variables)["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "exists" in error["message"]


def test_nothing_asked_for_is_no_condition(tate_api: Api) -> None:
    whole = tate_api.ask("{ artworks { totalCount } }")["artworks"]["totalCount"]
    for given_filter in ("null", "{}", "{title: null}", "{title: {}}", "{and: []}", "{not: {or: []}}"):
        counted = tate_api.ask(f"{{ artworks(filter: {given_filter}, first: 0) {{ totalCount }} }}")["artworks"]
        assert counted == {"totalCount": whole}, given_filter
    for given_filter in ("{or: []}", "{not: {}}", "{acno: {in: []}}", "{not: {and: []}}"):
        counted = tate_api.ask(f"{{ artworks(filter: {given_filter}) {{ totalCount }} }}")["artworks"]
        assert counted == {"totalCount": 0}, given_filter


@pytest.mark.parametrize(
    "value", ["2024-02-30", "yesterday", "2024-1-1", "", "now-30", "now-1q", "20240101", "2024-01-01T00:00:00Z"]
)
def test_a_malformed_date_is_bad_input_as_literal_and_as_variable(admin: Api, value: str) -> None:
    literal = f'{{ sightings(filter: {{seen: {{gte: "{value}"}}}}) {{ totalCount }} }}'
    # A literal is refused by validation, whose errors have a code of their own.
    assert admin.refusal(literal) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    variable = "query($v: Date) { sightings(filter: {seen: {gte: $v}}) { totalCount } }"
    assert admin.refusal(variable, v=value) == "BAD_USER_INPUT"
    created = "mutation($v: Date!) { createSighting(input: {number: 1, seen: $v}) { record { id } } }"
    assert admin.refusal(created, v=value) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DateTime", "2024-01-01"),
        ("DateTime", "2024-01-01T25:00:00Z"),
        ("UUID", "123e4567"),
        ("UUID", 5),
        ("Email", "nobody"),
        ("URI", "no address"),
        ("Long", "12.5"),
        ("Long", 1.5),
        ("Long", True),
        ("Int", 2**31),
        ("Int", "1"),
        ("Float", "1"),
        ("Boolean", "true"),
        ("SightingState", "officially-assigned"),
        ("GeoPointInput", {"lat": "x", "lon": 1}),
    ],
)
def test_a_value_that_is_none_of_its_type_is_bad_input(admin: Api, kind: str, value: Any) -> None:
    document = f"""mutation($v: {kind}) {{
      createSighting(input: {{number: 1, seen: "2024-01-01", {PROPERTIES[kind]}: $v}}) {{ record {{ id }} }} }}"""
    assert admin.refusal(document, v=value) == "BAD_USER_INPUT"


def test_a_time_zone_that_is_none_is_bad_input(admin: Api) -> None:
    document = 'query($z: String) { sightings(filter: {reportedAt: {gte: "now-1d/d", timeZone: $z}}) { totalCount } }'
    for zone in ("Mars/Olympus", "", "+25:00", "../etc/passwd", "\0", "x" * 5_000):
        assert admin.refusal(document, z=zone) == "BAD_USER_INPUT", zone


@pytest.mark.parametrize(
    "arguments",
    [
        "near: {lat: 91, lon: 0, withinMeters: 5}",
        "near: {lat: 0, lon: 0, withinMeters: -5}",
        "box: {north: 0, south: 1, east: 1, west: 0}",
        "box: {north: 95, south: 1, east: 1, west: 0}",
        "box: {north: 5, south: 1, east: 181, west: 0}",
    ],
)
def test_a_place_that_is_not_on_earth_is_bad_input(admin: Api, arguments: str) -> None:
    assert admin.refusal(f"{{ sightings(filter: {{spot: {{{arguments}}}}}) {{ totalCount }} }}") == "BAD_USER_INPUT"


def test_unknown_ids_and_keys_are_null(tate_api: Api) -> None:
    document = """query($id: ID!, $k: String) { node(id: $id) { id } nodes(ids: [$id]) { id }
      a: artwork(id: $id) { id } b: artwork(key: $k) { id } }"""
    for text in (
        "",
        "x",
        "QXJ0d29yazo5OTk5OTk5OTk",
        "QXJ0d29yazo5OTk5OTk5OTk5OTk5OTk5OTk5OQ",
        "\0",
        "\ud800",
        "'; --",
        "🐦" * 5_000,
    ):
        assert tate_api.ask(document, id=text, k=text) == {"node": None, "nodes": [None], "a": None, "b": None}


def test_the_number_of_a_record_under_the_name_of_another_collection_finds_nothing(tate_api: Api) -> None:
    known = tate_api.ask("{ artworks(first: 1) { nodes { id } } }")["artworks"]["nodes"][0]["id"]
    name, number = read_global_id(known) or ("", 0)
    assert name == "Artwork"
    asked = "query($id: ID!, $known: ID!) { node(id: $id) { id } artist(id: $id) { id } nodes(ids: [$known]) { id } }"
    found = tate_api.ask(asked, id=global_id("Artist", number), known=known)
    assert found == {"node": None, "artist": None, "nodes": [{"id": known}]}


def test_a_look_up_takes_an_id_or_a_key_and_not_both(tate_api: Api) -> None:
    assert tate_api.refusal("{ artwork { id } }") == "BAD_USER_INPUT"
    assert tate_api.refusal('{ artwork(id: "x", key: "y") { id } }') == "BAD_USER_INPUT"


def test_a_bad_argument_leaves_the_look_up_beside_it_standing(tate_api: Api) -> None:
    key = tate_api.ask("{ artworks(first: 1) { nodes { key } } }")["artworks"]["nodes"][0]["key"]
    answer = tate_api.answer(
        "query($k: String) { artworks(first: -1) { totalCount } artwork(key: $k) { key } }", {"k": key}
    )
    assert answer["data"] == {"artworks": None, "artwork": {"key": key}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["artworks"], "BAD_USER_INPUT")
    ]


@given(text=SYNTAX)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_search_text_at_all_has_an_answer(tate_api: Api, text: str) -> None:
    found = tate_api.ask(SEARCH, s=text)["artworks"]
    assert found["totalCount"] >= len(found["nodes"])


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        ")" * 10_000,
        "(" * 5_000 + "horse" + ")" * 5_000,
        "(a " * 500 + ")" * 500,
        '"' * 9_999,
        "\\" * 10_000,
        "* " * 5_000,
        "a* " * 3_000,
        "~ " * 5_000,
        "horse~" * 1_000,
        "horse~9999999999",
        '"a b"~99999999999',
        "- " * 5_000,
        "a | " * 5_000,
        "| " * 5_000,
        "-" + "x" * 40_000,
        "word " * 20_000,
        "\0",
        "a\0b",
        "\ud800",
        "\udfff\ud800",
        "e" + "\u0301" * 10_000,
        "\u202e\ufeff\u200b",
        "𝒜" * 20_000,
        "𝒜" * 1_900 + "*",
        "𝒜" * 1_900 + "~2",
        ("é" * 90 + "* ") * 20,
        " \t\n\r\u3000",
        *string.punctuation,
    ],
    ids=lambda text: f"{text[:6]!r}x{len(text)}",
)
def test_a_search_text_that_means_harm_does_none(tate_api: Api, text: str) -> None:
    found = tate_api.ask(SEARCH, s=text)["artworks"]
    assert found["totalCount"] >= len(found["nodes"])


def test_a_blank_search_is_none_and_one_of_operators_finds_nothing(tate_api: Api) -> None:
    whole = tate_api.ask("{ artworks { totalCount } }")["artworks"]["totalCount"]
    assert tate_api.ask(SEARCH, s="  \n")["artworks"]["totalCount"] == whole
    assert tate_api.ask(SEARCH, s='+ - | "" ( )')["artworks"]["totalCount"] == 0


@given(text=st.text(st.characters(), max_size=40) | SYNTAX)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_at_all_can_be_compared_with(tate_api: Api, text: str) -> None:
    document = """query($t: String!) { artworks(first: 0, filter: {or: [
      {title: {eq: $t}} {title: {startsWith: $t}} {creditLine: {contains: $t, ignoreCase: true}} {medium: {match: $t}}
      {medium: {phrase: $t}} {title: {gt: $t}} {title: {in: [$t]}}
    ]}) { totalCount facets { medium(contains: $t) { otherCount } } } }"""
    assert tate_api.ask(document, t=text)["artworks"]["totalCount"] >= 0


LONG = ["x", "é", "*", "\\", "𝒜", "ǰ", "ﬃ", "a?b*", "s", "fi", "sſß"]


@pytest.mark.parametrize("part", LONG)
@pytest.mark.parametrize("length", [100, 501, 40_000])
def test_a_long_text_is_compared_with_or_refused_as_too_long(tate_api: Api, part: str, length: int) -> None:
    text = (part * length)[:length]
    operators = [
        *("eq", "startsWith", "contains", "gt", "lte", "match", "phrase"),
        "eq$i",
        "startsWith$i",
        "contains$i",
        "gt$i",
        "lte$i",
    ]
    for operator in operators:
        given_filter = (
            f"{{{operator.replace('$i', ': $t, ignoreCase: true') if '$i' in operator else operator + ': $t'}}}"
        )
        answer = tate_api.answer(
            f"query($t: String) {{ artworks(filter: {{title: {given_filter}}}) {{ totalCount }} }}", {"t": text}
        )
        if "errors" not in answer:
            found = answer["data"]["artworks"]["totalCount"]
            assert found == 0 or operator[:2] in ("gt", "lt") or (operator, part) == ("match", "a?b*"), operator
        else:
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            assert codes <= {"BAD_USER_INPUT", "COST_EXCEEDED"}, (operator, answer)
            assert operator not in ("eq", "match", "phrase")[: 3 if length <= 501 else 1], answer
    facet = tate_api.answer(
        "query($t: String) { artworks { facets { medium(contains: $t) { buckets { value } } } } }", {"t": text}
    )
    if "errors" in facet:
        assert facet["errors"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "COST_EXCEEDED"}
    else:
        assert facet["data"]["artworks"]["facets"]["medium"]["buckets"] == []


def test_a_filter_that_is_more_than_the_index_can_do_is_refused_by_name(tate_api: Api) -> None:
    deep: dict[str, Any] = {"acno": {"eq": "x"}}
    for _ in range(200):
        deep = {"not": deep}
    many = {"or": [{"title": {"contains": f"{n}"}} for n in range(5_000)]}
    long = {"acno": {"in": [f"N{n}" for n in range(70_000)]}}
    document = "query($f: ArtworkFilter) { artworks(filter: $f) { totalCount } }"
    for too_much in (deep, many, long):
        answer = tate_api.answer(document, {"f": too_much})
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes <= {"BAD_USER_INPUT", "COST_EXCEEDED"}, answer
    for _ in range(190):
        deep = deep["not"]
    assert tate_api.ask(document, f=deep) == {"artworks": {"totalCount": 0}}


def test_an_answer_carries_the_request_id_that_was_given_or_a_new_one(system: System) -> None:
    with system.client() as client:
        given_id = client.post("/graphql", json={"query": "{ nope }"}, headers={"x-request-id": "abc-123"})
        made = [client.post("/graphql", json={"query": "{ nope }"}) for _ in range(2)]
        forged = client.post(
            "/graphql", json={"query": "{ nope }"}, headers={"x-request-id": "a b<script>" + "x" * 500}
        )
    assert _request_id(given_id) == "abc-123"
    assert len({_request_id(answer) for answer in made}) == 2
    assert "script" not in _request_id(forged)


def _request_id(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return str(answer.headers["x-request-id"])


def test_health_is_told_to_whoever_asks(system: System) -> None:
    with system.client() as client:
        alive, ready = client.get("/healthz"), client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    services = ready.json()["services"]
    assert {name: service["state"] for name, service in services.items()} == dict.fromkeys(
        ("postgresql", "elasticsearch", "redis", "broker"), "up"
    )
    assert all(service["latencyMs"] >= 0 for service in services.values())
