"""The rules of a collection file: what has no meaning is refused, what has one reaches exactly those records."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.collections.conditions import holds
from models.collections.dates import Clock
from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.collections.rules import Subject, reach
from tests.unit.collections.files import problems, with_properties

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PROPERTIES = (
    "hidden: {type: string, x-search: false}",
    "tags: {type: array, items: {type: string}}",
    "year: {type: [integer, 'null']}",
    "state: {enum: [in-print, draft]}",
    "day: {type: string, format: date}",
    "place: {type: object, format: geo-point}",
    "parts: {type: array, items: {type: object, properties: {owner: {type: string}}}}",
    "box: {type: object, properties: {owner: {type: string}}}",
    "ownerId: {type: string, x-link: {collection: Work, as: owner}}",
)


def with_access(access: str) -> str:
    return with_properties(*PROPERTIES) + f"access: {access}\n"


def read_rule(folder: Path, where: str) -> Collection:
    (folder / "work.yaml").write_text(with_access(f"{{read: [{{role: public, where: {where}}}]}}"))
    return load_catalog(folder)["Work"]


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("{nmber: {eq: a}}", "where: property 'nmber' is not known (did you mean number?)"),
        ("{number: {equals: a}}", "where: number: operator 'equals' is not known"),
        ("{number: {startsWith: a}}", "where: number: operator 'startsWith' is not known"),
        ("{number: {in: a}}", "where: number: in needs a list"),
        ("{number: {eq: null}}", "where: number: eq None is no value of number"),
        ("{number: {eq: 5}}", "where: number: eq 5 is no value of number"),
        ("{number: {in: [a, 5]}}", "where: number: in 5 is no value of number"),
        ("{number: {eq: $viewr.id}}", "value '$viewr.id' is not known (did you mean $viewer.id?)"),
        ("{number: {eq: $viewer.roles}}", "where: number: $viewer.roles are several: use in"),
        ("{number: {exists: often}}", "where: number: give true or false"),
        ("{year: {gt: abc}}", "where: year: gt 'abc' is no value of year"),
        ("{state: {eq: sold}}", "where: state: eq 'sold' is no value of state"),
        ("{day: {lte: soon}}", "where: day: lte 'soon' is no value of day"),
        ("{day: {lte: now, timeZone: Mars}}", "where: There is no time zone 'Mars'."),
        ("{place: {near: {lat: 1}}}", "where: place: near is not what filters take"),
        ("{place: {near: {lat: 91, lon: 0, withinMeters: 1}}}", "where: place: 91, 0 is no place."),
        ("{tags: {any: a}}", "where: tags: any needs a list"),
        ("{tags: {count: {gtt: 1}}}", "where: tags: count: operator 'gtt' is not known (did you mean gt?)"),
        ("{tags: {count: {gt: many}}}", "where: tags: count: gt 'many' is no number"),
        ("{parts: {any: {owner: {eq: a}}}}", "where: parts: operator 'any' is not known"),
        ("{parts: {some: {own: {eq: a}}}}", "where: property 'own' is not known (did you mean owner?)"),
        ("{hidden: {eq: a}}", "where: hidden can't be used in a rule, since x-search: false leaves it out of searches"),
        ("{exists: true}", "where: property 'exists' is not known"),
        ("{owner: {number: {eq: a}}}", "where: owner can't be used in a rule"),
    ],
)
@pytest.mark.parametrize("action", ["read", "write", "history"])
def test_a_rule_that_has_no_meaning_is_refused(tmp_path: Path, action: str, where: str, problem: str) -> None:
    (found,) = problems(tmp_path, work_yaml=with_access(f"{{{action}: [{{role: a, where: {where}}}]}}"))
    assert found.startswith(f"work.yaml:17: {problem}")


def test_a_wrong_rule_is_reported_once_at_its_own_line(tmp_path: Path) -> None:
    access = "\n  write: editor\n  read: [{role: a, where: {nmber: {eq: a}}}]"
    found = problems(tmp_path, work_yaml=with_access(access))
    assert found == ["work.yaml:19: where: property 'nmber' is not known (did you mean number?)"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("number: 5", 'number: 5 is not of type "string"'),
        ("number: {x: 1}", 'number: the object is not of type "string"'),
        ("state: in_print", 'state: "in_print" is not one of "in-print" or "draft"'),
        ("tags: a", 'tags: "a" is not of type "array"'),
        ("tags: [a, 5]", 'tags.1: 5 is not of type "string"'),
        ("box: {owner: 5}", 'box.owner: 5 is not of type "string"'),
        ("number: $viewer.roles", "number: $viewer.roles are several, number is one"),
    ],
)
def test_a_value_for_new_records_that_does_not_fit_its_property_is_refused(
    tmp_path: Path, given: str, problem: str
) -> None:
    found = problems(tmp_path, work_yaml=with_access(f"{{set: {{create: {{{given}}}}}}}"))
    assert found == [f"work.yaml:17: set: {problem}"]


def test_a_value_for_new_records_that_fits_its_property_is_taken(tmp_path: Path) -> None:
    given = "{number: $viewer.id, tags: $viewer.roles, state: in-print, year: null, box: {owner: a}, day: $now}"
    (tmp_path / "work.yaml").write_text(with_access(f"{{set: {{create: {given}}}}}"))
    assert load_catalog(tmp_path)["Work"].shape.properties["tags"].server_set


@pytest.mark.parametrize(
    ("where", "record", "met"),
    [
        ("{or: {number: {eq: a}}}", {"number": "a"}, True),
        ("{or: [{number: {eq: b}}, {number: {eq: c}}]}", {"number": "a"}, False),
        ("{state: {eq: in-print}}", {"state": "in-print"}, True),
        ("{state: {eq: in_print}}", {"state": "in-print"}, True),
        ("{state: {in: [in_print]}}", {"state": "draft"}, False),
        ("{day: {lte: $now}}", {"day": "2026-01-02"}, True),
        ("{day: {gt: now/d}}", {"day": "2026-01-02"}, False),
        ("{tags: {count: {gte: 2}}}", {"tags": ["a", "b"]}, True),
        ("{parts: {count: {eq: 1}}}", {"parts": [{}]}, True),
        ("{box: {exists: true}}", {"box": {}}, True),
        ("{box: {exists: true}}", {}, False),
        ("{number: {eq: $viewer.id}}", {"number": "ann"}, True),
        ("{number: {eq: $viewer.claims.org}}", {"number": "tate"}, True),
        ("{number: {eq: $viewer.claims.none}}", {"number": "tate"}, False),
        ("{number: {eq: $viewer.claims.groups}}", {"number": "x"}, False),
        ("{number: {in: $viewer.claims.groups}}", {"number": "x"}, True),
        ("{number: {in: $viewer.claims.org}}", {"number": "tate"}, True),
        ("{number: {in: $viewer.roles}}", {"number": "public"}, True),
        ("{tags: {any: $viewer.roles}}", {"tags": ["public"]}, True),
        ("{tags: {any: [a, $viewer.claims.none]}}", {"tags": ["a"]}, True),
        ("{tags: {all: [$viewer.claims.none]}}", {"tags": ["a"]}, False),
        ("{tags: {none: [a, $viewer.claims.none]}}", {"tags": []}, False),
        ("{number: {eq: $viewer.claims.none}, or: [{number: {eq: a}}]}", {"number": "a"}, False),
        ("{number: {eq: $viewer.id}, and: [{number: {eq: a}}]}", {"number": "a"}, False),
        ("{ownerId: {eq: $viewer.id}, and: {number: {eq: a}}}", {"number": "a", "ownerId": "ann"}, True),
        ("{box: {owner: {eq: $viewer.claims.none}, or: [{owner: {eq: a}}]}}", {"box": {"owner": "a"}}, False),
    ],
)
def test_a_rule_reaches_the_records_that_meet_it(tmp_path: Path, where: str, record: dict[str, Any], met: bool) -> None:
    collection = read_rule(tmp_path, where)
    subject = Subject(frozenset({"public"}), "ann", {"org": "tate", "groups": ["x", "y"]})
    assert holds(reach(collection, "read", subject, Clock(NOW)), record) is met


def test_the_server_writes_the_property_and_not_the_link_beside_it(tmp_path: Path) -> None:
    (tmp_path / "work.yaml").write_text(with_access("{set: {create: {ownerId: $viewer.id}}}"))
    properties = load_catalog(tmp_path)["Work"].shape.properties
    assert properties["ownerId"].server_set
    assert not properties["owner"].server_set


def test_what_is_wrong_with_set_is_said(tmp_path: Path) -> None:
    text = with_access("{set: {creat: {}, create: {ownr: $viewr.id}}}")
    assert problems(tmp_path, work_yaml=text) == [
        "work.yaml:17: 'ownr' is not a property (did you mean ownerId?)",
        "work.yaml:17: set key 'creat' is not known (did you mean create?)",
        "work.yaml:17: value '$viewr.id' is not known (did you mean $viewer.id?)",
    ]


@pytest.mark.parametrize(
    ("facet", "problem"),
    [
        ("{interval: .inf}", "interval must be a number above 0"),
        ("{interval: .nan}", "interval must be a number above 0"),
        ("{interval: 0}", "interval must be a number above 0"),
        ("{ranges: [{from: 5, to: 5}]}", "the from of a range must be less than its to"),
        ("{ranges: [{from: .nan}]}", "a range needs from, to or both, as numbers"),
    ],
)
def test_a_facet_of_no_width_is_an_error(tmp_path: Path, facet: str, problem: str) -> None:
    text = with_properties(f"a: {{type: number, x-search: {{facet: {facet}}}}}")
    assert problems(tmp_path, work_yaml=text) == [f"work.yaml:8: {problem}"]
