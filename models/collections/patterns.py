"""Regular expressions of Lucene's that compare texts by a folded form, so that the index needs no folded copy of them.

A character that folds to several (`ß` to `ss`) is found by all of them together, not by a part.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from models.collections.folding import fold

Folding = Callable[[str], str]
_ANY = "(.|\n)"
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*"
_SYNTAX = frozenset('.?+*|(){}[]\\"#@&<>~^-')
_LAST = 0x10FFFF
_FOLDED_BELOW = 0x20000
"""No character beyond folds to another."""


@dataclass(frozen=True)
class Alphabet:
    """The characters that fold to others: by what they fold to, and each with its folded form."""

    sources: dict[str, list[str]]
    targets: dict[str, str]
    marks: str
    """What may stand behind any character without changing the folded form."""


@lru_cache(maxsize=2)
def _alphabet(folding: Folding, marks: str) -> Alphabet:
    sources: dict[str, list[str]] = {}
    targets: dict[str, str] = {}
    for character in map(chr, range(_FOLDED_BELOW)):
        if "\ud800" <= character <= "\udfff":
            continue
        folded = folding(character)
        if folded and folded != character:
            sources.setdefault(folded, []).append(character)
            targets[character] = folded
    return Alphabet(sources, targets, marks)


def _without_case() -> Alphabet:
    return _alphabet(str.casefold, "")


def containing_folded(needle: str) -> str:
    """Texts that contain `needle`, case and accents aside."""
    return f"{_ANY}*{_sequence(fold(needle), _alphabet(fold, _MARKS))}{_ANY}*"


def comparing_without_case(operator: str, folded: str) -> str:
    """Texts whose case folded form compares so with `folded`: `eq startsWith contains gt gte lt lte`."""
    alphabet = _without_case()
    same = _sequence(folded, alphabet)
    match operator:
        case "eq":
            return same
        case "startsWith":
            return f"{same}{_ANY}*"
        case "contains":
            return f"{_ANY}*{same}{_ANY}*"
    return _range(operator, folded, same, alphabet)


def _range(operator: str, folded: str, same: str, alphabet: Alphabet) -> str:
    above = operator.startswith("g")
    starts = [_sequence(folded[:place], alphabet) for place in range(len(folded))]
    options = [
        f"{start}{_beside(character, alphabet, above=above)}{_ANY}*"
        for start, character in zip(starts, folded, strict=True)
    ]
    if above:
        options.append(f"{same}{_ANY}+")
    else:
        options.extend(starts)
    if operator.endswith("e"):
        options.append(same)
    return "|".join(f"({option})" for option in options) if options else "#"


def _beside(character: str, alphabet: Alphabet, *, above: bool) -> str:
    """The class of characters whose folded form is greater (or less) than `character`."""
    code = ord(character)
    chosen = {
        ord(one)
        for one, folded in alphabet.targets.items()
        if (folded[0] > character) is above and folded[0] != character
    }
    special = {ord(one) for one in alphabet.targets}
    low, high = (code + 1, _LAST) if above else (0, code - 1)
    edges = sorted(one for one in special if low <= one <= high and one not in chosen)
    ranges: list[tuple[int, int]] = []
    for edge in edges:
        if low < edge:
            ranges.append((low, edge - 1))
        low = edge + 1
    if low <= high:
        ranges.append((low, high))
    ranges.extend((one, one) for one in sorted(chosen))
    return f"[{''.join(f'{_plain(chr(a))}-{_plain(chr(b))}' for a, b in _joined(ranges))}]" if ranges else "#"


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that touch as one, without the code points of surrogates."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return [part for low, high in joined for part in _without_surrogates(low, high)]


def _without_surrogates(low: int, high: int) -> list[tuple[int, int]]:
    parts = [(low, min(high, 0xD7FF)), (max(low, 0xE000), high)]
    return [(a, b) for a, b in parts if a <= b]


def _sequence(folded: str, alphabet: Alphabet) -> str:
    """Texts that fold to exactly `folded`."""
    pattern: list[str] = []
    position = 0
    while position < len(folded):
        pair = folded[position : position + 2]
        together = alphabet.sources.get(pair, []) if len(pair) == 2 else []
        if together:
            apart = "".join(_one(character, alphabet) for character in pair)
            pattern.append(f"({apart}|{_class(together, alphabet)})")
            position += 2
        else:
            pattern.append(_one(pair[0], alphabet))
            position += 1
    return "".join(pattern)


def _one(character: str, alphabet: Alphabet) -> str:
    return _class([character, *alphabet.sources.get(character, [])], alphabet)


def _class(characters: list[str], alphabet: Alphabet) -> str:
    if len(characters) == 1:
        return f"{_plain(characters[0])}{alphabet.marks}"
    return f"[{''.join(map(_plain, characters))}]{alphabet.marks}"


def _plain(character: str) -> str:
    return f"\\{character}" if character in _SYNTAX else character
