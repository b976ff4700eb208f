"""What a value is completed by while one types: its form in the index, and how well it continues what was typed."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from models.collections.folding import MAX_TERM_BYTES, SEPARATOR, fold

MAX_LENGTH = 1_000
"""Characters of a value that is offered: longer ones are no completions."""
MAX_TYPED = 200
"""Characters of what was typed that are read."""
EXACT, BEGINNING, WITHIN, NEAR_BEGINNING, NEAR = range(5)
"""How a value continues what was typed, the best first: it is that, begins so, has those words, has nearly those."""
FIRST = "^"
"""Stands in the index before the first word of a value, once more beside the word itself."""
VARIED = 7
"""Letters of a word by whose variants values are looked for: more make expressions that cost Lucene much."""

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """The words of a text, case and accents folded, whatever stands between them."""
    return _WORD.findall(fold(text))


def completion(text: str) -> str | None:
    """The form of a value in the index: its words, then itself; `None` for what is not offered."""
    words = words_of(text) if len(text) <= MAX_LENGTH else []
    form = f"{' '.join(words)}{SEPARATOR}{text}"
    return form if words and len(form.encode()) <= MAX_TERM_BYTES else None


def index_words(form: str) -> list[str]:
    """The words of a form as they are looked for, each once."""
    words = folded_of(form).split(" ")
    return [FIRST + words[0], *dict.fromkeys(words)]


def text_of(form: str) -> str:
    """The value that a form was made of."""
    return form.partition(SEPARATOR)[2]


def folded_of(form: str) -> str:
    """The words that a form begins with."""
    return form.partition(SEPARATOR)[0]


def errors_allowed(word: str) -> int:
    """Typing errors that are forgiven in a word: one from its fourth letter on, two from its eighth."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def suitability(typed: Sequence[str], form: str) -> tuple[int, int] | None:
    """How a form continues the typed words (`EXACT` … `NEAR`), and by how many errors; `None` if it does not."""
    folded = folded_of(form)
    start = " ".join(typed)
    if folded.startswith(start):
        return (EXACT if folded == start else BEGINNING), 0
    words = folded.split(" ")
    *whole, last = typed
    if all(word in words for word in whole) and any(word.startswith(last) for word in words):
        return WITHIN, 0
    at_first = _errors(typed, [[word] for word in words]) if len(words) >= len(typed) else None
    if at_first is not None:
        return NEAR_BEGINNING, at_first
    anywhere = _errors(typed, [words] * len(typed))
    return None if anywhere is None else (NEAR, anywhere)


def _errors(typed: Sequence[str], offered: Iterable[Sequence[str]]) -> int | None:
    """Errors in all typed words, each in the place of one of those offered for it; `None` for more than allowed."""
    total = 0
    for place, (word, others) in enumerate(zip(typed, offered, strict=False)):
        begins = place == len(typed) - 1
        errors = min(distance(word, other, begins=begins) for other in others)
        if errors > errors_allowed(word):
            return None
        total += errors
    return total


@lru_cache(maxsize=20_000)  # the words of the values at hand come again and again
def distance(typed: str, word: str, *, begins: bool) -> int:
    """The letters to be put in, left out, replaced or swapped to make `word` of `typed`, or a beginning of `word`."""
    if word.startswith(typed) and (begins or len(word) == len(typed)):
        return 0
    rows = [list(range(len(word) + 1))]
    for i, letter in enumerate(typed):
        above, row = rows[-1], [i + 1]
        for j, other in enumerate(word):
            cost = min(above[j + 1] + 1, row[j] + 1, above[j] + (letter != other))
            if i and j and letter == word[j - 1] and typed[i - 1] == other:
                cost = min(cost, rows[-2][j - 1] + 1)
            row.append(cost)
        rows.append(row)
    return min(rows[-1]) if begins else rows[-1][-1]


def nearly_beginning(word: str) -> str:
    """A regular expression of Lucene's: texts that begin with `word`, but for one error in its first letters."""
    return _nearly(word[:VARIED], 1) + ".*"


@lru_cache(maxsize=1_000)
def _nearly(word: str, errors: int) -> str:
    if not errors or not word:
        return word
    first, rest = word[0], word[1:]
    same = f"{first}{_nearly(rest, errors)}"
    # One letter is wrong, too much in the text, or missing there.
    other = [f".{_nearly(rest, errors - 1)}", f".{_nearly(word, errors - 1)}", _nearly(rest, errors - 1) or "()"]
    if rest and rest[0] != first:
        other.append(f"{rest[0]}{first}{_nearly(rest[1:], errors - 1)}")
    return f"({same}|{'|'.join(other)})"
