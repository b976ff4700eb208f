"""Judges the ranking: how high the one record stands that a remembered title means, beside plain `multi_match`.

MRR is the mean of 1/rank, nDCG@10 that of 1/log2(1 + rank), both over the first ten; what is not there counts 0.
"""

import gzip
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from benchmarks.dataset import COLLECTIONS, FULL, ROOT
from benchmarks.judged import Judged, judged
from benchmarks.measures import Measure
from benchmarks.system import System, running
from indexing.fields import KEY
from indexing.fields import text as text_field
from indexing.indexes import alias_of
from models.collections.loading import load_catalog
from models.collections.properties import Collection

PART = "ranking"
DEPTH = 10
PAPERS = ROOT / "benchmarks" / "papers.yaml"

Find = Callable[[str], list[str]]
"""The keys of the first ten records for what is typed."""


@dataclass(frozen=True)
class Source:
    """Records to be found by their titles."""

    collection: str
    file: Path
    key: str

    @property
    def titles(self) -> Mapping[str, str]:
        """The titles by key."""
        with gzip.open(self.file) as lines:
            records = map(orjson.loads, lines)
            return {str(record[self.key]): record["title"] for record in records if record.get("title")}


ARTISTS = FULL / "tate-artists.ndjson.gz"
SOURCES = (
    Source("Artwork", FULL / "tate-artworks.ndjson.gz", "acno"),
    Source("Paper", FULL.parent / "arxiv" / "papers.ndjson.gz", "arxivId"),
)


def measure_ranking(folder: Path) -> list[Measure]:
    """The ranking of a system of its own with the data sets that are there; nothing without any."""
    there = [source for source in SOURCES if source.file.is_file()]
    if not there:
        return []
    collections = folder / "collections"
    collections.mkdir(parents=True)
    for file in (*COLLECTIONS.glob("*.yaml"), PAPERS):
        (collections / file.name).write_bytes(file.read_bytes())
    load = [("Artist", ARTISTS)] if ARTISTS.is_file() else []
    with running(
        folder / "data", (*load, *((one.collection, one.file) for one in there)), collections=collections
    ) as up:
        return [measure for source in there for measure in judge(up, source)]


def judge(system: System, source: Source) -> Iterator[Measure]:
    """Each kind of query, ours held to what `multi_match` reaches."""
    collection = load_catalog(system.settings.collections)[source.collection]
    elasticsearch = system.settings.elasticsearch_url
    index = alias_of(system.settings.index_prefix, collection.name)
    with httpx.Client(timeout=60) as client:
        ours = _ours(client, f"http://127.0.0.1:{system.port}/graphql", collection)
        plain = _plain(client, f"{elasticsearch}/{index}/_search", collection)
        for name, queries in judged(source.titles).items():
            at = f"{collection.plural}, {name}"
            beside, reached = _ranks(plain, queries), _ranks(ours, queries)
            for score, of_ranks in SCORES.items():
                least = of_ranks(beside)
                yield Measure(PART, f"{at}: {score} of multi_match", least, "")
                yield Measure(PART, f"{at}: {score}", of_ranks(reached), "", at_least=least)


def _ours(client: httpx.Client, url: str, collection: Collection) -> Find:
    document = f"query($s: String!) {{ {collection.plural}(search: $s, first: {DEPTH}) {{ nodes {{ key }} }} }}"

    def find(typed: str) -> list[str]:
        answer = client.post(url, json={"query": document, "variables": {"s": typed}}).raise_for_status().json()
        return [node["key"] for node in answer["data"][collection.plural]["nodes"]]

    return find


def _plain(client: httpx.Client, url: str, collection: Collection) -> Find:
    fields = [f"{text_field(path)}^{path.last.search.boost:g}" for path in collection.text_paths]

    def find(typed: str) -> list[str]:
        query = {"multi_match": {"query": typed, "fields": fields}}
        sort = [{"_score": "desc"}, {KEY: "asc"}]
        body = {"query": query, "size": DEPTH, "sort": sort, "_source": [KEY]}
        hits = client.post(url, json=body).raise_for_status().json()["hits"]["hits"]
        return [hit["_source"][KEY] for hit in hits]

    return find


def _ranks(find: Find, queries: Sequence[Judged]) -> list[int]:
    """The rank of each record that is meant, from 1; 0 where it is not among the first."""
    found = ((find(one.typed), one.key) for one in queries)
    return [keys.index(key) + 1 if key in keys else 0 for keys, key in found]


def mean_reciprocal_rank(ranks: Sequence[int]) -> float:
    return sum(1 / rank for rank in ranks if rank) / len(ranks)


def mean_gain(ranks: Sequence[int]) -> float:
    """nDCG@10 with one right answer, whose ideal gain is 1."""
    return sum(1 / math.log2(1 + rank) for rank in ranks if rank) / len(ranks)


SCORES = {"MRR": mean_reciprocal_rank, "nDCG@10": mean_gain}
