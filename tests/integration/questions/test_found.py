"""What random questions have found: each as the smallest case that fails without its mend."""

from typing import Any

from tests.integration.questions.catalogs import SOURCE, TARGET, File, Record, Stock
from tests.integration.questions.checking import Case, check
from tests.integration.questions.conftest import Runner
from tests.integration.questions.questions import FacetAsked, PageAsked, Question

EVERYTHING = PageAsked({}, forward=True, size=5, after=None, before=None)
BY_CODE = [{"code": "ASC"}]


def asked(properties: dict[str, Any], records: list[Record], question: Question, page: PageAsked = EVERYTHING) -> Case:
    """A question about records with these properties."""
    keyed = [{"code": code, **record} for code, record in zip("abcdefgh", records, strict=False)]
    files = {TARGET: _file(TARGET, "makers", {}), SOURCE: _file(SOURCE, "things", properties)}
    stock = Stock(files, {TARGET: [], SOURCE: keyed}, {TARGET: [], SOURCE: []})
    return Case(stock, {SOURCE: [(question, [page])]})


def _file(name: str, plural: str, properties: dict[str, Any]) -> File:
    schema = {"type": "object", "properties": {"code": {"type": "string"}, **properties}}
    return {"name": name, "plural": plural, "key": "code", "schema": schema}


def put(runner: Runner, case: Case) -> None:
    runner.run(check(runner.one, case))


def test_contains_looks_into_the_values_of_a_facet_of_numbers(runner: Runner) -> None:
    properties = {"size": {"type": "number", "x-search": {"facet": True}}}
    facet = FacetAsked(("size",), "terms", {"first": 1, "contains": "5"})
    records = [{"size": size} for size in (0.5, 0.5, 1, 1, 1, 5, 25)]
    put(runner, asked(properties, records, Question({}, BY_CODE, [facet])))


def test_one_alternative_alone_is_one_that_a_facet_leaves_in_place(runner: Runner) -> None:
    properties = {"kind": {"type": "string", "x-search": {"facet": True}}}
    facet = FacetAsked(("kind",), "terms", {"first": 5})
    records = [{"kind": kind} for kind in "xxy"]
    put(runner, asked(properties, records, Question({"or": [{"kind": {"eq": "x"}}]}, BY_CODE, [facet])))


PARTS = {
    "parts": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"kind": {"type": "string", "x-search": {"facet": True}}, "size": {"type": "integer"}},
        },
    }
}
PARTED: list[Record] = [
    {"parts": [{"kind": "x", "size": 1}, {"kind": "y", "size": 2}]},
    {"parts": [{"kind": "x", "size": 1}]},
    {"parts": [{"kind": "y", "size": 1}]},
    {"parts": []},
    {},
]
KINDS_OF_PARTS = FacetAsked(("parts", "kind"), "terms", {"first": 5})


def test_a_facet_leaves_in_place_what_no_element_may_be(runner: Runner) -> None:
    given = {"parts": {"none": {"kind": {"eq": "x"}, "size": {"eq": 1}}}}
    put(runner, asked(PARTS, PARTED, Question(given, BY_CODE, [KINDS_OF_PARTS])))


def test_what_every_element_must_be_is_selected(runner: Runner) -> None:
    given = {"parts": {"every": {"kind": {"eq": "z"}}}}
    put(runner, asked(PARTS, PARTED, Question(given, BY_CODE, [KINDS_OF_PARTS])))


def test_own_conditions_go_with_their_element_however_they_are_put(runner: Runner) -> None:
    own = {"kind": {"eq": "x"}}
    for inner in (own, {"and": [own]}, {"and": [{}, own], "size": {}}):
        put(runner, asked(PARTS, PARTED, Question({"parts": {"some": inner}}, BY_CODE, [KINDS_OF_PARTS])))


def test_pages_lead_back_from_records_without_a_place(runner: Runner) -> None:
    place = {
        "type": "object",
        "format": "geo-point",
        "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
    }
    records = [{"at": {"lat": 1, "lon": 2}}, {"at": {"lat": 10, "lon": 2}}, {}, {}]
    order = [{"at": {"lat": 12.34, "lon": 56.78, "direction": "ASC"}}]
    page = PageAsked({}, forward=False, size=3, after=None, before=3)
    put(runner, asked({"at": place}, records, Question({}, order), page))


def test_zero_has_no_sign(runner: Runner) -> None:
    properties = {"size": {"type": "number", "x-search": {"facet": True}}}
    records = [{"size": size} for size in (0.0, -0.0, 0, 1.5)]
    facet = FacetAsked(("size",), "terms", {"first": 5})
    for operator, operand in [("lte", 0), ("ne", -0.0), ("eq", -0.0), ("gt", -0.0), ("gte", -0.0), ("in", [-0.0])]:
        question = Question({"size": {operator: operand}}, [{"size": "DESC"}], [facet])
        put(runner, asked(properties, records, question))


def test_a_page_that_ends_at_its_cursor_has_nothing_more(runner: Runner) -> None:
    page = PageAsked({}, forward=True, size=2, after=None, before=2)
    put(runner, asked({}, [{}, {}, {}, {}], Question({}, BY_CODE), page))


def test_a_cursor_under_another_filter_may_have_nothing_before_it(runner: Runner) -> None:
    properties = {"size": {"type": "integer"}}
    page = PageAsked({"size": {"gt": 3}}, forward=True, size=2, after=2, before=None)
    put(runner, asked(properties, [{"size": size} for size in range(6)], Question({}, BY_CODE), page))


def test_what_holds_itself_in_a_list_is_filtered_at_every_level(runner: Runner) -> None:
    node = {"$ref": "#/properties/roots/items"}
    tree = {"properties": {"label": {"type": "string"}, "kids": {"type": "array", "items": node}, "heir": node}}
    records: list[Record] = [
        {"roots": [{"label": "a", "kids": [{"label": "b"}], "heir": {"label": "c"}}]},
        {"roots": []},
    ]
    below: dict[str, Any] = {"label": {"eq": "b"}}
    for inner in ({"kids": {"some": below}}, {"heir": {"label": {"eq": "c"}}}, {"kids": {"every": {"heir": below}}}):
        given = {"roots": {"some": inner}}
        put(runner, asked({"roots": {"type": "array", "items": tree}}, records, Question(given, BY_CODE)))
