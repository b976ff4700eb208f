"""Forms of a string that the index keeps beside it: case folded, folded for ordering, bounded in length."""

import hashlib
import unicodedata
from functools import lru_cache

# Lucene refuses a term of more than 32,766 bytes; a longer value is indexed by its beginning and its hash.
MAX_TERM_BYTES = 32_766
_KEPT_BYTES = 32_000
SEPARATOR = "\x00"


def fold(text: str) -> str:
    """The folded form by which full text is ordered: NFKD, marks dropped, case folded."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def order_key(text: str) -> str:
    """A string that sorts by code point as (folded form, original) does."""
    return _short_order_key(text) if len(text) < 80 else bounded(fold(text) + SEPARATOR + text)


@lru_cache(maxsize=20_000)  # the short texts of records (roles, names, subjects) come again and again
def _short_order_key(text: str) -> str:
    return fold(text) + SEPARATOR + text


_FOLDED_RANGES = ((0, 0x3400), (0xA640, 0xA800), (0xF900, 0x10000), (0x1D400, 0x1D800), (0x10400, 0x10450))
"""Where the characters are that fold to others: scripts with case or marks, compatibility forms, mathematical letters."""
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*"
_ESCAPE = "\\"
_SYNTAX = frozenset('.?+*|(){}[]\\"#@&<>~^-')


@lru_cache(maxsize=1)
def _folding() -> dict[str, list[str]]:
    """The characters that fold to a text, by that text."""
    found: dict[str, list[str]] = {}
    for start, end in _FOLDED_RANGES:
        for character in map(chr, range(start, end)):
            folded = "" if "\ud800" <= character <= "\udfff" else fold(character)
            if folded and folded != character:
                found.setdefault(folded, []).append(character)
    return found


def folded_pattern(needle: str) -> str:
    """A Lucene regular expression of the texts whose folded form contains the folded form of `needle`.

    A character that stands for several (`ﬁ`, `ß`) is found by all of them, not by a part.
    """
    found, folded = _folding(), fold(needle)
    pattern: list[str] = []
    position = 0
    while position < len(folded):
        pair = folded[position : position + 2]
        together = found.get(pair, []) if len(pair) == 2 else []
        if together:
            apart = "".join(_any_of([one, *found.get(one, [])]) for one in pair)
            pattern.append(f"({apart}|{_any_of(together)})")
            position += 2
        else:
            pattern.append(_any_of([pair[0], *found.get(pair[0], [])]))
            position += 1
    return f"(.|\n)*{''.join(pattern)}(.|\n)*"


def _any_of(characters: list[str]) -> str:
    return f"[{''.join(f'{_ESCAPE}{c}' if c in _SYNTAX else c for c in characters)}]{_MARKS}"


def bounded(text: str) -> str:
    """`text`, or for a text that is too long for a term its beginning and its hash.

    Equal texts stay equal and different ones different; a prefix of up to 32,000 bytes stays a prefix.
    """
    if len(text) * 4 <= MAX_TERM_BYTES:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_TERM_BYTES:
        return text
    kept = encoded[:_KEPT_BYTES].decode(errors="ignore")
    return kept + SEPARATOR + hashlib.sha256(encoded).hexdigest()
