"""Filters in Elasticsearch, held to the same conditions tried in Python."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.bulk import document_of
from indexing.conditions import query_of
from indexing.documents import DocumentBuilder
from indexing.indexes import Indexes
from indexing.server import NDJSON, SearchServer
from models.collections.conditions import holds
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Collection
from models.records import Record
from tests.integration.conftest import ServerUrls

FILE = """
name: Thing
key: id
schema:
  type: object
  properties:
    id: {type: string}
    name: {type: [string, "null"], x-search: {text: standard}}
    code: {type: [string, "null"]}
    year: {type: [integer, "null"]}
    size: {type: [number, "null"]}
    done: {type: [boolean, "null"]}
    day: {type: [string, "null"], format: date}
    tags: {type: [array, "null"], items: {type: string}}
    box: {type: [object, "null"], properties: {width: {type: [integer, "null"]}}}
    parts:
      type: [array, "null"]
      items: {type: object, properties: {role: {type: string}, rank: {type: integer},
        bits: {type: array, items: {type: object, properties: {hue: {type: string}}}}}}
"""
WORDS = ["", "a", "A", "ab", "Ab", "b*", "é", "É", "z?", "\\"]
DAYS = ["1999-12-31", "2000-01-01", "2020-02-29"]
NUMBERS = [-1, 0, 1, 2, 7]
MOMENT = Clock.current()


def random_record(source: random.Random, number: int) -> dict[str, Any]:
    def some(values: list[Any], most: int = 3) -> list[Any]:
        return [source.choice(values) for _ in range(source.randint(0, most))]

    def maybe(value: Any) -> Any:
        return value if source.random() < 0.75 else None

    parts = [
        {"role": source.choice(WORDS), "rank": source.choice(NUMBERS), "bits": [{"hue": hue} for hue in some(WORDS, 2)]}
        for _ in range(source.randint(0, 3))
    ]
    record = {
        "id": f"{number:03}",
        "name": maybe(source.choice(WORDS)),
        "code": maybe(source.choice(WORDS)),
        "year": maybe(source.choice(NUMBERS)),
        "size": maybe(source.choice(NUMBERS) / 2),
        "done": maybe(source.random() < 0.5),
        "day": maybe(source.choice(DAYS)),
        "tags": maybe(some(WORDS)),
        "box": maybe({"width": maybe(source.choice(NUMBERS))}),
        "parts": maybe(parts),
    }
    return {name: value for name, value in record.items() if value is not None or source.random() < 0.5}


def scalar(values: list[Any], *, strings: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    one, several = st.sampled_from(values), st.lists(st.sampled_from(values), max_size=2)
    operators: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(("eq", "ne", "gt", "gte", "lt", "lte"), one)
    operators |= {"in": several, "exists": st.booleans()}
    if strings:
        operators |= {"startsWith": one, "contains": one, "ignoreCase": st.booleans()}
    chosen = st.lists(st.sampled_from(sorted(operators)), min_size=1, max_size=2, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: operators[name] for name in names}))


TEXT, NUMBER = scalar(WORDS, strings=True), scalar(NUMBERS)
COUNT = st.fixed_dictionaries({"gte": st.integers(0, 2)})
SEVERAL = st.lists(st.sampled_from(WORDS), max_size=2)
TAGS = st.one_of(
    *(st.fixed_dictionaries({name: SEVERAL}) for name in ("any", "all", "none")),
    st.fixed_dictionaries({"count": COUNT}),
    st.fixed_dictionaries({"exists": st.booleans()}),
)


def one_of(**properties: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    leaf = st.one_of(*(st.fixed_dictionaries({name: value}) for name, value in properties.items()))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"and": st.lists(inner, max_size=2)}),
            st.fixed_dictionaries({"or": st.lists(inner, max_size=2)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=3,
    )


def elements(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(*(st.fixed_dictionaries({name: inner}) for name in ("some", "none", "every")))


FILTERS = one_of(
    name=TEXT,
    code=TEXT,
    year=NUMBER,
    size=scalar([-0.5, 0.0, 0.5, 3.5]),
    done=st.fixed_dictionaries({"eq": st.booleans()}),
    day=scalar(DAYS),
    tags=TAGS,
    box=st.one_of(one_of(width=NUMBER), st.fixed_dictionaries({"exists": st.booleans()})),
    parts=elements(one_of(role=TEXT, rank=NUMBER, bits=elements(one_of(hue=TEXT)))),
)


class Index:
    """An index of random records, asked from tests that are not asynchronous."""

    def __init__(self, url: str, collection: Collection) -> None:
        self.runner = asyncio.Runner()
        self.collection = collection
        self.records = [random_record(random.Random(number), number) for number in range(150)]
        self.runner.run(self._fill(url))

    async def _fill(self, url: str) -> None:
        self.server = SearchServer(url, 30)
        indexes = Indexes(self.server, "filters", None)
        self.name = await indexes.create(self.collection, building=True)
        builder, lines = DocumentBuilder(self.collection), b""
        for number, data in enumerate(self.records):
            record = Record(number, "Thing", data["id"], 1, 1, data, MOMENT.now, MOMENT.now)
            lines += b'{"index":{"_id":"%d"}}\n' % number + document_of(record, builder, {}) + b"\n"
        answer = await self.server.ask("POST", f"/{self.name}/_bulk", lines, kind=NDJSON)
        assert not answer["errors"], answer
        await indexes.finish(self.name)

    def found(self, query: dict[str, Any]) -> set[int]:
        body = {"query": query, "size": 1000, "_source": False}
        answer = self.runner.run(self.server.ask("POST", f"/{self.name}/_search", body))
        return {int(hit["_id"]) for hit in answer["hits"]["hits"]}

    def close(self) -> None:
        self.runner.run(Indexes(self.server, "filters", None).remove(self.name))
        self.runner.run(self.server.close())
        self.runner.close()


@pytest.fixture(scope="module")
def index(servers: ServerUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder: Path = tmp_path_factory.mktemp("things")
    (folder / "thing.yaml").write_text(FILE)
    filled = Index(servers.elasticsearch_url, load_catalog(folder)["Thing"])
    yield filled
    filled.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_elasticsearch_finds_what_meets_the_filter_in_python(index: Index, chosen: dict[str, Any]) -> None:
    condition = condition_of(index.collection.shape, chosen, MOMENT)
    expected = {number for number, record in enumerate(index.records) if holds(condition, record)}
    assert index.found(query_of(condition)) == expected
