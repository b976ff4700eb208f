"""What a search text may have been meant to be: words of the index that are like its own, and more used.

Elasticsearch's suggester knows no rules. What comes of it are candidates, which show nobody anything before a search
under the viewer's own rule has found more with them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexing.completions import errors_allowed
from indexing.fields import PLAIN_WORDS
from indexing.fields import text as text_field
from indexing.mappings import is_spelt_out
from indexing.words import MAX_LENGTH
from models.collections.properties import Path

MAX_WORDS = 8
OPTIONS = 3
MAX_CANDIDATES = 5
_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w*~])")


@dataclass(frozen=True)
class _Option:
    text: str
    likeness: float
    records: int

    @property
    def place(self) -> tuple[float, int, str]:
        return -self.likeness, -self.records, self.text


def _words(searched: str) -> list[re.Match[str]]:
    """The words long enough for typing errors, but for those that are excluded or are patterns."""
    found = _WORD.finditer(searched[:MAX_LENGTH])
    return [word for word in found if errors_allowed(word.group())][:MAX_WORDS]


def suggest_clauses(searched: str, paths: Sequence[Path]) -> dict[str, Any]:
    """The `suggest` part of a `_search` request; empty where no word can be corrected."""
    apart = [path for path in paths if path.last.search.analyzer == "standard" and not is_spelt_out(path)]
    fields = [*([PLAIN_WORDS] if any(map(is_spelt_out, paths)) else []), *map(text_field, apart)]
    return {
        f"{place}:{field}": {"text": word.group(), "term": _term(field, errors_allowed(word.group()))}
        for place, word in enumerate(_words(searched))
        for field in fields
    }


def _term(field: str, errors: int) -> dict[str, Any]:
    return {"field": field, "size": OPTIONS, "suggest_mode": "popular", "max_edits": errors, "prefix_length": 0}


def candidates(searched: str, suggested: Mapping[str, Any]) -> tuple[str, ...]:
    """Whole search texts, the likeliest first: all words corrected, then one of them, then by the next best words."""
    words = _words(searched)
    options = [_options(suggested, place) for place in range(len(words))]
    found: dict[str, None] = {}
    for chosen in _choices(options):
        found[_replaced(searched, words, chosen)] = None
    found.pop(searched, None)
    return tuple(found)[:MAX_CANDIDATES]


def _options(suggested: Mapping[str, Any], place: int) -> list[str]:
    found = [
        _Option(option["text"], option["score"], option["freq"])
        for name, entries in suggested.items()
        if name.startswith(f"{place}:") and len(entries) == 1
        for option in entries[0]["options"]
    ]
    ordered = sorted(found, key=lambda option: option.place)
    return list(dict.fromkeys(option.text for option in ordered))


def _choices(options: Sequence[Sequence[str]]) -> Iterator[list[str | None]]:
    """What each word is replaced by, `None` for what stays."""
    best = [several[0] if several else None for several in options]
    yield best
    for place, several in enumerate(options):
        if several:
            yield [several[0] if other == place else None for other in range(len(options))]
    for place, several in enumerate(options):
        for next_best in several[1:]:
            yield [next_best if other == place else one for other, one in enumerate(best)]


def _replaced(searched: str, words: Sequence[re.Match[str]], chosen: Sequence[str | None]) -> str:
    parts, end = [], 0
    for word, replacement in zip(words, chosen, strict=True):
        parts += [searched[end : word.start()], _as_written(replacement, word.group()) if replacement else word.group()]
        end = word.end()
    return "".join([*parts, searched[end:]])


def _as_written(replacement: str, word: str) -> str:
    """With a capital where the word has one."""
    if word.isupper():
        return replacement.upper()
    return replacement.capitalize() if word[0].isupper() else replacement
