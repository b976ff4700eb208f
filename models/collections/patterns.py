"""Regular expressions of Lucene's that compare texts by a folded form, so that the index needs no folded copy of them.

A character may fold to several (`ß` to `ss`): it is found by all of them together and, at the ends of what is looked
for, by a part of them.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

from errors import CostExceeded
from models.collections.folding import fold

Folding = Callable[[str], str]
_ANY = "(.|\n)"
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Those of any script; scripts have some of their own."""
_SYNTAX = frozenset('.?+*|(){}[]\\"#@&<>~^-')
_LAST = 0x10FFFF
MAX_WAYS = 200
"""Of a text such as `ssssssssssss`, which can be spelt in very many ways, the first are looked for."""
MAX_TANGLE = 20_000
"""Characters of all these ways together: Lucene's time grows with far more than their length."""
MAX_PATTERN = 900_000
"""Characters of a pattern, or of all that a filter makes together: Elasticsearch takes 1,000,000 of one."""
_FOLDED_BELOW = 0x20000
"""No character beyond folds to another."""


@dataclass(frozen=True)
class Alphabet:
    """The characters that fold to others: by what they fold to, and each with its folded form."""

    sources: dict[str, list[str]]
    targets: dict[str, str]
    marks: str
    """What of any script may stand behind a character without changing the folded form; empty where nothing may."""
    parts: "Parts"


@dataclass(frozen=True)
class Parts:
    """The characters that fold to several, by the parts of what they fold to."""

    heads: dict[str, list[str]]
    tails: dict[str, list[str]]
    insides: dict[str, list[str]]
    longest: int


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
    return Alphabet(sources, targets, marks, _parts(targets))


def _parts(targets: dict[str, str]) -> Parts:
    heads: dict[str, list[str]] = {}
    tails: dict[str, list[str]] = {}
    insides: dict[str, list[str]] = {}
    several = {character: folded for character, folded in targets.items() if len(folded) > 1}
    for character, folded in several.items():
        length = len(folded)
        for cut in range(1, length):
            heads.setdefault(folded[:cut], []).append(character)
            tails.setdefault(folded[cut:], []).append(character)
        for inside in {folded[a:b] for a in range(length) for b in range(a + 1, length + 1)} - {folded}:
            insides.setdefault(inside, []).append(character)
    return Parts(heads, tails, insides, max(map(len, several.values())))


def _without_case() -> Alphabet:
    return _alphabet(str.casefold, "")


def containing_folded(needle: str) -> str:
    """Texts that contain `needle`, case and accents aside."""
    return f"{_ANY}*{_sequence(fold(needle), _alphabet(fold, _MARKS), before=True, after=True)}{_ANY}*"


def literally(text: str) -> str:
    """This text and no other."""
    return "".join(map(_plain, text))


def comparing_without_case(operator: str, folded: str) -> str:
    """Texts whose case folded form compares so with `folded`: `eq startsWith contains gt gte lt lte`."""
    alphabet = _without_case()
    match operator:
        case "startsWith":
            return f"{_sequence(folded, alphabet, after=True)}{_ANY}*"
        case "contains":
            return f"{_ANY}*{_sequence(folded, alphabet, before=True, after=True)}{_ANY}*"
    same = _sequence(folded, alphabet)
    if operator == "eq":
        return same
    return _range(operator, folded, same, alphabet)


def _range(operator: str, folded: str, same: str, alphabet: Alphabet) -> str:
    above = operator.startswith("g")
    starts = list(_starts(folded, alphabet))
    options = [f"{start}{_leaving(folded, place, above=above)}{_ANY}*" for place, start in enumerate(starts)]
    if above:
        options.append(f"{same}{_ANY}+")
    else:
        options.extend(starts)
    if operator.endswith("e"):
        options.append(same)
    return "|".join(f"({option})" for option in options) if options else "#"


def _starts(folded: str, alphabet: Alphabet) -> Iterator[str]:
    """What comes before each character; raises `CostExceeded` where that is too much to be looked for."""
    size = 0
    for place in range(len(folded)):
        start = _sequence(folded[:place], alphabet)
        size += len(start)
        if size > MAX_PATTERN:
            raise CostExceeded(
                "A text can be spelt in too many ways to compare with it.", "Compare with a shorter one."
            )
        yield start


def _leaving(text: str, place: int, *, above: bool) -> str:
    """The class of characters whose folded form at `place` is greater (or less) than what `text` has there."""
    targets, heads = _without_case().targets, _without_case().parts.heads
    several = [
        one
        for one in heads.get(text[place], ())
        if not text.startswith(targets[one], place) and (targets[one] > text[place:]) is above
    ]
    return _beside(text[place], tuple(several), above=above)


@lru_cache(maxsize=1_000)
def _beside(character: str, several: tuple[str, ...], *, above: bool) -> str:
    """The class of `several` and the characters whose folded form begins with a greater (or less) one."""
    alphabet, code = _without_case(), ord(character)
    chosen = set(map(ord, several)) | {
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


Steps = dict[int, list[tuple[int, list[str]]]]
"""From each place in a folded text: to which place which characters lead."""


def _sequence(folded: str, alphabet: Alphabet, *, before: bool = False, after: bool = False) -> str:
    """Texts that fold to `folded`; the first (the last) character may fold to something before (after) it too."""
    steps = _steps(folded, alphabet, before=before, after=after)
    cuts = [place for place in range(len(folded) + 1) if not _is_spanned(place, steps)]
    return "".join(_between(start, end, steps, alphabet) for start, end in pairwise(cuts))


def _steps(folded: str, alphabet: Alphabet, *, before: bool, after: bool) -> Steps:
    end, parts = len(folded), alphabet.parts
    steps: Steps = {place: [(place + 1, [one, *alphabet.sources.get(one, [])])] for place, one in enumerate(folded)}
    for place in range(end):
        for to in range(place + 1, min(place + parts.longest, end) + 1):
            text = folded[place:to]
            found = list(alphabet.sources.get(text, [])) if to > place + 1 else []
            if before and place == 0:
                found += parts.tails.get(text, [])
            if after and to == end:
                found += parts.heads.get(text, [])
            if before and after and to - place == end:
                found += parts.insides.get(text, [])
            if found:
                steps[place].append((to, sorted(set(found))))
    return steps


def _is_spanned(place: int, steps: Steps) -> bool:
    """Whether a character leads from before a place to behind it."""
    return any(start < place < to for start, several in steps.items() for to, _ in several)


def _between(start: int, end: int, steps: Steps, alphabet: Alphabet) -> str:
    """Every way from one place to another, between which all ways are tangled; of too many the first."""
    ways: list[str] = []
    size = 0
    for way in islice(_ways(start, end, steps, alphabet), MAX_WAYS):
        size += len(way)
        if ways and size > MAX_TANGLE:
            break
        ways.append(way)
    return ways[0] if len(ways) == 1 else f"({'|'.join(ways)})"


def _ways(start: int, end: int, steps: Steps, alphabet: Alphabet) -> Iterator[str]:
    if start == end:
        yield ""
    for to, characters in steps.get(start, []):
        if to <= end:
            for rest in _ways(to, end, steps, alphabet):
                yield _class(characters, alphabet) + rest


def _class(characters: list[str], alphabet: Alphabet) -> str:
    marks = f"[{alphabet.marks}{_own_marks().get(_script(characters[0]), '')}]*" if alphabet.marks else ""
    if len(characters) == 1:
        return f"{_plain(characters[0])}{marks}"
    return f"[{''.join(map(_plain, characters))}]{marks}"


def _script(character: str) -> str:
    """The first word of a character's name, such as ARABIC."""
    return unicodedata.name(character, "").replace("-", " ").partition(" ")[0]


@lru_cache(maxsize=1)
def _own_marks() -> dict[str, str]:
    """The marks that are those of one script, as a part of a class, by script."""
    found: dict[str, list[tuple[int, int]]] = {}
    for character in filter(unicodedata.combining, map(chr, range(_FOLDED_BELOW))):
        name = unicodedata.name(character, "").removeprefix("COMBINING ")
        for script in name.partition(" ")[0].split("-"):  # such as KATAKANA-HIRAGANA
            found.setdefault(script, []).append((ord(character), ord(character)))
    return {script: "".join(f"{chr(a)}-{chr(b)}" for a, b in _joined(ranges)) for script, ranges in found.items()}


def _plain(character: str) -> str:
    return f"\\{character}" if character in _SYNTAX else character
