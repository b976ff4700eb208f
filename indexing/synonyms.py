"""The synonyms of a collection, put into a search text: any analyzer can do with them, and nothing is indexed anew."""

import re
from collections.abc import Callable
from functools import lru_cache

_PLAIN_WORD = re.compile(r"\w[\w'’.-]*", re.UNICODE)


@lru_cache(maxsize=200)
def expander(lines: tuple[str, ...]) -> Callable[[str], str]:
    """Replaces a plain word by the group of what it may stand for; multi-word synonyms become phrases."""
    groups: dict[str, dict[str, None]] = {}
    for line in lines:
        left, arrow, right = line.partition("=>")
        words = [word.strip() for word in left.split(",") if word.strip()]
        meanings = [word.strip() for word in right.split(",") if word.strip()] if arrow else words
        for word in words:
            groups.setdefault(word.casefold(), {}).update(dict.fromkeys(meanings))

    def expand(token: str) -> str:
        sign, word = (token[0], token[1:]) if token[:1] in "-+" else ("", token)
        meanings = groups.get(word.strip('"').casefold())
        if not meanings:
            return token
        return f"{sign}({' | '.join(_quoted(meaning) for meaning in meanings)})"

    return expand


def _quoted(meaning: str) -> str:
    return f'"{meaning}"' if not _PLAIN_WORD.fullmatch(meaning) else meaning
