"""What an operation may cost is told from its document and its variables."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, get_introspection_query

from errors import CostExceeded
from models.collections.loading import load_catalog
from schema.build import build_schema
from schema.endpoint import DocumentLimits, Documents
from tests.unit.collections.files import ARTIST, WORK, with_properties

COUNTRY = with_properties(
    "borders: {type: array, items: {type: string, x-link: {collection: Country, as: neighbours}}}",
    "area: {type: integer}",
    base=WORK.replace("Work", "Country"),
)
LINKED = with_properties(
    "title: {type: string, x-search: {suggest: true, facet: true}}",
    "place: {type: object, properties: {country: {type: string, x-link: {collection: Country, as: land}}}}",
    "makers: {type: array, items: {$ref: '#/$defs/Maker'}}",
    "parts: {type: array, items: {$ref: '#/$defs/Part'}}",
)
DEFINITIONS = """\
  $defs:
    Maker:
      type: object
      properties:
        role: {type: string}
        artist: {type: string, x-link: {collection: Artist, as: maker, reverse: works}}
    Part:
      type: object
      properties:
        name: {type: string}
        parts: {type: array, items: {$ref: "#/$defs/Part"}}
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> GraphQLSchema:
    folder: Path = tmp_path_factory.mktemp("collections")
    for name, text in {"work": LINKED + DEFINITIONS, "artist": ARTIST, "country": COUNTRY}.items():
        (folder / f"{name}.yaml").write_text(text)
    return build_schema(load_catalog(folder))


@pytest.fixture(scope="module")
def documents(schema: GraphQLSchema) -> Documents:
    return Documents(schema)


def cost(documents: Documents, text: str, **variables: Any) -> int:
    return documents.prepare(text).operation(None).cost.of(variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 0),
        ('{ work(key: "a") { id number title } }', 1),
        ("{ works(first: 7) { nodes { id title } } }", 1 + 7),
        ("{ works(first: 7) { edges { cursor node { id } } pageInfo { endCursor } totalCount } }", 1 + 7),
        ("{ works(last: 7) { nodes { id } } }", 1 + 7),
        ("{ works(first: null, last: 3) { nodes { id } } }", 1 + 3),
        ("{ works { nodes { id } } }", 1 + 10),
        ("{ works(first: 0) { nodes { id } } }", 1),
        ("{ works(first: -5) { nodes { id } } }", 1),
        ("{ works(first: 5000000) { nodes { id } } }", 1 + 1_000),
        ("{ works(first: 7) { nodes { makers { role } parts { name parts { name } } } } }", 1 + 7 * (1 + 1 + 2)),
        ("{ works(first: 7) { nodes { makers { maker { number } } } } }", 1 + 7 * (1 + 1 + 10)),
        ("{ works(first: 7) { nodes { place { land { area } } } } }", 1 + 7 * (1 + 1 + 1)),
        ("{ countries(first: 250) { nodes { neighbours { neighbours { area } } } } }", 1 + 250 * (1 + 10 * (1 + 10))),
        ("{ artists(first: 3) { nodes { works(first: 5) { nodes { id } } } } }", 1 + 3 * (1 + 1 + 5)),
        ("{ works(first: 7) { edges { highlights { path } node { id } } } }", 1 + 7 * (1 + 1)),
        ("{ works(first: 7) { facets { title(first: 3) { buckets { value } } } } }", 1 + 1 + 1 + 3),
        ("{ works { facets { title { buckets { value } } } } }", 1 + 1 + 1 + 10),
        ("{ works { groupBy(by: [title], first: 4) { nodes { count stats { title { count } } } } } }", 2 + 4 * 3),
        ('{ workSuggestions(prefix: "a", first: 4) { text } }', 4),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        (
            '{ node(id: "a") { ... on Work { makers { maker { id } } } ... on Artist { works { totalCount } } } }',
            1 + 1 + 10,
        ),
        ("{ collections { name } }", 10),
        ('mutation { upsertWorks(records: [{number: "a"}, {number: "b"}]) { record { id } errors { code } } }', 6),
        ('mutation { createWork(input: {number: "a"}) { record { id } errors { code } } }', 3),
        ("subscription { recordChanged { record { id ... on Work { makers { maker { id } } } } } }", 1 + 1 + 1 + 10),
    ],
)
def test_objects_are_counted_by_what_is_asked_for(documents: Documents, text: str, expected: int) -> None:
    assert cost(documents, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ a: works(first: 5) { nodes { id } } b: works(first: 5) { nodes { id } } }", 12),
        ("{ works(first: 5) { nodes { id } } works(first: 5) { nodes { title } } }", 6),
        (
            """{ works(first: 5) { nodes { ...A ...B } } }
            fragment A on Work { makers { maker { id } } } fragment B on Work { makers { role maker { number } } }""",
            1 + 5 * 12,
        ),
        (
            """{ ...Q ... on Query { works(first: 5) { nodes { id } } } }
            fragment Q on Query { works(first: 5) { totalCount } }""",
            6,
        ),
        ("{ works(first: 5) @skip(if: true) { nodes { id } } }", 0),
        ("{ works(first: 5) { nodes @include(if: false) { id } totalCount } }", 1),
        ("{ works(first: 5) { ... @include(if: true) { nodes { id } } } }", 6),
    ],
)
def test_what_is_one_field_in_the_answer_counts_once(documents: Documents, text: str, expected: int) -> None:
    assert cost(documents, text) == expected


class TestVariables:
    PAGE = """query($n: Int, $m: Int = 3) {
        works(first: $n) { nodes { makers { maker { works(first: $m) { nodes { id } } } } } }
    }"""

    @pytest.mark.parametrize(
        ("variables", "first", "inner"),
        [({"n": 2, "m": 4}, 2, 4), ({"n": 2}, 2, 3), ({}, 10, 3), ({"n": None, "m": None}, 10, 10),
         ({"n": 9_999, "m": -1}, 1_000, 0), ({"n": "many", "m": True}, 10, 10), ({"n": 2.0}, 2, 3)],
    )  # fmt: skip
    def test_pages_have_the_size_that_variables_say(
        self, documents: Documents, variables: dict[str, Any], first: int, inner: int
    ) -> None:
        for _ in range(2):
            assert cost(documents, self.PAGE, **variables) == 1 + first * (1 + 1 + 10 * (1 + 1 + inner))

    def test_many_sizes_are_told_one_after_another(self, documents: Documents) -> None:
        text = "query($n: Int) { works(first: $n) { nodes { id } } }"
        assert [cost(documents, text, n=number) for number in range(300)] == [1 + number for number in range(300)]

    def test_of_first_and_last_the_one_that_is_given_counts(self, documents: Documents) -> None:
        text = "query($f: Int, $l: Int) { works(first: $f, last: $l) { nodes { id } } }"
        assert cost(documents, text, f=4) == cost(documents, text, l=4) == cost(documents, text, f=None, l=4) == 5

    @pytest.mark.parametrize(("ids", "expected"), [(["a"] * 4, 4), ([], 0), ("a", 1), (None, 0)])
    def test_ids_are_counted(self, documents: Documents, ids: Any, expected: int) -> None:
        assert cost(documents, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids) == expected

    def test_what_a_variable_leaves_out_costs_nothing(self, documents: Documents) -> None:
        text = "query($all: Boolean!, $few: Boolean = false) { works(first: 5) { ...F @include(if: $all) } }"
        text += " fragment F on WorkConnection { nodes @skip(if: $few) { id } }"
        assert cost(documents, text, all=True) == 6
        assert cost(documents, text, all=False) == 1
        assert cost(documents, "query($no: Boolean!) { works @skip(if: $no) { nodes { id } } }", no=True) == 0


class TestLimit:
    def test_what_costs_more_than_is_allowed_is_refused_with_both_figures(self, schema: GraphQLSchema) -> None:
        operation = Documents(schema, DocumentLimits(max_cost=20)).prepare(TestVariables.PAGE).operation(None)
        operation.check_cost({"n": 0})
        with pytest.raises(CostExceeded, match=r"may cost 63; 20 is allowed.*first") as refused:
            operation.check_cost({"n": 1, "m": 4})
        assert refused.value.code == "COST_EXCEEDED"

    @pytest.mark.parametrize(
        "text",
        [
            "{ works(first: 1000) { nodes { a: id b: id c: id d: id e: id f: id number title makers { role } } } }",
            "{ countries(first: 250) { nodes { neighbours { neighbours { area } } } } }",
            "{ artists(first: 250) { edges { node { works { edges { node { makers { maker { number } } } } } } } } }",
            "{" + " ".join(f"a{n}: works {{ nodes {{ makers {{ maker {{ id }} }} }} }}" for n in range(30)) + "}",
            "mutation($r: [WorkInput!]!) { upsertWorks(records: $r) { record { makers { maker { id } } } } }",
        ],
    )
    def test_the_limit_lets_ordinary_requests_through(self, documents: Documents, text: str) -> None:
        documents.prepare(text).operation(None).check_cost({"r": [{}] * 1_000})

    @pytest.mark.parametrize(
        "text",
        [
            "{ artists(first: 1000) { nodes { works(first: 1000) { nodes { id } } } } }",
            "{ countries { nodes { neighbours { neighbours { neighbours { neighbours { area } } } } } } }",
            "{ works(first: 1000) { nodes {" + " ".join(f"a{n}: parts {{ name }}" for n in range(60)) + "} } }",
        ],
    )
    def test_it_stops_what_multiplies(self, documents: Documents, text: str) -> None:
        with pytest.raises(CostExceeded):
            documents.prepare(text).operation(None).check_cost({})


class TestSchemaQuestions:
    def test_the_standard_questions_are_free_whatever_the_limits(self, schema: GraphQLSchema) -> None:
        tight = Documents(schema, DocumentLimits(max_tokens=20, max_depth=2, max_aliases=0, max_cost=1))
        for wanted in (True, False):
            text = get_introspection_query(
                wanted, wanted, wanted, wanted, input_value_deprecation=wanted, one_of=wanted
            )
            operation = tight.prepare(text).operation(None)
            operation.check_cost(None)
            assert operation.cost.of(None) == 0

    def test_only_what_asks_for_nothing_else_may_have_more_tokens(self, schema: GraphQLSchema) -> None:
        tight = Documents(schema, DocumentLimits(max_tokens=15))
        asked = "{ __schema { types { kind name description fields { name description args { name } } } } "
        tight.prepare(asked + "}")
        with pytest.raises(CostExceeded, match="more than 15 tokens"):
            tight.prepare(asked + "works { totalCount } }")
        with pytest.raises(CostExceeded):
            Documents(schema, DocumentLimits(max_tokens=15), introspection=False).prepare(asked + "}")

    def test_questions_that_multiply_are_not(self, documents: Documents) -> None:
        asked = "__schema { types { fields { args { type { ofType { name } } } } } }"
        assert cost(documents, "{" + asked + "}") == 0
        with pytest.raises(CostExceeded):
            documents.prepare("{" + " ".join(f"a{n}: {asked}" for n in range(90)) + "}").operation(None).check_cost(
                None
            )


class TestFragments:
    """Of a shape that holds itself: `parts { parts … }`."""

    def chain(self, length: int, body: str) -> str:
        spread = "".join(
            f"fragment F{n} on WorkParts {{ {body.replace('NEXT', f'...F{n + 1}')} }} " for n in range(length)
        )
        return f"{{ works {{ nodes {{ parts {{ ...F0 }} }} }} }} {spread} fragment F{length} on WorkParts {{ name }}"

    def test_what_spreads_itself_many_times_in_one_place_counts_once(self, documents: Documents) -> None:
        assert cost(documents, self.chain(40, "NEXT ...{ NEXT } NEXT")) == 1 + 10 * 2

    def test_what_doubles_at_each_step_is_refused_at_once(self, documents: Documents) -> None:
        with pytest.raises(CostExceeded, match=r"With its fragments written out, the operation has 6,145 fields"):
            documents.prepare(self.chain(11, "a: parts { NEXT } b: parts { NEXT }"))

    def test_conditions_do_not_multiply_the_work(self, documents: Documents) -> None:
        variables = "".join(f"$v{n}: Boolean! " for n in range(60))
        text = "".join(
            f"fragment F{n} on WorkParts {{ ...F{n + 1} @include(if: $v{n}) ...F{n + 1} @skip(if: $v{n}) }} "
            for n in range(60)
        )
        text = f"query({variables}) {{ works {{ nodes {{ parts {{ ...F0 }} }} }} }} {text}"
        assert cost(documents, text + "fragment F60 on WorkParts { name }") == 1 + 10 * 2
