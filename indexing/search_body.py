"""The `_search` request of a search query, and the reading of its answer: pure functions."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from errors import CostExceeded
from indexing.aggregates import aggregates, distinct_found, groups_found, lists_values, stats_found
from indexing.conditions import query_of
from indexing.corrections import candidates, suggest_clauses
from indexing.distinct import within_groups
from indexing.facets import aggregations, answer_to, result_of, split
from indexing.fields import TEXTS
from indexing.ordering import sort_clauses
from indexing.pages import page_of
from indexing.search_query import DistinctQuery, Found, Hit, SearchQuery
from indexing.sent import (
    AGGREGATIONS,
    EXPLANATION,
    HIGHLIGHTS,
    LISTED_VALUES,
    PLACE,
    SCORE,
    SUGGESTIONS,
    TOTAL,
    Paths,
    of_source,
)
from indexing.words import highlight_fields, search_query
from models.collections.conditions import ALWAYS, Condition, both
from models.collections.properties import Path

Body = dict[str, Any]
_NOTHING: Mapping[str, Any] = MappingProxyType({})
MARK, END_MARK = "<mark>", "</mark>"
_READ = {
    "scores": SCORE, "highlights": HIGHLIGHTS, "explain": EXPLANATION, "total": TOTAL, "aggregates": AGGREGATIONS,
    "lists": LISTED_VALUES, "corrections": SUGGESTIONS,
}  # fmt: skip


def search_body(query: SearchQuery) -> Body:
    """The request for `query`: only what was selected is asked for."""
    parts = _Parts.of(query)
    return {"query": parts.query(query.scope), **parts.rest}


def search_bodies(query: SearchQuery, scopes: Iterable[Condition], limit: str) -> Iterator[bytes]:
    """The same within each of several further scopes, as for the parents of one field, with a limit of time; all but
    what is to be found is written once.
    """
    parts = _Parts.of(query)
    rest = encoded({**parts.rest, "timeout": limit})[1:]
    for scope in scopes:
        found = encoded(parts.query(both(query.scope, scope)))
        yield b'{"query":%b,%b' % (found, rest)


@dataclass(frozen=True)
class _Parts:
    """A request whose scope is still to be told."""

    words: Body | None
    condition: Condition
    distinct: tuple[DistinctQuery, ...]
    rest: Body

    @classmethod
    def of(cls, query: SearchQuery) -> "_Parts":
        shared, afterwards = split(query.condition, query.facets)
        words = search_query(query.collection, query.text or "", query.text_paths)
        return cls(words, shared, query.distinct, _rest(query, words, afterwards))

    def query(self, scope: Condition) -> Body:
        found = _query(self.words, both(scope, self.condition))
        return within_groups(found, self.distinct) if self.distinct else found


def _rest(query: SearchQuery, words: Body | None, afterwards: Condition) -> Body:
    """What a request asks beside what is to be found."""
    body: Body = {
        "size": 0 if query.size is None else query.size + 1,
        "track_total_hits": query.total,
        "_source": bool(query.fields),
    }
    if query.size is not None:
        body["sort"] = sort_clauses(query.order, backward=query.backward)
        if query.scores:
            body["track_scores"] = True
        if query.start is not None:
            body["search_after"] = list(query.start)
        if query.highlights and words is not None:
            marked = search_query(query.collection, query.text or "", query.text_paths, marks=True)
            body["highlight"] = marking(marked or words, query.text_paths)
        if query.explain:
            body["explain"] = True
    if query.corrections and (suggest := suggest_clauses(query.text or "", query.text_paths)):
        body["suggest"] = suggest
    if afterwards != ALWAYS:
        body["post_filter"] = query_of(afterwards)
    if query.facets or query.stats or query.groups or query.distinct:
        facets = aggregations(query.facets, query.condition, afterwards)
        body["aggs"] = facets | aggregates(query, afterwards)
    return body


def search_paths(query: SearchQuery) -> Paths:
    """What of the answer is read."""
    return _paths(
        query.fields if query.size is not None else None,
        scores=query.scores,
        highlights=query.highlights,
        explain=query.explain,
        total=query.total,
        aggregates=bool(query.facets or query.stats or query.groups or query.distinct),
        lists=lists_values(query),
        corrections=query.corrections,
    )


@lru_cache(maxsize=500)
def _paths(fields: tuple[str, ...] | None, **flags: bool) -> Paths:
    hits = () if fields is None else (PLACE, *of_source(fields))
    return (*hits, *(path for name, path in _READ.items() if flags[name]))


def _query(words: Body | None, condition: Any) -> Body:
    if condition == ALWAYS:
        return words or {"match_all": {}}
    if words is None:
        return {"constant_score": {"filter": query_of(condition)}}
    return {"bool": {"must": [words], "filter": [query_of(condition)]}}


def marking(words: Body, paths: Iterable[Path]) -> Body:
    """The `highlight` part of a request: where the query `words` is met in the full text at `paths`."""
    return {
        "type": "unified",
        "encoder": "html",
        "pre_tags": [MARK],
        "post_tags": [END_MARK],
        "max_analyzed_offset": 999_999,
        "highlight_query": words,
        "fields": highlight_fields(paths),
    }


def found_of(query: SearchQuery, answer: Mapping[str, Any]) -> Found:
    """What Elasticsearch's answer to `query` says."""
    hits, more = page_of(query, [hit_of(hit) for hit in hits_in(answer)])
    aggregated = answer.get("aggregations", {})
    return Found(
        hits=hits,
        more=more,
        total=answer["hits"]["total"]["value"] if query.total else None,
        corrections=candidates(query.text or "", answer.get("suggest", {})) if query.corrections else (),
        facets={facet.name: result_of(facet, answer_to(facet, aggregated), query.condition) for facet in query.facets},
        stats=stats_found(query, aggregated),
        groups=groups_found(query, aggregated),
        distinct=distinct_found(query, aggregated),
    )


def hits_in(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The hits of an answer, of which nothing is sent where there are none."""
    hits: Sequence[Mapping[str, Any]] = answer.get("hits", _NOTHING).get("hits", ())
    return hits


def hit_of(hit: Mapping[str, Any], only: Container[str] | None = None) -> Hit:
    """One hit of an answer, with the highlights of all texts or of some only."""
    place, source = hit["sort"], hit.get("_source", _NOTHING)
    found = Hit(place[-1], place[-2], source, tuple(place))
    if len(hit) == (1 if source is _NOTHING else 2):
        return found
    found = found._replace(score=hit.get("_score"), explanation=hit.get("_explanation"))
    if "highlight" not in hit:
        return found
    marked = {name.removeprefix(f"{TEXTS}."): texts for name, texts in hit["highlight"].items()}
    return found._replace(highlights={name: texts for name, texts in marked.items() if only is None or name in only})


def encoded(body: Body) -> bytes:
    """The bytes of a request; what is no Unicode in it is replaced."""
    try:
        return orjson.dumps(body)
    except TypeError as error:
        if "Recursion" in str(error):
            raise CostExceeded("The filter is nested too deeply.", "Ask with fewer levels.") from None
        return orjson.dumps(_clean(body))  # half a surrogate pair, which nothing can match


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
