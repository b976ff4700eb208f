"""What a user types into `search`, as an Elasticsearch query: any text at all has an answer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from indexing.conditions import MATCH_NONE, Query
from indexing.fields import PLAIN_WORDS
from indexing.fields import text as text_field
from indexing.mappings import is_spelt_out
from indexing.synonyms import PLAIN_WORD, synonyms_of
from models.collections.properties import Collection, Path

MAX_LENGTH = 2_000
"""Characters of a search text that are read: Lucene's parser is recursive, and clauses have a limit."""
MAX_KEPT = 200
"""Characters of a search text whose query is kept."""
MAX_WORDS = 60
MAX_GROUPS = 20
MAX_VARIED = 100
"""Characters of a word that may be spelt nearly or be a beginning; longer ones cost Lucene more than it allows."""
FLAGS = "AND|OR|NOT|PHRASE|PREFIX|FUZZY|SLOP|PRECEDENCE|WHITESPACE"
TIER = 100.0
"""More than the words' own score can be, for each of them: so an exact match outranks a prefix, that a near miss."""

_TOKEN = re.compile(r'[-+]?"[^"]*"(?:~\d+)?|[^\s"]+|"')
_WORD = re.compile(r"\w|[^\x00-\x7f]", re.UNICODE)
"""What can make a word: of what is no ASCII, such as 😀, the analyzers decide."""
_JOINING = re.compile(r'[|()\\]|^[-+"]$|^"$')
"""What makes one condition of several tokens, or is told apart by Lucene's parser alone."""
_OPERATES = re.compile(r'^[-+]|["*~]')
_PHRASE = re.compile(r'"([^"]*)"(?:~(\d+))?')
MAX_SLOP = 1_000


# What the analyzers that we know leave out; of others nobody here can tell.
_LEFT_OUT = {
    "standard": frozenset[str](),
    "english": frozenset(
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
        "this to was will with".split()
    ),
}


@dataclass(frozen=True)
class _Fields:
    """Where words are looked for: the full text by analyzer, and its words as they are written."""

    paths: tuple[Path, ...]

    together: bool = True
    """Whether words that are only alike may be found in the field of all words, which says nothing of where."""

    @cached_property
    def weighted(self) -> list[str]:
        """The fields with their boosts, of which the greatest is 1 in every collection."""
        return list(map(self._weighted, self.paths))

    @cached_property
    def groups(self) -> list[list[str]]:
        """The same, those of one analyzer together."""
        found: dict[str | None, list[str]] = {}
        for path in self.paths:
            found.setdefault(path.last.search.analyzer, []).append(self._weighted(path))
        return list(found.values())

    @cached_property
    def alike(self) -> list[str]:
        """Where beginnings and near misses are looked for: in words as they are written, since one of a stem's is none
        of a word's, and besides in what counts for more, or is not among those words.

        Each field costs as much as the others, whatever it holds: an automaton, and a walk through its words.
        """
        spelt = [path for path in self.paths if is_spelt_out(path)]
        if not spelt:
            return self.weighted
        least = min(path.last.search.boost for path in spelt)
        apart = [path for path in self.paths if path not in spelt or path.last.search.boost > least]
        others = map(self._weighted, apart) if self.together else self.weighted
        return [*others, f"{PLAIN_WORDS}^0.5"]

    @cached_property
    def _most(self) -> float:
        return max(path.last.search.boost for path in self.paths)

    def _weighted(self, path: Path) -> str:
        return f"{text_field(path)}^{path.last.search.boost / self._most:.4g}"

    @cached_property
    def _left_out(self) -> frozenset[str] | None:
        analyzers = {path.last.search.analyzer or "" for path in self.paths}
        if not analyzers <= _LEFT_OUT.keys():
            return None
        return frozenset(word for one in analyzers for word in _LEFT_OUT[one])

    def are_sure_of(self, token: str) -> bool:
        """Whether the token is surely one word to each of the analyzers, and none that one leaves out."""
        left_out = self._left_out
        return left_out is not None and token.isascii() and token.isalnum() and token.lower() not in left_out


@lru_cache(maxsize=200)
def _fields(paths: tuple[Path, ...], together: bool) -> _Fields:
    return _Fields(paths, together)


def search_query(
    collection: Collection, searched: str, paths: Iterable[Path], *, comparable: bool = False, marks: bool = False
) -> Query | None:
    """The query of a search text over the full text at `paths`; `None` if it is blank, which is no condition.

    `comparable` scores compare with those of other collections, whatever their `search` setting is. A query that
    `marks` finds each word in the text where it stands.
    """
    if not searched.strip():
        return None
    if len(searched) > MAX_KEPT:
        return _searched(collection, searched, _fields(tuple(paths), not marks), comparable=comparable)
    return _kept(collection, searched, tuple(paths), comparable, marks)


def _searched(collection: Collection, searched: str, fields: _Fields, *, comparable: bool) -> Query:
    tokens = _tokens(searched)
    if not fields.paths or not any(_WORD.search(token) for token in tokens):
        return MATCH_NONE
    exact = _exactly(collection, tokens, fields)
    variants = list(_variants(collection, tokens, fields))
    if not variants and not comparable:
        return exact
    tier = TIER * len(tokens)
    return _best([_raised(exact, 2 * tier), *(_raised(query, tier * weight) for query, weight in variants)])


@lru_cache(maxsize=200)
def _kept(collection: Collection, searched: str, paths: tuple[Path, ...], comparable: bool, marks: bool) -> Query:
    """The same, kept for who asks again, as for the next page; nobody changes a query that was made."""
    return _searched(collection, searched, _fields(paths, not marks), comparable=comparable)


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


def _exactly(collection: Collection, tokens: Sequence[str], fields: _Fields) -> Query:
    """All tokens as they are, or as their synonyms."""
    synonyms = synonyms_of(collection.synonyms)
    expand = synonyms.expand
    if any(map(_JOINING.search, tokens)):
        return _simple(" ".join(expand(token) for token in tokens), fields.weighted)
    tokens = list(synonyms.joined(tokens))
    wanted = [token for token in tokens if not token.startswith("-")]
    if tokens == wanted and len(tokens) == 1 and expand(tokens[0]) == tokens[0]:
        return _simple(tokens[0], fields.weighted)
    query = {
        "must": [_token(token, expand(token), fields) for token in wanted],
        "must_not": [_simple(expand(token[1:]), fields.weighted) for token in tokens if token.startswith("-")],
    }
    if wanted and not any(expand(token) == token and fields.are_sure_of(token) for token in wanted):
        # Words that an analyzer leaves out are no conditions, but not all of them can be none.
        query["filter"] = [_simple(" ".join(map(expand, wanted)), fields.weighted, "or")]
    return {"bool": {name: clauses for name, clauses in query.items() if clauses}}


def _token(token: str, expanded: str, fields: _Fields) -> Query:
    """One word or phrase; what an analyzer leaves out, as "the" or "&", is found where that analyzer is at work."""
    phrase = _PHRASE.fullmatch(token)
    if expanded != token or (_OPERATES.search(token) and not phrase):
        return _simple(expanded, fields.weighted)
    shared: Query = {"query": token, "operator": "and"}
    if phrase:
        shared = {"query": phrase[1], "type": "phrase", "slop": min(int((phrase[2] or "0")[:9]), MAX_SLOP)}
    shared |= {"zero_terms_query": "all", "lenient": True}
    return _best([{"multi_match": {**shared, "fields": group}} for group in fields.groups])


def _best(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"dis_max": {"queries": queries}}


def _simple(text: str, fields: list[str], operator: str = "and") -> Query:
    return {
        "simple_query_string": {
            "query": text,
            "fields": fields,
            "default_operator": operator,
            "flags": FLAGS,
            "lenient": True,
        }
    }


def _raised(query: Query, weight: float) -> Query:
    """`query` with so much more for all that it finds."""
    return {"bool": {"must": [query, {"match_all": {"boost": weight}}]}} if weight else query


def _variants(collection: Collection, tokens: list[str], fields: _Fields) -> Iterable[tuple[Query, float]]:
    """The text with its last word as a prefix, and with its words spelt nearly, as the collection's `search` allows."""
    begins = collection.search.prefix and PLAIN_WORD.fullmatch(tokens[-1]) and 1 < len(tokens[-1]) <= MAX_VARIED
    if begins:
        yield _varied(collection, tokens, [*tokens[:-1], f"{tokens[-1]}*"], fields), 1
    near = [_near(token) for token in tokens]
    if collection.search.fuzzy and near != tokens:
        yield _varied(collection, tokens, near, fields), 0


def _varied(collection: Collection, tokens: list[str], variants: list[str], fields: _Fields) -> Query:
    """All tokens as they are or as their variants."""
    expand = synonyms_of(collection.synonyms).expand
    if any(map(_JOINING.search, tokens)):
        return _simple(" ".join(variants), fields.weighted)
    if len(tokens) == 1 and expand(tokens[0]) == tokens[0] and fields.are_sure_of(tokens[0]):
        # What has the word itself is found by it already, and ranked above.
        return _simple(variants[0], fields.alike)
    must, must_not = [], []
    for token, variant in zip(tokens, variants, strict=True):
        if token.startswith("-"):
            must_not.append(_simple(expand(token[1:]), fields.weighted))
        else:
            found = _token(token, expand(token), fields)
            must.append(found if variant == token else _best([found, _simple(variant, fields.alike)]))
    return {"bool": {"must": must, **({"must_not": must_not} if must_not else {})}}


def _near(token: str) -> str:
    """A plain word with some letters of it allowed to be wrong; of one with hyphens each part by itself."""
    if not PLAIN_WORD.fullmatch(token) or len(token) > MAX_VARIED:
        return token
    parts = [_near_part(part) for part in token.split("-")]
    if len(parts) == 1 or not any(part.endswith(("~1", "~2")) for part in parts):
        return parts[0] if len(parts) == 1 else token
    return f"({' '.join(parts)})"


def _near_part(word: str) -> str:
    """From the fourth letter on one may be wrong, from the eighth two; not the digits of a number."""
    letters = sum(map(str.isalpha, word))
    return word if letters < 4 else f"{word}~{1 if letters < 8 else 2}"


def highlight_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """The `fields` of a highlight request over the full text at `paths`."""
    return {text_field(path): {} for path in paths}
