"""Merge patches are applied and found as RFC 7396 says."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.merging import merge_document, merge_patch, patch_between, same

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, "", "a"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


# The examples of the RFC's appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_the_patch_between_two_documents_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    assert same(without_nulls(merge_patch(old, patch_between(old, new))), without_nulls(new))


@given(OBJECTS)
def test_nothing_lies_between_a_document_and_itself(document: Any) -> None:
    assert patch_between(document, copy.deepcopy(document)) == {}


@given(OBJECTS, OBJECTS)
def test_no_argument_is_changed(target: Any, patch: Any) -> None:
    before = copy.deepcopy((target, patch))
    for function in (merge_patch, merge_document, patch_between):
        function(target, patch)
    assert same(list(before), [target, patch])


@given(OBJECTS, OBJECTS)
def test_a_document_merged_again_changes_nothing(current: Any, document: Any) -> None:
    merged = merge_document(current, document)
    assert same(merge_document(merged, document), merged)


@given(OBJECTS)
def test_a_document_merged_over_itself_changes_nothing(document: Any) -> None:
    assert same(merge_document(document, document), document)


@given(OBJECTS, OBJECTS)
def test_merging_a_document_reads_as_applying_it_as_a_patch(current: Any, document: Any) -> None:
    merged, patched = merge_document(current, document), merge_patch(current, document)
    assert same(without_nulls(merged), without_nulls(patched))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(1, 1.0, True), (1, True, False), ([0], [False], False), ({"a": 1}, {"a": True}, False), (None, False, False)],
)
def test_documents_are_compared_as_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def without_nulls(value: Any) -> Any:
    """`null` members and absent ones read the same; those inside lists are elements."""
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
