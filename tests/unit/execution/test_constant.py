"""Operations that ask for nothing but names of types, as checks of health do."""

import pytest
from graphql import build_schema

from tests.unit.execution.oracle import assert_same

SCHEMA = build_schema("type Query { a: String } type Mutation { a: String }")


@pytest.mark.parametrize(
    "document",
    [
        "{ __typename }",
        "{ b: __typename __typename c: __typename }",
        "mutation { __typename }",
        "query Q($no: Boolean!) { __typename @skip(if: $no) }",
        "query Q($no: Boolean = true) { __typename @skip(if: $no) a }",
        "query Q($needed: Int!) { __typename }",
        "{ ...F } fragment F on Query { __typename }",
        "{ __typename a }",
    ],
)
def test_names_of_types_alone_are_as_in_graphql_core(document: str) -> None:
    assert_same(SCHEMA, document, dict, {}, {"no": True, "needed": 1}, {"more": 2})
