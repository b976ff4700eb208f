"""Unions: objects of several shapes, told apart by a value or by what is there, over the API."""

from typing import Any

import pytest

from tests.acceptance.asking import Api, Writer, errors_of
from tests.acceptance.conftest import Viewers

FIELDS = """code loose
  size { __typename ... on ExhibitSizeCm { unit number: value } ... on ExhibitSizeWords { unit value note } }
  contact { __typename ... on ExhibitContactEmail { email } ... on ExhibitContactPhone { phone hours } }
  cover { ...part }
  parts { __typename ... on ExhibitPartsImage { kind url caption number: scale place station { code } }
    ... on ExhibitPartsFilmClip { kind caption scale seconds } ... on ExhibitPartsPanel { kind lines } }
  text { ...block ... on ExhibitTextSection { blocks {
    ...block ... on ExhibitTextSection { blocks { ...block } } } } }"""
FRAGMENTS = """
fragment part on ExhibitCover {
  __typename ... on ExhibitCoverImage { kind url caption number: scale } ... on ExhibitCoverFilmClip { kind seconds } }
fragment block on ExhibitText {
  __typename ... on ExhibitTextParagraph { type words } ... on ExhibitTextSection { type heading } }"""

BOAT = "https://example.org/boat"
EXHIBITS: list[dict[str, Any]] = [
    {
        "code": "whole",
        "parts": [
            {"kind": "image", "url": BOAT, "caption": "A sailing boat", "imageScale": 2.5, "place": "hide"},
            {"kind": "clip", "caption": "Waves breaking", "filmClipScale": "wide", "seconds": 90},
            {"kind": "board_2", "lines": ["Ships of old", "Harbours"]},
        ],
        "cover": {"kind": "image", "url": BOAT, "imageScale": 1},
        "contact": {"email": "a@example.org"},
        "size": {"unit": "cm", "cmValue": 12.5},
        "loose": {"a": "x", "b": [1]},
        "text": {
            "type": "s",
            "heading": "Tides",
            "blocks": [
                {"type": "p", "words": "The moon pulls"},
                {"type": "s", "heading": "Ebb", "blocks": [{"type": "p", "words": "Water leaves"}]},
            ],
        },
    },
    {
        "code": "films",
        "parts": [{"kind": "clip", "caption": "A boat race", "filmClipScale": "2.5", "seconds": 30}],
        "cover": {"kind": "clip", "seconds": 5},
        "contact": {"phone": "123", "hours": "9-5"},
        "size": {"unit": "words", "wordsValue": "large", "note": "n"},
        "text": {"type": "p", "words": "Moonlight"},
    },
    {"code": "bare", "parts": [], "cover": None},
    {"code": "wall", "parts": [{"kind": "panel", "lines": []}, {"kind": "image", "url": BOAT, "imageScale": 1}]},
]
GIVEN = [exhibit["code"] for exhibit in EXHIBITS]


@pytest.fixture(scope="module", autouse=True)
def _records(admin: Api) -> None:
    station = {"code": "hide", "name": "The Hide"}
    Writer(admin, "Station", "stations").upsert(station, wait="SEARCHABLE")
    payloads = Writer(admin, "Exhibit", "exhibits").upsert(*EXHIBITS, wait="SEARCHABLE")
    assert [payload["errors"] for payload in payloads] == [[]] * len(EXHIBITS)


def found(api: Api, **given_filter: Any) -> list[str]:
    document = "query($f: ExhibitFilter) { exhibits(filter: $f, orderBy: [{code: ASC}]) { nodes { code } } }"
    nodes = api.ask(document, f={"and": [{"code": {"in": GIVEN}}, given_filter]})["exhibits"]["nodes"]
    return [node["code"] for node in nodes]


def test_each_object_is_given_back_as_the_member_it_is(admin: Api) -> None:
    looked_up = admin.ask(f'{{ exhibit(key: "whole") {{ {FIELDS} }} }} {FRAGMENTS}')["exhibit"]
    assert looked_up == {
        "code": "whole",
        "size": {"__typename": "ExhibitSizeCm", "unit": "cm", "number": 12.5},
        "contact": {"__typename": "ExhibitContactEmail", "email": "a@example.org"},
        "cover": {"__typename": "ExhibitCoverImage", "kind": "image", "url": BOAT, "caption": None, "number": 1.0},
        "loose": {"a": "x", "b": [1]},
        "parts": [
            {
                "__typename": "ExhibitPartsImage",
                "kind": "image",
                "url": BOAT,
                "caption": "A sailing boat",
                "number": 2.5,
                "place": "hide",
                "station": {"code": "hide"},
            },
            {
                "__typename": "ExhibitPartsFilmClip",
                "kind": "clip",
                "caption": "Waves breaking",
                "scale": "wide",
                "seconds": 90,
            },
            {"__typename": "ExhibitPartsPanel", "kind": "board_2", "lines": ["Ships of old", "Harbours"]},
        ],
        "text": {
            "__typename": "ExhibitTextSection",
            "type": "s",
            "heading": "Tides",
            "blocks": [
                {"__typename": "ExhibitTextParagraph", "type": "p", "words": "The moon pulls"},
                {
                    "__typename": "ExhibitTextSection",
                    "type": "s",
                    "heading": "Ebb",
                    "blocks": [{"__typename": "ExhibitTextParagraph", "type": "p", "words": "Water leaves"}],
                },
            ],
        },
    }
    searched = f'{{ exhibits(filter: {{code: {{eq: "whole"}}}}) {{ nodes {{ {FIELDS} }} }} }} {FRAGMENTS}'
    assert admin.ask(searched)["exhibits"]["nodes"] == [looked_up]


def test_a_union_may_be_null_and_a_list_of_them_empty(admin: Api) -> None:
    bare = admin.ask('{ exhibit(key: "bare") { parts { __typename } cover { __typename } contact { __typename } } }')
    assert bare["exhibit"] == {"parts": [], "cover": None, "contact": None}


@pytest.mark.parametrize(
    ("given_filter", "codes"),
    [
        ({"parts": {"some": {"kind": {"eq": "clip"}}}}, ["films", "whole"]),
        ({"parts": {"some": {"kind": {"in": ["board_2", "panel"]}}}}, ["wall", "whole"]),
        ({"parts": {"none": {"kind": {"eq": "image"}}}}, ["bare", "films"]),
        ({"parts": {"every": {"kind": {"eq": "clip"}}}}, ["bare", "films"]),
        ({"parts": {"count": {"gte": 2}}}, ["wall", "whole"]),
        ({"parts": {"some": {"kind": {"eq": "clip"}, "caption": {"match": "boat"}}}}, ["films"]),
        ({"parts": {"some": {"caption": {"match": "boats"}}}}, ["films", "whole"]),
        ({"parts": {"some": {"imageScale": {"eq": 2.5}}}}, ["whole"]),
        ({"parts": {"some": {"filmClipScale": {"eq": "2.5"}}}}, ["films"]),
        ({"parts": {"some": {"imageScale": {"exists": True}}}}, ["wall", "whole"]),
        ({"parts": {"some": {"seconds": {"lt": 60}}}}, ["films"]),
        ({"parts": {"some": {"lines": {"any": ["Harbours"]}}}}, ["whole"]),
        ({"parts": {"some": {"station": {"name": {"eq": "The Hide"}}}}}, ["whole"]),
        ({"parts": {"some": {"kind": {"eq": "image"}, "station": {"exists": False}}}}, ["wall"]),
        ({"cover": {"kind": {"eq": "image"}}}, ["whole"]),
        ({"cover": {"kind": {"ne": "image"}}}, ["bare", "films", "wall"]),
        ({"cover": {"exists": False}}, ["bare", "wall"]),
        ({"cover": {"seconds": {"eq": 5}}}, ["films"]),
        ({"contact": {"email": {"startsWith": "a@"}}}, ["whole"]),
        ({"contact": {"phone": {"eq": "123"}, "hours": {"exists": True}}}, ["films"]),
        ({"size": {"cmValue": {"gt": 12}}}, ["whole"]),
        ({"size": {"wordsValue": {"eq": "large"}, "note": {"eq": "n"}}}, ["films"]),
        ({"text": {"words": {"match": "moonlight"}}}, ["films"]),
        ({"text": {"blocks": {"some": {"words": {"match": "moon"}}}}}, ["whole"]),
        ({"text": {"blocks": {"some": {"blocks": {"some": {"words": {"phrase": "water leaves"}}}}}}}, ["whole"]),
    ],
    ids=str,
)
def test_a_filter_takes_the_properties_of_all_members(
    admin: Api, given_filter: dict[str, Any], codes: list[str]
) -> None:
    assert found(admin, **given_filter) == codes
    assert found(admin, **{"not": given_filter}) == [code for code in sorted(GIVEN) if code not in codes]


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ({"parts": {"seconds": "ASC"}}, ["films", "whole", "bare", "wall"]),
        ({"parts": {"imageScale": "DESC"}}, ["whole", "wall", "bare", "films"]),
        ({"parts": {"caption": "ASC"}}, ["films", "whole", "bare", "wall"]),
        ({"cover": {"kind": "ASC"}}, ["films", "whole", "bare", "wall"]),
        ({"size": {"cmValue": "ASC"}}, ["whole", "bare", "films", "wall"]),
        ({"parts": {"station": {"name": "ASC"}}}, ["whole", "bare", "films", "wall"]),
    ],
    ids=str,
)
def test_records_are_ordered_by_the_properties_of_any_member(admin: Api, order: Any, codes: list[str]) -> None:
    document = """query($c: [String!], $o: [ExhibitOrder!]) {
      exhibits(filter: {code: {in: $c}}, orderBy: $o) { nodes { code } } }"""
    nodes = admin.ask(document, c=GIVEN, o=[order])["exhibits"]["nodes"]
    assert [node["code"] for node in nodes] == codes


def test_facets_count_the_values_of_all_members(admin: Api) -> None:
    document = """query($c: [String!]) { exhibits(filter: {code: {in: $c}}, first: 0) { facets { parts {
      kind { buckets { value label count } missingCount }
      imageScale { buckets { from count } min max } filmClipScale { buckets { value } missingCount }
      seconds { buckets { from count } } station { name { buckets { value count } } } } } } }"""
    facets = admin.ask(document, c=GIVEN)["exhibits"]["facets"]["parts"]
    assert facets == {
        "kind": {
            "buckets": [
                {"value": "clip", "label": "clip", "count": 2},
                {"value": "image", "label": "image", "count": 2},
                {"value": "board_2", "label": "board-2", "count": 1},
                {"value": "panel", "label": "panel", "count": 1},
            ],
            "missingCount": 1,
        },
        "imageScale": {"buckets": [{"from": 1.0, "count": 1}, {"from": 2.0, "count": 1}], "min": 1.0, "max": 2.5},
        "filmClipScale": {"buckets": [{"value": "2.5"}, {"value": "wide"}], "missingCount": 2},
        "seconds": {"buckets": [{"from": 0.0, "count": 1}, {"from": 60.0, "count": 1}]},
        "station": {"name": {"buckets": [{"value": "The Hide", "count": 1}]}},
    }


@pytest.mark.parametrize(
    ("text", "highlights"),
    [
        ("sailing", {"whole": {"parts.caption": ["A <mark>sailing</mark> boat"]}}),
        ("harbour", {"whole": {"parts.lines": ["<mark>Harbours</mark>"]}}),
        ("race", {"films": {"parts.caption": ["A boat <mark>race</mark>"]}}),
        ("tide", {"whole": {"text.heading": ["<mark>Tides</mark>"]}}),
        ("water moon", {"whole": {"text.blocks.words": ["The <mark>moon</mark> pulls"],
                                  "text.blocks.blocks.words": ["<mark>Water</mark> leaves"]}}),
        ("hide", {"whole": {"parts.station.name": ["The <mark>Hide</mark>"]}}),
    ],
)  # fmt: skip
def test_a_search_finds_and_highlights_the_words_of_any_member(admin: Api, text: str, highlights: Any) -> None:
    document = """query($s: String, $c: [String!]) { exhibits(search: $s, filter: {code: {in: $c}}) {
      edges { node { code } highlights { path fragments } } } }"""
    edges = admin.ask(document, s=text, c=GIVEN)["exhibits"]["edges"]
    assert {e["node"]["code"]: {h["path"]: h["fragments"] for h in e["highlights"]} for e in edges} == highlights


def test_a_link_inside_a_member_has_its_reverse(admin: Api) -> None:
    document = '{ station(key: "hide") { exhibits { nodes { code } } } }'
    assert admin.ask(document)["station"]["exhibits"]["nodes"] == [{"code": "whole"}]


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"parts": [{"kind": "image"}]}, [["parts", "0", "url"]]),
        ({"parts": [{"kind": "panel", "lines": []}, {"kind": "clip", "url": BOAT}]}, [["parts", "1", "url"]]),
        ({"parts": [{"kind": "clip", "imageScale": 1.5}]}, [["parts", "0", "filmClipScale"]]),
        ({"contact": {"email": "a@example.org", "phone": "1"}}, [["contact", "phone"]]),
        ({"contact": {}}, [["contact"]]),
        ({"text": {"type": "s", "blocks": [{"type": "p", "words": "x", "heading": "y"}]}}, []),
        ({"cover": {"kind": "image", "url": BOAT, "seconds": 3}}, []),
        ({"size": {"unit": "words", "cmValue": 3}}, [["size", "wordsValue"]]),
        ({"loose": {"b": "x", "a": 1}}, [["loose"]]),
    ],
    ids=str,
)
def test_what_is_given_is_checked_as_the_member_that_it_is(admin: Api, given: Any, errors: list[list[str]]) -> None:
    exhibits = Writer(admin, "Exhibit", "exhibits")
    payload = exhibits.create(code="checked", **given)
    assert errors_of(payload) == [("VALIDATION", path) for path in errors]
    if not errors:
        exhibits.delete(payload["record"]["id"], wait="SEARCHABLE")


def test_one_property_given_by_the_names_of_two_members_is_refused(admin: Api) -> None:
    document = """mutation { createExhibit(input: {
      code: "two", cover: {kind: image, imageScale: 1, filmClipScale: "x"}}) { record { code } } }"""
    assert admin.refusal(document) == "BAD_USER_INPUT"


def test_a_patch_goes_down_into_a_union_and_may_make_it_another_member(admin: Api) -> None:
    fields = """id cover { __typename
      ... on ExhibitCoverImage { url number: scale } ... on ExhibitCoverFilmClip { seconds scale } }"""
    exhibits = Writer(admin, "Exhibit", "exhibits", fields)
    made = exhibits.create(code="patched", cover={"kind": "image", "url": BOAT, "imageScale": 2})["record"]
    scaled = exhibits.update(made["id"], {"cover": {"imageScale": 3}})["record"]["cover"]
    assert scaled == {"__typename": "ExhibitCoverImage", "url": BOAT, "number": 3.0}
    refused = exhibits.update(made["id"], {"cover": {"kind": "clip", "seconds": 4}})
    assert sorted(errors_of(refused)) == [("VALIDATION", ["cover", "filmClipScale"]), ("VALIDATION", ["cover", "url"])]
    other = {"kind": "clip", "seconds": 4, "url": None, "imageScale": None}
    changed = exhibits.update(made["id"], {"cover": other}, wait="SEARCHABLE")["record"]["cover"]
    assert changed == {"__typename": "ExhibitCoverFilmClip", "seconds": 4, "scale": None}
    assert exhibits.update(made["id"], {"cover": None})["record"]["cover"] is None
    exhibits.delete(made["id"], wait="SEARCHABLE")


def test_a_property_of_a_member_that_only_some_may_read_is_hidden_from_others(admin: Api, viewers: Viewers) -> None:
    exhibits = Writer(admin, "Exhibit", "exhibits")
    part = {"kind": "clip", "caption": "Shown", "secret": "Treasure"}
    made = exhibits.upsert({"code": "secret", "parts": [part]}, wait="SEARCHABLE")[0]["record"]
    public = viewers()
    document = """query($s: String) { exhibits(search: $s) { nodes { parts { ... on ExhibitPartsFilmClip {
      caption secret } } history { nodes { data } } } } }"""
    (shown,) = public.ask(document, s="shown")["exhibits"]["nodes"]
    assert shown["parts"] == [{"caption": "Shown", "secret": None}]
    assert shown["history"]["nodes"][0]["data"]["parts"] == [{"kind": "clip", "caption": "Shown"}]
    assert public.ask(document, s="treasure")["exhibits"]["nodes"] == []
    assert len(admin.ask(document, s="treasure")["exhibits"]["nodes"]) == 1
    hidden = "query($f: ExhibitFilter) { exhibits(filter: $f) { nodes { code } } }"
    assert public.refusal(hidden, f={"parts": {"some": {"secret": {"eq": "x"}}}}) == "FORBIDDEN"
    # What a patch changes says nothing of the member that it is of, and is hidden all the same.
    exhibits.update(made["id"], {"cover": {"kind": "clip", "seconds": 1}})
    exhibits.update(made["id"], {"cover": {"secret": "Chest", "seconds": 2}})
    history = "query($k: String) { exhibit(key: $k) { history(first: 1) { nodes { changes } } } }"
    (newest,) = public.ask(history, k="secret")["exhibit"]["history"]["nodes"]
    assert newest["changes"] == {"cover": {"seconds": 2}}
    exhibits.delete(made["id"], wait="SEARCHABLE")
