"""Which records have a word or a phrase in one of their full texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.acceptance.oracle.shapes import Json, Path, Record, Shape

_TOKEN = re.compile(r"\w+(?:['’.]\w+)*")


@dataclass(frozen=True)
class Word:
    """A word, and the inflections that an English analyzer takes for the same."""

    text: str
    inflections: frozenset[str] = frozenset()

    def is_in(self, text: str, analyzer: str) -> bool:
        return bool(self._forms(analyzer) & set(tokens(text, analyzer)))

    def _forms(self, analyzer: str) -> frozenset[str]:
        return self.inflections | {self.text} if analyzer == "english" else frozenset({self.text})


@dataclass(frozen=True)
class Phrase:
    """Words that stand beside one another, in exactly these forms."""

    text: str

    def is_in(self, text: str, analyzer: str) -> bool:
        words, wanted = tokens(text, analyzer), self.text.split()
        return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


def tokens(text: str, analyzer: str) -> list[str]:
    """The words of a text in small letters, split nearly as Unicode and so Elasticsearch's tokenizer say."""
    words = [match.group().lower() for match in _TOKEN.finditer(text)]
    return [re.sub("['’]s$", "", word) for word in words] if analyzer == "english" else words


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
