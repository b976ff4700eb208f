"""Judged queries: known items, looked for by their titles as people remember and type them."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

SEED = 20_140_101
QUERIES = 150
"""Items of each collection; each is looked for in every way."""
WORDS = range(4, 13)
"""Words of a title that is remembered."""
_LONG = re.compile(r"[^\W\d_]{5,}")
"""A word that may be misspelt."""
_WORD = re.compile(r"\w(?:[\w'’.&-]*\w)?")

Words = Sequence[str]


@dataclass(frozen=True)
class Judged:
    """What is typed, and the key of the one record that is meant."""

    typed: str
    key: str


def judged(titles: Mapping[str, str]) -> dict[str, list[Judged]]:
    """The queries by how they were made, from titles by key; the same titles make the same queries."""
    chance = random.Random(SEED)  # noqa: S311 - nobody is to be kept from guessing it
    known = sorted(_distinct(titles).items())
    items = chance.sample(known, min(QUERIES, len(known)))
    return {
        name: [Judged(" ".join(spoil(words, chance)), key) for key, words in items] for name, spoil in SPOILING.items()
    }


def _distinct(titles: Mapping[str, str]) -> dict[str, Words]:
    """The words of the titles that are long enough, and of which no other title has the same in any order."""
    words = {key: _WORD.findall(title) for key, title in titles.items()}
    counts = Counter(map(_bag, words.values()))
    return {
        key: several
        for key, several in words.items()
        if len(several) in WORDS and counts[_bag(several)] == 1 and any(map(_LONG.search, several))
    }


def _bag(words: Words) -> tuple[str, ...]:
    return tuple(sorted(word.lower() for word in words))


def _dropped(words: Words, chance: random.Random) -> Words:
    """A third of the words are forgotten, and at least one."""
    kept = sorted(chance.sample(range(len(words)), len(words) - max(1, len(words) // 3)))
    return [words[place] for place in kept]


def _swapped(words: Words, chance: random.Random) -> Words:
    """Two words that stand side by side change places."""
    place = chance.randrange(len(words) - 1)
    return [*words[:place], words[place + 1], words[place], *words[place + 2 :]]


def _misspelt(words: Words, chance: random.Random) -> Words:
    """One long word has a letter left out, doubled, or changed for its neighbour's place."""
    place = chance.choice([place for place, word in enumerate(words) if _LONG.search(word)])
    return [*words[:place], _slip(words[place], chance), *words[place + 1 :]]


def _slip(word: str, chance: random.Random) -> str:
    long = chance.choice(list(_LONG.finditer(word)))
    letter = chance.randrange(long.start() + 1, long.end() - 1)
    slips = [
        word[:letter] + word[letter + 1 :],
        word[:letter] + word[letter] + word[letter:],
        word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
    ]
    return chance.choice([slip for slip in slips if slip != word])


def _all_at_once(words: Words, chance: random.Random) -> Words:
    """One word is forgotten, two change places, one is misspelt."""
    dropped = chance.randrange(len(words))
    left = [*words[:dropped], *words[dropped + 1 :]]
    if not any(map(_LONG.search, left)):
        left = list(words)
    return _misspelt(_swapped(left, chance), chance)


SPOILING: dict[str, Callable[[Words, random.Random], Words]] = {
    "words dropped": _dropped,
    "words swapped": _swapped,
    "a word misspelt": _misspelt,
    "all of these": _all_at_once,
}
"""The ways in which a remembered title differs from the real one."""
