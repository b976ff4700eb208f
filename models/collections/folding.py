"""Forms of a string in the index: folded for ordering, bounded in length."""

import hashlib
import unicodedata
from functools import lru_cache

# Lucene refuses a term of more than 32,766 bytes; a longer value is indexed by its beginning and its hash.
MAX_TERM_BYTES = 32_766
SHORT = MAX_TERM_BYTES // 4
"""A text of so many characters is a term as it is: none of them has more than four bytes."""
_KEPT_BYTES = 32_000
_HASH_LENGTH = 64
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


def bounded(text: str) -> str:
    """`text`, or for a text that is too long for a term its beginning and its hash.

    Equal texts stay equal and different ones different; a prefix of up to 32,000 bytes stays a prefix.
    """
    if len(text) <= SHORT:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_TERM_BYTES:
        return text
    kept = encoded[:_KEPT_BYTES].decode(errors="ignore")
    return kept + SEPARATOR + hashlib.sha256(encoded).hexdigest()


def term_text(term: str, *, folded: bool = False) -> str:
    """The text of a term in the index, of one that was too long its beginning; `folded` for what `order_key` makes."""
    if SEPARATOR not in term:
        return term
    parts = term.split(SEPARATOR)
    if len(parts) > 1 and len(parts[-1]) == _HASH_LENGTH and len(term.encode()) > _KEPT_BYTES:
        parts.pop()
    return parts[-1] if folded else parts[0]
