"""Patterns that compare texts by a folded form."""

import operator
import re
from collections.abc import Callable

from hypothesis import example, given, settings
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


SCRIPTS = [
    "aé\u0301z",
    "ии\u0306\u0483\u0487ё",
    "محد\u064e\u0651\u0670آ",
    "שלם\u05b8\u05bc\u05c1",
    "かがハパ\u3099\u309a",
    "कर\u094d\u093c",
]
"""Letters with marks of their scripts' own."""


@settings(deadline=None)
@given(st.sampled_from(SCRIPTS).flatmap(lambda letters: st.tuples(st.text(letters), st.text(letters, max_size=3))))
@example(("م\u064fح\u064eم\u0651\u064eد", "محمد"))
@example(("ש\u05c1\u05b8לו\u05b9ם", "שלום"))
def test_containing_leaves_the_marks_of_every_script_aside(texts: tuple[str, str]) -> None:
    value, needle = texts
    if fold(needle):
        assert meets(containing_folded(needle), value) == (fold(needle) in fold(value))


SEVERAL = st.text("sßfiﬁﬃ½1⁄2.…한하ᄒ", max_size=5)
"""With characters that fold to two, three and more."""


@settings(deadline=None)
@given(SEVERAL, SEVERAL.filter(lambda text: bool(fold(text))))
@example("xß", "xs")
@example("ßx", "sx")
@example("\ufb01ne", "f")
@example("\ufb03", "f")
@example("½", "⁄")
@example("한", "하")
@example("ß", "s")
@example("ßt", "st")
def test_a_character_that_folds_to_several_is_found_by_all_and_at_the_ends_by_some_of_them(
    value: str, needle: str
) -> None:
    assert meets(containing_folded(needle), value) == (fold(needle) in fold(value))
    folded = needle.casefold()
    for name, compare in COMPARISONS.items():
        assert meets(comparing_without_case(name, folded), value) == compare(value.casefold(), folded)


def test_what_can_be_spelt_in_very_many_ways_is_still_looked_for() -> None:
    pattern = comparing_without_case("contains", "s" * 100)
    assert len(pattern) < 500_000
    assert meets(pattern, "s" * 100)
