"""A search across collections: its one request, and the reading of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from indexing.conditions import Query, query_of
from indexing.indexes import alias_of
from indexing.ordering import sort_clauses
from indexing.search_body import hit_of, hits_in, marking
from indexing.search_query import RELEVANCE, Hit, SortValues
from indexing.sent import AGGREGATIONS, EXPLANATION, HIGHLIGHTS, PLACE, SCORE, TOTAL, Paths, of_source
from indexing.words import search_query
from models.collections.conditions import Condition
from models.collections.properties import Collection, Path

ORDER = (RELEVANCE,)


@dataclass(frozen=True)
class JointPart:
    """What is searched of one collection: the records that meet `scope`, in the full text at `texts`."""

    collection: Collection
    scope: Condition
    texts: tuple[Path, ...]
    fields: tuple[str, ...] = ()
    """What to return of each document, as `indexing.fields` names it."""


@dataclass(frozen=True)
class JointQuery:
    """A page of what several collections have, and what else was selected of the connection."""

    text: str
    parts: tuple[JointPart, ...]
    prefix: str
    """What the names of the indices begin with."""
    size: int | None = None
    backward: bool = False
    after: SortValues | None = None
    total: bool = False
    counts: bool = False
    highlights: bool = False
    explain: bool = False

    @property
    def collections(self) -> tuple[Collection, ...]:
        return tuple(part.collection for part in self.parts)


@dataclass(frozen=True)
class JointFound:
    """The answer to a search across collections: each hit with its collection."""

    hits: tuple[tuple[Collection, Hit], ...]
    more: bool
    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Records found by collection; zeros too."""


def before_the_joint_page(query: JointQuery) -> JointQuery | None:
    """The search that has more if there are records where the paging began; `None` where it began at the start."""
    if query.after is None:
        return None
    # The last value of a place is the record's own number, so that its neighbour has the record itself found too.
    *place, sequence = query.after
    return JointQuery(query.text, query.parts, query.prefix, 0, backward=True, after=(*place, sequence + 1))


def joint_body(query: JointQuery) -> dict[str, Any]:
    """The `_search` request for `query`: what was selected of any collection is asked for, and no more."""
    body: dict[str, Any] = {
        "query": {"bool": {"should": [_part(query, part) for part in query.parts], "minimum_should_match": 1}},
        "size": 0 if query.size is None else query.size + 1,
        "track_total_hits": query.total,
        "_source": any(part.fields for part in query.parts),
    }
    if query.size is not None:
        body["sort"] = sort_clauses(ORDER, backward=query.backward)
        if query.after is not None:
            body["search_after"] = list(query.after)
        if query.highlights and query.text.strip():
            body["highlight"] = _highlight(query)
        if query.explain:
            body["explain"] = True
    if query.counts:
        body["aggs"] = {"counts": {"terms": {"field": "_index", "size": len(query.parts)}}}
    return body


def joint_paths(query: JointQuery) -> Paths:
    """What of the answer is read.

    There is one list of properties for all indices, so that of two that have one of the same name both are sent.
    """
    paths: list[str] = []
    if query.size is not None:
        paths += (PLACE, "hits.hits._index", SCORE)
        paths += of_source(dict.fromkeys(field for part in query.parts for field in part.fields))
    paths += [TOTAL] if query.total else []
    paths += [HIGHLIGHTS] if query.highlights else []
    paths += [EXPLANATION] if query.explain else []
    paths += [AGGREGATIONS] if query.counts else []
    return tuple(paths)


def _part(query: JointQuery, part: JointPart) -> Query:
    """What is found of one collection: the rest of the request does not look into its index."""
    # By what its own name begins with: the alias leaves an index that is still searched when a rebuild has replaced it.
    here: Query = {"prefix": {"_index": f"{alias_of(query.prefix, part.collection.name)}-"}}
    words = search_query(part.collection, query.text, part.texts, comparable=True)
    return {"bool": {"filter": [here, query_of(part.scope)], **({"must": [words]} if words else {})}}


def _highlight(query: JointQuery) -> dict[str, Any]:
    words = [search_query(part.collection, query.text, part.texts, marks=True) for part in query.parts]
    should = {"bool": {"should": [one for one in words if one]}}
    return marking(should, dict.fromkeys(path for part in query.parts for path in part.texts))


def joint_found_of(query: JointQuery, answer: Mapping[str, Any]) -> JointFound:
    """What Elasticsearch's answer to `query` says."""
    parts = {alias_of(query.prefix, part.collection.name): part for part in query.parts}
    size = query.size or 0
    hits = hits_in(answer)
    buckets = answer["aggregations"]["counts"]["buckets"] if query.counts else ()
    counted = {_alias(bucket["key"]): bucket["doc_count"] for bucket in buckets}
    return JointFound(
        hits=tuple(_hit(parts[_alias(hit["_index"])], hit) for hit in hits[:size]),
        more=len(hits) > size,
        total=answer["hits"]["total"]["value"] if query.total else None,
        counts={part.collection.name: counted.get(alias, 0) for alias, part in parts.items()} if query.counts else {},
    )


def _hit(part: JointPart, hit: Mapping[str, Any]) -> tuple[Collection, Hit]:
    """A hit with the highlights of what may be read of its own collection: another one may have a field like it."""
    readable = {path.index for path in part.texts}
    return part.collection, hit_of(hit, only=readable)


def _alias(index: str) -> str:
    """The alias of an index: its name without when it was made."""
    return index.rpartition("-")[0]
