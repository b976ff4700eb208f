"""Suggestions while one types: the request for the values that continue a beginning, and the reading of its answer.

They are counted in the records that the viewer may read and never come from a suggester of Elasticsearch's, which knows
neither rules nor deletes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from indexing.completions import (
    BEGINNING,
    EXACT,
    FIRST,
    NEAR,
    NEAR_BEGINNING,
    VARIED,
    WITHIN,
    errors_allowed,
    nearly_beginning,
    suitability,
    text_of,
)
from indexing.conditions import Query, query_of
from indexing.fields import completion_words, completions
from models.collections.conditions import Condition
from models.collections.folding import SEPARATOR
from models.collections.properties import Collection, Path

SPARE = 5
"""Values are asked for so many times over where some will not fit: beside others of one record, or by their errors."""


@dataclass(frozen=True)
class SuggestQuery:
    """The values at `paths` that continue the typed `words`, in records that meet `scope`."""

    collection: Collection
    paths: tuple[Path, ...]
    words: tuple[str, ...]
    scope: Condition
    first: int
    near: bool = False
    """Look for those that have typing errors between them, in place of those that have none."""

    @property
    def tiers(self) -> tuple[int, ...]:
        return (NEAR_BEGINNING, NEAR) if self.near else (EXACT, BEGINNING, WITHIN)


@dataclass(frozen=True)
class Suggested:
    """One value that is offered; they are ordered by their places."""

    text: str
    tier: int
    errors: int
    count: int
    """Records that have it."""

    @property
    def place(self) -> tuple[int, int, int, str]:
        return self.tier, self.errors, -self.count, self.text


def has_errors(words: tuple[str, ...]) -> bool:
    """Whether words are long enough for errors to be forgiven in them."""
    return any(map(errors_allowed, words))


def suggest_body(query: SuggestQuery) -> dict[str, Any]:
    """The `_search` request: for each property and each way to continue the values that most records have."""
    least = NEAR if query.near else WITHIN
    should = [_continuing(path, query.words, least) for path in query.paths]
    return {
        "query": {"bool": {"filter": [query_of(query.scope), {"bool": {"should": should}}]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            f"{tier}:{place}": {
                "filter": _only(path, query.words, tier),
                "aggs": {"values": {"terms": {"field": completions(path), "size": _size(query, path)}}},
            }
            for place, path in enumerate(query.paths)
            for tier in query.tiers
        },
    }


def suggested_of(query: SuggestQuery, answer: Mapping[str, Any]) -> list[Suggested]:
    """The values of an answer that really continue what was typed, each once, the best first."""
    found: dict[str, Suggested] = {}
    for aggregated in answer["aggregations"].values():
        for bucket in aggregated["values"]["buckets"]:
            for one in _suggested(query, bucket["key"], bucket["doc_count"]):
                known = found.get(one.text)
                if known is None or one.place < known.place:
                    found[one.text] = one
    return sorted(found.values(), key=lambda one: one.place)[: query.first]


def _suggested(query: SuggestQuery, form: str, count: int) -> Iterator[Suggested]:
    fits = suitability(query.words, form)
    if fits and fits[0] in query.tiers:
        yield Suggested(text_of(form), *fits, count)


def _only(path: Path, words: tuple[str, ...], tier: int) -> Query:
    """Records for which no better tier has the value already; of several values another one may be the better."""
    this = _continuing(path, words, tier)
    if tier == EXACT or _has_several(path):
        return this
    return {"bool": {"filter": [this], "must_not": [_continuing(path, words, tier - 1)]}}


def _continuing(path: Path, words: tuple[str, ...], tier: int) -> Query:
    start = " ".join(words)
    if tier == EXACT:
        return {"prefix": {completions(path): start + SEPARATOR}}
    if tier == BEGINNING:
        return {"prefix": {completions(path): start}}
    field = completion_words(path)
    clause = _exactly if tier == WITHIN else _nearly
    last = len(words) - 1
    clauses = [clause(field, word, begins=place == last) for place, word in enumerate(words)]
    if tier == NEAR_BEGINNING:
        clauses.append(_nearly(field, words[0], begins=not last, start=FIRST))
    return {"bool": {"filter": clauses}}


def _exactly(field: str, word: str, *, begins: bool, start: str = "") -> Query:
    return {"prefix" if begins else "term": {field: f"{start}{word}"}}


def _nearly(field: str, word: str, *, begins: bool, start: str = "") -> Query:
    errors = errors_allowed(word)
    if not errors:
        return _exactly(field, word, begins=begins, start=start)
    fuzzy: Query = {"fuzzy": {field: {"value": f"{start}{word}", "fuzziness": errors, "prefix_length": len(start)}}}
    if not begins:
        return fuzzy
    beginning: Query = {"regexp": {field: f"{re.escape(start)}{nearly_beginning(word)}"}}
    return {"bool": {"should": [fuzzy, beginning]}} if len(word) > VARIED else beginning


def _size(query: SuggestQuery, path: Path) -> int:
    return query.first * SPARE if query.near or _has_several(path) else query.first


def _has_several(path: Path) -> bool:
    return any(step.many for step in path.steps)
