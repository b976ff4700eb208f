"""Patterns that compare texts by a folded form."""

import operator
import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from models.collections.folding import fold
from models.collections.patterns import comparing_without_case, containing_folded

# Letters with case and accents, the syntax of regular expressions, and others; each folds to one character.
TEXTS = st.text('aAbBzZ09~éÉñÑ中.*?+|(){}[]\\^-&<>#@" \nK', max_size=6)
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "startsWith": str.startswith,
    "contains": operator.contains,
}


def meets(pattern: str, text: str) -> bool:
    """As Lucene reads it, where a lone `#` is no text at all."""
    unescaped = re.sub(r"(?<!\\)#(?![^\[]*\])", "(?!)", pattern)
    return re.fullmatch(unescaped, text) is not None


@settings(deadline=None)
@given(TEXTS, TEXTS.filter(bool), st.sampled_from(sorted(COMPARISONS)))
def test_a_comparison_without_case_is_that_of_the_folded_texts(value: str, given_text: str, name: str) -> None:
    folded = given_text.casefold()
    expected = COMPARISONS[name](value.casefold(), folded)
    assert meets(comparing_without_case(name, folded), value) == expected


@settings(deadline=None)
@given(TEXTS, TEXTS.filter(bool))
def test_containing_leaves_case_and_accents_aside(value: str, needle: str) -> None:
    assert meets(containing_folded(needle), value) == (fold(needle) in fold(value))


def test_a_character_that_stands_for_two_is_found_by_both() -> None:
    assert meets(comparing_without_case("eq", "strasse"), "Straße")
    assert meets(containing_folded("office"), "The O\ufb03ce of x") is False  # three at once are not taken apart
    assert meets(containing_folded("fi"), "\ufb01ne")
