"""Values at the edges of their kinds: stored and returned as they are, and searched as far as can be."""

from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer

EXACT = 2**53
LEAST, MOST = -(2**63), 2**63 - 1
LONG = "é" * 20_000
"""40,000 bytes: longer than a term of Lucene."""
UUID = "123e4567-e89b-12d3-a456-426614174000"


def tree(depth: int) -> dict[str, Any]:
    """A node with one in the other, called by their depth."""
    node: dict[str, Any] = {"name": f"level{depth}"}
    for level in range(depth - 1, 0, -1):
        node = {"name": f"level{level}", "children": [node]}
    return node


def below(depth: int, condition: dict[str, Any]) -> dict[str, Any]:
    """The filter of a tree that holds where `condition` does at this depth."""
    for _ in range(depth - 1):
        condition = {"children": {"some": condition}}
    return condition


RECORDS: list[dict[str, Any]] = [
    {
        "specimenId": "a",
        "large": str(EXACT + 1),
        "larges": [str(MOST), 1],
        "real": 1.7976931348623157e308,
        "day": "0001-01-01",
        "at": "0001-01-01T00:00:00Z",
        "hour": "12:30:00Z",
        "link": "urn:isbn:0451450523",
        "mail": "a+b@example.org",
        "uuid": UUID,
        "long": LONG + "a",
        "longText": f"{LONG} ending",
        "grade": "A_",
        "twins": "a-b",
        "level": 2,
        "matrix": [[1, 2.5], [], [3]],
        "mixed": 5,
        "relevance": 1,
        "_2ndName": "second",
        "groesse": 1.5,
        "withDash": "dash",
        "aBC": "dotted words",
        "typename": "t",
        "specimenRevision": "own",
        "type": "kind",
        "tree": tree(12),
        "place": {"lat": 90.0, "lon": 180.0},
        "boxes": [
            {
                "name": "x",
                "spot": {"lat": 0.0, "lon": 179.0},
                "inner": [{"n": 1, "tag": "red"}, {"n": 2, "tag": "red"}],
            },
            {"name": "y", "inner": [{"n": 3, "tag": "blue"}, {"n": 1, "tag": "blue"}]},
        ],
        "hidden": "kept",
    },
    {
        "specimenId": "b",
        "large": EXACT,
        "larges": [str(LEAST)],
        "real": -5e-324,
        "day": "9999-12-31",
        "at": "9999-12-31T23:59:59.999999Z",
        "link": "https://example.org/%C3%BC?q=a%20b#c",
        "long": LONG + "b",
        "longText": f"{LONG} ending too",
        "grade": "_",
        "twins": "a_b",
        "level": 1,
        "mixed": "five",
        "relevance": 3,
        "place": {"lat": -89.5, "lon": -180.0},
        "boxes": [{"name": "z", "spot": {"lat": 0.5, "lon": -179.5}, "inner": [{"n": 2, "tag": "red"}]}],
    },
    {"specimenId": "c", "large": str(MOST), "real": 0.0, "grade": "_true", "relevance": 2, "level": 3, "long": ""},
    {"specimenId": "d", "large": str(LEAST), "grade": "_x", "matrix": []},
]
GIVEN = [record["specimenId"] for record in RECORDS]
FIELDS = """specimenId large larges small real day at hour link mail uuid long longText grade twins level matrix mixed
  anything relevance _2ndName groesse withDash aBC typename specimenRevision type hidden place { lat lon }
  boxes { name spot { lat lon } inner { n tag } }"""


@pytest.fixture(scope="module", autouse=True)
def _records(admin: Api) -> None:
    payloads = Writer(admin, "Specimen", "specimens").upsert(*RECORDS, wait="SEARCHABLE")
    assert [payload["errors"] for payload in payloads] == [[]] * len(RECORDS)


def found(api: Api, **given_filter: Any) -> list[str]:
    document = "query($f: SpecimenFilter) { specimens(filter: $f, orderBy: [{specimenId: ASC}]) { nodes { key } } }"
    nodes = api.ask(document, f={"and": [{"specimenId": {"in": GIVEN}}, given_filter]})["specimens"]["nodes"]
    return [node["key"] for node in nodes]


def ordered(api: Api, order: Any) -> list[str]:
    """The keys in this order, a page of one after the other."""
    document = """query($o: [SpecimenOrder!], $k: [String!], $a: String) {
      specimens(filter: {specimenId: {in: $k}}, orderBy: $o, first: 1, after: $a) {
        nodes { key } pageInfo { hasNextPage endCursor } } }"""
    keys: list[str] = []
    after = None
    while True:
        page = api.ask(document, o=order, k=GIVEN, a=after)["specimens"]
        keys += [node["key"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return keys


@pytest.mark.parametrize("record", RECORDS, ids=GIVEN)
def test_what_was_given_is_given_back(admin: Api, record: dict[str, Any]) -> None:
    by_key = admin.ask(f'{{ specimen(key: "{record["specimenId"]}") {{ {FIELDS} }} }}')["specimen"]
    searched = "query($k: String) { specimens(filter: {specimenId: {eq: $k}}) { nodes { FIELDS } } }"
    (by_search,) = admin.ask(searched.replace("FIELDS", FIELDS), k=record["specimenId"])["specimens"]["nodes"]
    assert by_search == by_key
    assert {name: value for name, value in by_key.items() if name in record} == {
        name: value for name, value in _shown(record).items() if name != "tree"
    }


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it is given out: what is absent inside is null."""
    boxes = [{"spot": None, **box} for box in record.get("boxes", [])]
    return record | ({"boxes": boxes} if boxes else {})


@pytest.mark.parametrize(
    ("given_filter", "keys"),
    [
        ({"large": {"eq": str(EXACT + 1)}}, ["a"]),
        ({"large": {"eq": EXACT}}, ["b"]),
        ({"large": {"gt": str(EXACT)}}, ["a", "c"]),
        ({"large": {"in": [str(MOST), str(LEAST)]}}, ["c", "d"]),
        ({"large": {"lt": str(LEAST + 1)}}, ["d"]),
        ({"large": {"lte": str(2**70)}}, ["a", "b", "c", "d"]),
        ({"large": {"gt": str(2**70)}}, []),
        ({"large": {"ne": str(2**70)}}, ["a", "b", "c", "d"]),
        ({"larges": {"any": [str(MOST)]}}, ["a"]),
        ({"larges": {"all": [str(MOST - 1)]}}, []),
        ({"real": {"eq": 1.7976931348623157e308}}, ["a"]),
        ({"real": {"lt": 0}}, ["b"]),
        ({"day": {"lt": "0001-01-02"}}, ["a"]),
        ({"day": {"gte": "9999-12-31"}}, ["b"]),
        ({"at": {"gt": "9999-12-31T23:59:59.999998Z"}}, ["b"]),
        ({"hour": {"startsWith": "12"}}, ["a"]),
        ({"link": {"startsWith": "urn:"}}, ["a"]),
        ({"link": {"contains": "%20"}}, ["b"]),
        ({"mail": {"eq": "A+B@EXAMPLE.ORG", "ignoreCase": True}}, ["a"]),
        ({"uuid": {"in": [UUID]}}, ["a"]),
        ({"long": {"eq": LONG + "a"}}, ["a"]),
        ({"long": {"ne": LONG + "a"}}, ["b", "c", "d"]),
        ({"long": {"startsWith": LONG[:200]}}, ["a", "b"]),
        ({"long": {"contains": "éé"}}, ["a", "b"]),
        ({"long": {"gt": "z"}}, ["a", "b"]),
        ({"longText": {"match": "ending"}}, ["a", "b"]),
        ({"longText": {"phrase": "ending too"}}, ["b"]),
        ({"longText": {"eq": f"{LONG} ending"}}, ["a"]),
        ({"grade": {"eq": "A_"}}, ["a"]),
        ({"grade": {"in": ["_", "_true"]}}, ["b", "c"]),
        ({"twins": {"eq": "a_b"}}, ["b"]),
        ({"level": {"in": [1, 3]}}, ["b", "c"]),
        ({"_2ndName": {"eq": "second"}}, ["a"]),
        ({"groesse": {"gt": 1}}, ["a"]),
        ({"withDash": {"eq": "dash"}}, ["a"]),
        ({"aBC": {"match": "words"}}, ["a"]),
        ({"typename": {"eq": "t"}}, ["a"]),
        ({"specimenRevision": {"eq": "own"}}, ["a"]),
        ({"relevance": {"gte": 2}}, ["b", "c"]),
        ({"tree": {"name": {"eq": "level1"}}}, ["a"]),
        ({"tree": {"children": {"some": {"children": {"some": {"name": {"eq": "level3"}}}}}}}, ["a"]),
        ({"tree": {"children": {"some": {"children": {"some": {"name": {"eq": "level2"}}}}}}}, []),
        ({"place": {"near": {"lat": 90, "lon": 0, "withinMeters": 1}}}, ["a"]),
        ({"place": {"near": {"lat": -89.5, "lon": 180, "withinMeters": 10}}}, ["b"]),
        ({"place": {"box": {"north": 90, "south": -90, "east": -179, "west": 179}}}, ["a", "b"]),
        ({"boxes": {"some": {"spot": {"near": {"lat": 0.5, "lon": 180, "withinMeters": 60_000}}}}}, ["b"]),
        ({"boxes": {"some": {"spot": {"box": {"north": 1, "south": -1, "east": -179, "west": 178}}}}}, ["a", "b"]),
        ({"boxes": {"some": {"inner": {"some": {"n": {"eq": 1}, "tag": {"eq": "red"}}}}}}, ["a"]),
        ({"boxes": {"some": {"inner": {"every": {"tag": {"eq": "red"}}}, "name": {"ne": "x"}}}}, ["b"]),
        ({"boxes": {"every": {"inner": {"count": {"eq": 2}}}}}, ["a", "c", "d"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_edges_of_each_kind_are_filtered_exactly(admin: Api, given_filter: dict[str, Any], keys: list[str]) -> None:
    assert found(admin, **given_filter) == keys
    assert found(admin, **{"not": given_filter}) == [key for key in GIVEN if key not in keys]


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ({"large": "ASC"}, ["d", "b", "a", "c"]),
        ({"large": "DESC"}, ["c", "a", "b", "d"]),
        ({"real": "ASC"}, ["b", "c", "a", "d"]),
        ({"day": "DESC"}, ["b", "a", "c", "d"]),
        ({"at": "ASC"}, ["a", "b", "c", "d"]),
        ({"grade": "ASC"}, ["b", "a", "d", "c"]),
        ({"specimenRelevance": "DESC"}, ["b", "c", "a", "d"]),
        ({"tree": {"children": {"name": "ASC"}}}, ["a", "b", "c", "d"]),
        ({"place": {"lat": 90, "lon": 0}}, ["a", "b", "c", "d"]),
        ({"boxes": {"spot": {"lat": 0.5, "lon": -179.5, "direction": "ASC"}}}, ["b", "a", "c", "d"]),
        ({"boxes": {"inner": {"n": "DESC"}}}, ["a", "b", "c", "d"]),
    ],
    ids=str,
)
def test_the_edges_of_each_kind_are_ordered_exactly(admin: Api, order: dict[str, Any], keys: list[str]) -> None:
    assert ordered(admin, [order]) == keys


def test_texts_are_ordered_as_far_as_a_term_of_the_index_goes(admin: Api) -> None:
    first, *two, last = ordered(admin, [{"long": "ASC"}])
    assert (first, sorted(two), last) == ("c", ["a", "b"], "d")


def test_the_edges_of_each_kind_are_counted_exactly(admin: Api) -> None:
    document = """query($k: [String!]) { specimens(filter: {specimenId: {in: $k}}, first: 0) { facets {
      large { buckets { value } } larges { buckets { value count } missingCount } level { buckets { value } }
      day { buckets { from to count } min max }
      grade(order: VALUE) { buckets { value label } } link { buckets { value } } uuid { buckets { value } }
      tree { children { children { name { buckets { value count } } } } }
      boxes { inner { tag { buckets { value count } } } } } } }"""
    facets = admin.ask(document, k=GIVEN)["specimens"]["facets"]
    assert [bucket["value"] for bucket in facets["large"]["buckets"]] == [
        str(n) for n in (LEAST, EXACT, EXACT + 1, MOST)
    ]
    assert facets["larges"] == {
        "buckets": [{"value": str(n), "count": 1} for n in (LEAST, 1, MOST)],
        "missingCount": 2,
    }
    assert [bucket["value"] for bucket in facets["level"]["buckets"]] == ["1", "2", "3"]
    assert (facets["day"]["min"], facets["day"]["max"]) == ("0001-01-01", "9999-12-31")
    assert facets["day"]["buckets"][0] == {"from": "0001-01-01", "to": "0002-01-01", "count": 1}
    assert facets["day"]["buckets"][-1] == {"from": "9999-01-01", "to": None, "count": 1}
    assert {(b["value"], b["label"]) for b in facets["grade"]["buckets"]} == {
        ("_", ""),
        ("A_", "A+"),
        ("_true", "true"),
        ("_x", "__x"),
    }
    assert [b["value"] for b in facets["link"]["buckets"]] == [
        "https://example.org/%C3%BC?q=a%20b#c",
        "urn:isbn:0451450523",
    ]
    assert [b["value"] for b in facets["uuid"]["buckets"]] == [UUID]
    assert facets["tree"]["children"]["children"]["name"]["buckets"] == [{"value": "level3", "count": 1}]
    # Records are counted, in however many elements the value stands.
    assert facets["boxes"]["inner"]["tag"]["buckets"] == [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]


def test_a_recursion_is_returned_whole_searched_by_its_words_and_filtered_to_a_depth_that_is_said(admin: Api) -> None:
    selected = "name"
    for _ in range(11):
        selected = f"name children {{ {selected} }}"
    assert admin.ask(f'{{ specimen(key: "a") {{ tree {{ {selected} }} }} }}') == {"specimen": {"tree": tree(12)}}
    search = """query($s: String, $k: [String!]) { specimens(search: $s, filter: {specimenId: {in: $k}}) {
      edges { node { key } highlights { fragments } } } }"""
    (edge,) = admin.ask(search, s="level12", k=GIVEN)["specimens"]["edges"]
    assert edge == {"node": {"key": "a"}, "highlights": [{"fragments": ["<mark>level12</mark>"]}]}
    assert found(admin, tree=below(4, {"name": {"eq": "level4"}})) == ["a"]
    document = "query($f: SpecimenFilter) { specimens(filter: $f) { totalCount } }"
    assert admin.refusal(document, f={"tree": below(5, {"name": {"eq": "level5"}})}) == "BAD_USER_INPUT"


def test_what_is_not_searched_is_returned_and_no_filter(admin: Api) -> None:
    assert admin.ask('{ specimen(key: "a") { hidden } }') == {"specimen": {"hidden": "kept"}}
    assert admin.refusal('{ specimens(filter: {hidden: {eq: "kept"}}) { totalCount } }') == "GRAPHQL_VALIDATION_FAILED"
    assert (
        admin.refusal("{ specimens(filter: {matrix: {exists: true}}) { totalCount } }") == "GRAPHQL_VALIDATION_FAILED"
    )
