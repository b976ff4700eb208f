"""The synonyms of a collection, put into a search text: any analyzer can do with them, and nothing is indexed anew."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

PLAIN_WORD = re.compile(r"\w[\w'’.-]*", re.UNICODE)


@dataclass(frozen=True)
class Synonyms:
    """What a word, or several in a row, may stand for, by its text in lower case."""

    groups: Mapping[str, tuple[str, ...]]

    def joined(self, tokens: Sequence[str]) -> Iterator[str]:
        """The tokens; plain words in a row that stand for something together are one, the longest such row first."""
        most = max((len(text.split()) for text in self.groups), default=1)
        place = 0
        while place < len(tokens):
            row = tokens[place : place + most]
            while len(row) > 1 and not (
                all(map(PLAIN_WORD.fullmatch, row)) and " ".join(row).casefold() in self.groups
            ):
                row = row[:-1]
            yield " ".join(row)
            place += len(row)

    def expand(self, token: str) -> str:
        """A word, a phrase or a row of words as the group of what it may stand for; multi-word synonyms are phrases."""
        sign, word = (token[0], token[1:]) if token[:1] in "-+" else ("", token)
        meanings = self.groups.get(word.strip('"').casefold())
        if not meanings:
            return token
        return f"{sign}({' | '.join(_meaning(meaning, word) for meaning in meanings)})"


@lru_cache(maxsize=200)
def synonyms_of(lines: tuple[str, ...]) -> Synonyms:
    """The synonyms in the lines of a collection file."""
    groups: dict[str, dict[str, None]] = {}
    for line in lines:
        left, arrow, right = line.partition("=>")
        words = [" ".join(word.split()) for word in left.split(",") if word.strip()]
        meanings = [" ".join(word.split()) for word in right.split(",") if word.strip()] if arrow else words
        for word in words:
            groups.setdefault(word.casefold(), {}).update(dict.fromkeys(meanings))
    return Synonyms({text: tuple(meanings) for text, meanings in groups.items()})


def _meaning(meaning: str, word: str) -> str:
    if PLAIN_WORD.fullmatch(meaning):
        return meaning
    # What was typed itself is found as it was typed: its words wherever they stand, unless it was a phrase.
    return f"({word})" if meaning.casefold() == word.casefold() else f'"{meaning}"'
