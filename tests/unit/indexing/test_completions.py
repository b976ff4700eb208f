"""What a value continues, and how near a typed beginning comes to it."""

import re

import pytest

from indexing.completions import (
    BEGINNING,
    EXACT,
    MAX_LENGTH,
    NEAR,
    NEAR_BEGINNING,
    WITHIN,
    completion,
    distance,
    nearly_beginning,
    suitability,
    text_of,
    words_of,
)


def fit(typed: str, value: str) -> tuple[int, int] | None:
    form = completion(value)
    assert form is not None
    assert text_of(form) == value
    return suitability(words_of(typed), form)


@pytest.mark.parametrize(
    ("typed", "value", "expected"),
    [
        ("self portrait", "Self-Portrait", (EXACT, 0)),
        ("etude", "Étude", (EXACT, 0)),
        ("self por", "[Self-Portrait] with a cat", (BEGINNING, 0)),
        ("cat", "Self-Portrait with a cat", (WITHIN, 0)),
        ("portrait sel", "Self-Portrait", (WITHIN, 0)),
        ("sefl por", "Self-Portrait", (NEAR_BEGINNING, 1)),
        ("elfs", "Self-Portrait", None),
        ("portriat", "Self-Portrait", (NEAR, 1)),
        ("sle", "Self-Portrait", None),
        ("dog", "Self-Portrait", None),
        ("self portrait with", "Self-Portrait", None),
    ],
)
def test_a_value_continues_what_was_typed_in_one_of_five_ways(
    typed: str, value: str, expected: tuple[int, int] | None
) -> None:
    assert fit(typed, value) == expected


@pytest.mark.parametrize("value", ["", "…", "🙂", "x" * (MAX_LENGTH + 1), "ﷺ" * MAX_LENGTH])
def test_what_has_no_word_or_is_too_long_is_not_offered(value: str) -> None:
    assert completion(value) is None


@pytest.mark.parametrize(
    ("typed", "word", "whole", "beginning"),
    [("abc", "abc", 0, 0), ("abc", "abcdef", 3, 0), ("acb", "abc", 1, 1), ("abxc", "abc", 1, 1), ("", "abc", 3, 0)],
)
def test_errors_are_letters_put_in_left_out_replaced_or_swapped(
    typed: str, word: str, whole: int, beginning: int
) -> None:
    assert distance(typed, word, begins=False) == whole
    assert distance(typed, word, begins=True) == beginning


@pytest.mark.parametrize("typed", ["lihgt", "ligt", "lught", "ligght", "light"])
def test_the_pattern_of_a_beginning_finds_what_is_one_error_away(typed: str) -> None:
    pattern = nearly_beginning(typed)
    assert re.fullmatch(pattern, "lighthouse")
    assert not re.fullmatch(pattern, "letterhead")
    assert "|)" not in pattern, "Lucene takes no empty alternative"
