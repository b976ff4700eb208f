"""Documents: the limits of parsing, and what is remembered."""

import pytest
from graphql import OperationType

from errors import BadUserInput, CostExceeded
from schema.endpoint import Documents
from schema.endpoint.documents import DocumentRefused
from schema.errors import Stage
from tests.unit.endpoint_app import core_schema


def documents(max_tokens: int = 1_000, max_documents: int = 100, max_characters: int = 10_000) -> Documents:
    return Documents(core_schema(), max_tokens=max_tokens, max_documents=max_documents, max_characters=max_characters)


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
