"""What a user types into `search`, as an Elasticsearch query: any text at all has an answer."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from indexing.conditions import MATCH_NONE, Query
from indexing.fields import text as text_field
from models.collections.properties import Collection, Path

MAX_LENGTH = 2_000
"""Characters of a search text that are read: Lucene's parser is recursive, and clauses have a limit."""
MAX_WORDS = 60
MAX_GROUPS = 20
MAX_VARIED = 100
"""Characters of a word that may be spelt nearly or be a beginning; longer ones cost Lucene more than it allows."""
FLAGS = "AND|OR|NOT|PHRASE|PREFIX|FUZZY|SLOP|PRECEDENCE|WHITESPACE"
EXACT, PREFIX, NEAR = 8.0, 3.0, 1.0
"""Weights by which an exact match outranks a prefix, and a prefix a near miss."""

_TOKEN = re.compile(r'[-+]?"[^"]*"(?:~\d+)?|[^\s"]+|"')
_PLAIN_WORD = re.compile(r"\w[\w'’.-]*", re.UNICODE)
_WORD = re.compile(r"\w", re.UNICODE)


def search_query(collection: Collection, searched: str, paths: Iterable[Path]) -> Query | None:
    """The query of a search text over the full text at `paths`; `None` if it is blank, which is no condition."""
    if not searched.strip():
        return None
    tokens = _tokens(searched)
    fields = [f"{text_field(path)}^{path.last.search.boost:g}" for path in paths]
    if not fields or not any(_WORD.search(token) for token in tokens):
        return MATCH_NONE
    expand = _synonyms(collection.synonyms)
    exact = _simple(" ".join(expand(token) for token in tokens), fields)
    variants = _variants(collection, tokens)
    if not variants:
        return exact
    should = [_boosted(exact, EXACT), *(_boosted(_simple(text, fields), weight) for text, weight in variants)]
    return {"bool": {"should": should, "minimum_should_match": 1}}


def _tokens(searched: str) -> list[str]:
    """The words, phrases and operators of a text, bounded, with only what can be sent as UTF-8."""
    clean = searched[:MAX_LENGTH].encode("utf-8", "replace").decode()
    tokens = _TOKEN.findall(clean)[:MAX_WORDS]
    if clean.count("(") != clean.count(")") or clean.count("(") > MAX_GROUPS:
        tokens = [token.replace("(", " ").replace(")", " ") for token in tokens]
    return [_without_variants(token) for token in tokens if token.strip() not in ("", '"')]


def _without_variants(token: str) -> str:
    """A very long word as itself, whatever it asks for."""
    varied = len(token) > MAX_VARIED and not token.startswith(('"', '+"', '-"'))
    return token.replace("*", " ").replace("~", " ") if varied else token


def _simple(text: str, fields: list[str]) -> Query:
    return {
        "simple_query_string": {
            "query": text,
            "fields": fields,
            "default_operator": "and",
            "flags": FLAGS,
            "lenient": True,
        }
    }


def _boosted(query: Query, weight: float) -> Query:
    (name, body), *_ = query.items()
    return {name: {**body, "boost": weight}}


def _variants(collection: Collection, tokens: list[str]) -> list[tuple[str, float]]:
    """The text with its last word as a prefix, and with its words spelt nearly, as the collection's `search` allows."""
    variants: list[tuple[str, float]] = []
    if collection.search.prefix and _PLAIN_WORD.fullmatch(tokens[-1]) and 1 < len(tokens[-1]) <= MAX_VARIED:
        variants.append((" ".join([*tokens[:-1], f"{tokens[-1]}*"]), PREFIX))
    near = [_near(token) for token in tokens]
    if collection.search.fuzzy and near != tokens:
        variants.append((" ".join(near), NEAR))
    return variants


def _near(token: str) -> str:
    """A plain word from the fourth letter on with one letter, from the eighth with two, allowed to be wrong."""
    if not _PLAIN_WORD.fullmatch(token) or not 4 <= len(token) <= MAX_VARIED or not token.isalpha():
        return token
    return f"{token}~{1 if len(token) < 8 else 2}"


@lru_cache(maxsize=200)
def _synonyms(lines: tuple[str, ...]) -> Callable[[str], str]:
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


def highlight_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """The `fields` of a highlight request over the full text at `paths`."""
    return {text_field(path): {} for path in paths}
