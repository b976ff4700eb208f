"""Which records have a word or a phrase in one of their full texts."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.acceptance.oracle.shapes import Json, Path, Record, Shape

_TOKEN = re.compile(r"\w+(?:['’.]\w+)*")
_POSSESSIVE = re.compile("['’]s$")


@dataclass(frozen=True)
class Word:
    """A word, and the inflections that an English analyzer takes for the same."""

    text: str
    inflections: frozenset[str] = frozenset()

    def forms(self, analyzer: str) -> frozenset[str]:
        return self.inflections | {self.text} if analyzer == "english" else frozenset({self.text})

    def is_in(self, text: str, analyzer: str) -> bool:
        return not self.forms(analyzer).isdisjoint(tokens(text, analyzer))


@dataclass(frozen=True)
class Phrase:
    """Words that stand beside one another, in exactly these forms."""

    text: str

    def is_in(self, text: str, analyzer: str) -> bool:
        words, wanted = tokens(text, analyzer), self.text.split()
        return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


class Texts:
    """The full texts of many records, read once; records go by their places."""

    def __init__(self, records: Sequence[Record], shape: Shape) -> None:
        self._records, self._shape = records, shape
        self._places: dict[tuple[str, str], set[int]] = defaultdict(set)
        for place, record in enumerate(records):
            for _, analyzer, text in texts(record, shape):
                for token in tokens(text, analyzer):
                    self._places[analyzer, token].add(place)

    def having(self, sought: Word | Phrase) -> set[int]:
        """The records with a full text that has the word or the phrase."""
        if isinstance(sought, Word):
            return {place for key, places in self._places.items() if key[1] in sought.forms(key[0]) for place in places}
        candidates = set.intersection(*(self.having(Word(word)) for word in sought.text.split()))
        return {place for place in candidates if mentions(self._records[place], sought, self._shape)}

    def beginning(self, prefix: str) -> set[int]:
        """The records with a word that begins so."""
        return {place for key, places in self._places.items() if key[1].startswith(prefix) for place in places}


def tokens(text: str, analyzer: str) -> list[str]:
    """The words of a text in small letters, split nearly as Unicode and so Elasticsearch's tokenizer say."""
    words = _TOKEN.findall(text.lower())
    return [_POSSESSIVE.sub("", word) for word in words] if analyzer == "english" else words


def texts(value: Json, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Every full text of a record, those in lists and over links too: its path, its analyzer, itself."""
    if isinstance(value, list):
        for element in value:
            yield from texts(element, shape.item, path)
    elif isinstance(value, str):
        if analyzer := shape.annotation.get("text"):
            yield path, analyzer, value
    elif isinstance(value, dict):
        for prop in shape.properties.values():
            yield from texts(value.get(prop.name), prop.shape, (*path, prop.field))


def mentions(record: Record, word: Word | Phrase, shape: Shape) -> bool:
    """Whether a full text of the record has the word or the phrase."""
    return any(word.is_in(text, analyzer) for _, analyzer, text in texts(record, shape))
