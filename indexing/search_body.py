"""The `_search` request of a search query, and the reading of its answer: pure functions."""

from collections.abc import Container, Iterable, Mapping
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
from indexing.search_query import Found, Hit, SearchQuery
from indexing.words import highlight_fields, search_query
from models.collections.conditions import ALWAYS, both
from models.collections.properties import Path

Body = dict[str, Any]
MARK, END_MARK = "<mark>", "</mark>"


def search_body(query: SearchQuery) -> Body:
    """The request for `query`: only what was selected is asked for."""
    shared, afterwards = split(query.condition, query.facets)
    words = search_query(query.collection, query.text or "", query.text_paths)
    body: Body = {
        "query": _query(words, both(query.scope, shared)),
        "size": 0 if query.size is None else query.size + 1,
        "track_total_hits": query.total,
        "_source": [*SOURCE_ENVELOPE, *(f"{DATA}.{name}" for name in query.fields)],
    }
    if query.size is not None:
        body["sort"] = sort_clauses(query.order, backward=query.backward)
        if query.scores:
            body["track_scores"] = True
        start = query.before if query.backward else query.after
        if start is not None:
            body["search_after"] = list(start)
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
    if query.distinct:
        body["query"] = within_groups(body["query"], query.distinct)
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
