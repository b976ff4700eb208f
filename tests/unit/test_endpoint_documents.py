"""Documents: the limits of parsing, and what is remembered."""

import pytest
from graphql import OperationType, build_schema

from errors import BadUserInput, CostExceeded
from schema.endpoint import DocumentLimits, Documents
from schema.endpoint.parsing import DocumentRefused
from schema.errors import Stage
from tests.unit.endpoint_app import core_schema


def documents(max_tokens: int = 1_000, max_documents: int = 100, max_characters: int = 10_000) -> Documents:
    limits = DocumentLimits(max_tokens)
    return Documents(core_schema(), limits, max_documents=max_documents, max_characters=max_characters)


def test_a_document_is_parsed_and_validated_once() -> None:
    kept = documents()
    assert kept.prepare("{ hello }") is kept.prepare("{ hello }")


def test_the_document_used_longest_ago_makes_room() -> None:
    kept = documents(max_documents=2)
    first, second = kept.prepare("{ hello }"), kept.prepare("{ boom }")
    kept.prepare("{ hello }")
    kept.prepare("{ search }")
    assert kept.prepare("{ hello }") is first
    assert kept.prepare("{ boom }") is not second


def test_the_text_that_is_remembered_is_bounded_and_long_texts_are_not_kept() -> None:
    kept = documents(max_characters=100)
    first = kept.prepare("{ hello }")
    for number in range(12):
        kept.prepare(f"{{a{number:x}:boom}}")
    assert kept.prepare("{ hello }") is not first
    assert kept.prepare("{ hello hello }") is not kept.prepare("{ hello hello }")


@pytest.mark.parametrize(
    "text",
    [
        "{ " + "hello " * 1_001 + "}",
        "{ hello }" + "\n#" * 1_001,
        "{ a" * 400 + " }" * 400,
        "{ echo(value: " + "[" * 490 + "]" * 490 + ") }",
        "{ ...F0 } "
        + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }} " for n in range(130))
        + "fragment F130 on Query { hello }",
    ],
    ids=["tokens", "comments", "selections", "values", "fragments"],
)
def test_a_document_beyond_a_limit_costs_too_much(text: str) -> None:
    with pytest.raises(CostExceeded):
        documents().prepare(text)


def test_the_limit_itself_passes() -> None:
    documents(max_tokens=5).prepare("{ a: hello }")
    with pytest.raises(CostExceeded):
        documents(max_tokens=4).prepare("{ a: hello }")


class TestNesting:
    """Over a type that holds itself."""

    SCHEMA = build_schema("type Query { a: T } type T { a: T, n: Int }")

    def prepare(self, text: str, max_depth: int = 4, max_aliases: int = 3) -> None:
        Documents(self.SCHEMA, DocumentLimits(max_depth=max_depth, max_aliases=max_aliases)).prepare(text)

    @pytest.mark.parametrize(
        ("fits", "exceeds"),
        [
            ("{ a { a { a { n } } } }", "{ a { a { a { a { n } } } } }"),
            ("{ a { ... { ... on T { a { a { n } } } } } }", "{ a { ... { ... on T { a { a { a { n } } } } } } }"),
            (
                "{ a { ...F } } fragment F on T { ...G } fragment G on T { n a { a { n } } }",
                "{ a { n a { ...F } } } fragment F on T { ...G } fragment G on T { n a { a { n } } }",
            ),
            (
                "query A { ...Q } fragment Q on Query { a { ...F } } fragment F on T { n a { n } }",
                """query A { ...Q } query B { a { a { ...F a { ...F } } } }
                fragment Q on Query { a { ...F } } fragment F on T { n a { n } }""",
            ),
        ],
    )
    def test_fields_are_counted_that_stand_in_one_another(self, fits: str, exceeds: str) -> None:
        self.prepare(fits)
        with pytest.raises(CostExceeded, match=r"nests 5 fields in one another; 4 are allowed\. Ask"):
            self.prepare(exceeds)

    @pytest.mark.parametrize(
        ("fits", "exceeds"),
        [
            ("{ x: a { y: n z: n } }", "{ x: a { y: n z: n w: n } }"),
            (
                "{ x: a { ...F } b: a { ...F } } fragment F on T { y: n }",
                "{ x: a { ...F } b: a { ...G } } fragment F on T { y: n } fragment G on T { y: n ...F }",
            ),
            (
                "query A { x: a { n } } query B { x: a { y: n } }",
                "query A { a { n } } query B { a { w: n x: n y: n z: n } }",
            ),
            ("{ x: a { n } y: a { n } }", "{ w: __typename x: __typename y: __typename z: __typename }"),
        ],
    )
    def test_aliases_are_counted_those_of_a_fragment_once(self, fits: str, exceeds: str) -> None:
        self.prepare(fits)
        with pytest.raises(CostExceeded, match=r"has 4 aliases; 3 are allowed\. Ask"):
            self.prepare(exceeds)

    @pytest.mark.parametrize(
        "text",
        [
            "{ a { ...F } } fragment F on T { a { ...F } }",
            "{ a { ...F } } fragment F on T { n ...G } fragment G on T { a { ...F } }",
            "{ a { ...Missing } }",
            "{ a { ...F } } fragment F on T { n } fragment F on T { a { n } }",
        ],
    )
    def test_what_is_not_valid_is_left_to_validation(self, text: str) -> None:
        with pytest.raises(DocumentRefused):
            self.prepare(text)

    def test_a_limit_holds_before_a_document_is_validated(self) -> None:
        with pytest.raises(CostExceeded):
            self.prepare("{ nothing { a { a { a { a { n } } } } } }")


def test_a_document_may_say_the_same_as_often_as_it_has_tokens() -> None:
    many = "__typename hello " * 2_000
    document = documents(max_tokens=5_000).prepare(f"{{ {many} shape {{ {'name ' * 500} }} a: hello a: hello }}")
    assert len(document.operation(None).node.selection_set.selections) == 4
    with pytest.raises(DocumentRefused):
        documents(max_tokens=5_000).prepare(f"{{ {many} a: hello a: boom }}")


def test_a_document_is_found_by_its_hash_as_long_as_it_is_kept() -> None:
    kept = documents(max_documents=1)
    assert kept.known("00") is None
    document = kept.prepare("{ hello }", "00")
    assert kept.known("00") is document
    assert kept.prepare("{ hello }") is document
    kept.prepare("{ boom }")
    assert kept.known("00") is None
    assert kept.prepare("{ hello }", "00") is kept.known("00")


def test_a_refused_document_says_at_which_stage_and_is_not_remembered() -> None:
    kept = documents()
    for text, stage in (("{", Stage.PARSING), ("{ nothing }", Stage.VALIDATION), ("", Stage.PARSING)):
        for _ in range(2):
            with pytest.raises(DocumentRefused) as refused:
                kept.prepare(text)
            assert refused.value.stage is stage


def test_operations_are_found_by_name() -> None:
    document = documents().prepare("query A { hello } mutation B { touch }")
    assert document.operation("B").type is OperationType.MUTATION
    for name in ("C", None):
        with pytest.raises(BadUserInput):
            document.operation(name)
    assert documents().prepare("{ hello }").operation(None).name is None


@pytest.mark.parametrize(
    ("text", "upserts"),
    [
        ("mutation { upsertThings(records: []) }", True),
        ("mutation { x: upsertThings(records: []) }", True),
        ("mutation { ... { ...F } } fragment F on Mutation { touch upsertThings(records: []) }", True),
        ("mutation { upsertThings: touch }", False),
        ("{ upsertThings: hello }", False),
    ],
)
def test_only_a_root_field_that_upserts_makes_an_upsert(text: str, upserts: bool) -> None:
    assert documents().prepare(text).operation(None).upserts is upserts


def test_fragments_that_spread_one_another_many_times_are_looked_into_once() -> None:
    chain = "".join(f"fragment F{n} on Mutation {{ ...F{n + 1} ...F{n + 1} }} " for n in range(40))
    text = f"mutation {{ ...F0 }} {chain} fragment F40 on Mutation {{ touch }}"
    assert documents().prepare(text).operation(None).upserts is False
