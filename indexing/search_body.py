"""The `_search` request of a search query, and the reading of its answer: pure functions."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter, is_
from typing import Any

import orjson

from errors import CostExceeded
from indexing.aggregates import aggregates, distinct_found, groups_found, stats_found
from indexing.conditions import query_of
from indexing.corrections import candidates, suggest_clauses
from indexing.distinct import within_groups
from indexing.facets import aggregations, answer_to, result_of, split
from indexing.fields import DATA, SOURCE_ENVELOPE, TEXTS
from indexing.ordering import sort_clauses
from indexing.pages import page_of
from indexing.search_query import DistinctQuery, Found, Hit, SearchQuery
from indexing.words import highlight_fields, search_query
from models.collections.conditions import ALWAYS, Condition, both
from models.collections.properties import Path

Body = dict[str, Any]
MARK, END_MARK = "<mark>", "</mark>"
_BESIDE_THE_SCOPE = attrgetter(*(one.name for one in fields(SearchQuery) if one.name != "scope"))


def search_body(query: SearchQuery) -> Body:
    """The request for `query`: only what was selected is asked for."""
    return _Parts.of(query).body(query.scope)


def search_bodies(queries: Iterable[SearchQuery]) -> Iterator[Body]:
    """The same for several; of those that differ in their scope alone, as for the parents of one field, all but the
    scope is made once.
    """
    last: SearchQuery | None = None
    parts: _Parts | None = None
    for query in queries:
        if parts is None or last is None or not _differ_in_scope_alone(last, query):
            parts = _Parts.of(query)
        last = query
        yield parts.body(query.scope)


def _differ_in_scope_alone(one: SearchQuery, other: SearchQuery) -> bool:
    return all(map(is_, _BESIDE_THE_SCOPE(one), _BESIDE_THE_SCOPE(other)))


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

    def body(self, scope: Condition) -> Body:
        found = _query(self.words, both(scope, self.condition))
        return {"query": within_groups(found, self.distinct) if self.distinct else found, **self.rest}


def _rest(query: SearchQuery, words: Body | None, afterwards: Condition) -> Body:
    """What a request asks beside what is to be found."""
    body: Body = {
        "size": 0 if query.size is None else query.size + 1,
        "track_total_hits": query.total,
        "_source": [*SOURCE_ENVELOPE, *(f"{DATA}.{name}" for name in query.fields)],
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
    hits, more = page_of(query, [hit_of(hit) for hit in answer["hits"]["hits"]])
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


def hit_of(hit: Mapping[str, Any], only: Container[str] | None = None) -> Hit:
    """One hit of an answer, with the highlights of all texts or of some only."""
    score, explanation = hit.get("_score"), hit.get("_explanation")
    found = Hit(int(hit["_id"]), hit.get("_source", {}), tuple(hit.get("sort", ())), score, explanation=explanation)
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
