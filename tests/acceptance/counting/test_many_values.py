"""Very many values are counted exactly, and quickly."""

import time
from collections import Counter, defaultdict

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.counting.made import GROUP_COUNT, WORD_COUNT, words
from tests.acceptance.oracle.order import fold

QUICK = 2.0
"""Seconds, on a machine that does other things too."""


@pytest.mark.parametrize("part", ["GROSSE", "größe 1a", "cafe", "é 18", "naive 1ffff", "ff", "nowhere"])
def test_a_facet_is_searched_among_a_hundred_thousand_values(counter: Api, part: str) -> None:
    document = """query($c: String) { words { facets { text(contains: $c, first: 5) {
      buckets { value count } otherCount } } } }"""
    values = sorted(one["text"] for one in words() if fold(part) in fold(one["text"]))
    counter.ask(document, c="warm")
    began = time.monotonic()
    facet = counter.ask(document, c=part)["words"]["facets"]["text"]
    assert time.monotonic() - began < QUICK
    assert facet["buckets"] == [{"value": value, "count": 1} for value in values[:5]]
    assert facet["otherCount"] == max(len(values) - 5, 0)


def test_parts_of_numbers_are_looked_for_among_a_limited_number_of_them(counter: Api) -> None:
    document = """{ words(filter: {number: {lt: 40000}}) { facets { size(contains: "777", first: 3) {
      buckets { value count } otherCount } } } }"""
    values = sorted(number for number in range(40_000) if "777" in str(number))
    facet = counter.ask(document)["words"]["facets"]["size"]
    assert facet["buckets"] == [{"value": str(value), "count": 1} for value in values[:3]]
    assert facet["otherCount"] == len(values) - 3
    assert counter.refusal('{ words { facets { size(contains: "777") { otherCount } } } }') == "COST_EXCEEDED"


def test_distinct_values_are_counted_exactly_however_many_there_are(counter: Api) -> None:
    stats = "{ words { stats { text { distinct min max } title { distinct } size { distinct } group { distinct } } } }"
    texts = [one["text"] for one in words()]
    assert counter.ask(stats)["words"]["stats"] == {
        "text": {"distinct": WORD_COUNT, "min": min(texts), "max": max(texts)},
        "title": {"distinct": WORD_COUNT},
        "size": {"distinct": 60_000},
        "group": {"distinct": GROUP_COUNT},
    }


def test_each_of_many_groups_has_its_own_number_of_distinct_values(counter: Api) -> None:
    document = """{ words { groupBy(by: [group], first: 1000) {
      nodes { key count stats { text { distinct } size { distinct sum } } } } } }"""
    sizes: dict[str, list[int]] = defaultdict(list)
    for one in words():
        sizes[one["group"]].append(one["size"])
    nodes = counter.ask(document)["words"]["groupBy"]["nodes"]
    assert [(node["key"], node["count"]) for node in nodes] == [([key], len(sizes[key])) for key in sorted(sizes)]
    for node in nodes:
        own = sizes[node["key"][0]]
        assert node["stats"] == {
            "text": {"distinct": len(own)},
            "size": {"distinct": len(set(own)), "sum": sum(own)},
        }


def test_every_one_of_sixty_thousand_groups_is_on_one_page(counter: Api) -> None:
    document = """query($a: String) { words { groupBy(by: [size], first: 1000, after: $a) {
      nodes { key count } pageInfo { hasNextPage endCursor } } } }"""
    found: Counter[str] = Counter()
    after, more = None, True
    while more:
        page = counter.ask(document, a=after)["words"]["groupBy"]
        assert not {node["key"][0] for node in page["nodes"]} & found.keys()
        found.update({node["key"][0]: node["count"] for node in page["nodes"]})
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == Counter(str(one["size"]) for one in words())
