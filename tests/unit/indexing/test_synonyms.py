"""Synonyms in a search text, of one word or of several."""

import pytest

from indexing.synonyms import synonyms_of

LINES = ("new york, NYC, big apple", "new york  city => nyc", "grey, gray", "jmw => joseph mallord william")
NYC = '((new york) | NYC | "big apple")'


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("grey sea", "(grey | gray) sea"),
        ("JMW", '("joseph mallord william")'),
        ("nyc", '("new york" | NYC | "big apple")'),
        ("New York", NYC.replace("new york", "New York")),
        ("old new york hotel", f"old {NYC} hotel"),
        ("new york city", "(nyc)"),
        ("york new", "york new"),
        ("new grey york", "new (grey | gray) york"),
        ('"new york"', '("new york" | NYC | "big apple")'),
        ("-nyc", '-("new york" | NYC | "big apple")'),
        ("new -york", "new -york"),
        ("joseph mallord william", "joseph mallord william"),
    ],
)
def test_what_stands_for_something_is_searched_as_all_of_it(typed: str, searched: str) -> None:
    synonyms = synonyms_of(LINES)
    tokens = [typed] if typed.startswith('"') else typed.split()
    assert " ".join(map(synonyms.expand, synonyms.joined(tokens))) == searched


def test_without_synonyms_a_text_stays_as_it_is() -> None:
    assert list(synonyms_of(()).joined(["new", "york"])) == ["new", "york"]
