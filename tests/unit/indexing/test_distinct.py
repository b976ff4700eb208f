"""Distinct values are counted in parts that fit into a request, whatever was estimated."""

from collections.abc import Sequence
from pathlib import Path as FilePath

import pytest

from indexing.distinct import AT_ONCE, with_distinct
from indexing.search_query import (
    DistinctQuery,
    Found,
    Group,
    GroupField,
    GroupPage,
    GroupQuery,
    SearchQuery,
    StatsQuery,
    StatsResult,
)
from indexing.stats import MOST
from models.collections.loading import load_catalog
from models.collections.properties import Collection, Path

EXAMPLE = FilePath(__file__).resolve().parents[3] / "examples" / "tate"
pytestmark = pytest.mark.anyio
DISTINCT = frozenset({"distinct"})


@pytest.fixture(scope="module")
def artwork() -> Collection:
    return load_catalog(EXAMPLE)["Artwork"]


def at(collection: Collection, name: str) -> Path:
    return next(path for path in collection.paths if path.name == name)


class Values:
    """What is in an index: so many values at each path, of which each part is asked for as it would be there."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts
        self.requests: list[SearchQuery] = []

    async def load(self, queries: list[SearchQuery]) -> Sequence[Found]:
        assert len(queries) <= AT_ONCE
        self.requests.extend(queries)
        return [Found((), more=False, distinct=tuple(map(self._count, query.distinct))) for query in queries]

    def _count(self, part: DistinctQuery) -> int | None:
        values = range(part.partition, self.counts[part.path.name], part.partitions)
        return len(values) if len(values) <= part.most else None


@pytest.mark.parametrize("about", [1, 90, 100, 99_000, 250_000])
@pytest.mark.parametrize("really", [1, 100, 100_000, 300_000])
async def test_the_number_is_exact_however_wrong_the_estimate_was(artwork: Collection, about: int, really: int) -> None:
    query = SearchQuery(artwork, stats=(StatsQuery(at(artwork, "title"), DISTINCT),))
    values = Values(title=really)
    found = await with_distinct(
        values.load, query, Found((), more=False, stats={"title": StatsResult(distinct=about, rough=True)})
    )
    assert found.stats["title"].distinct == really
    assert all(sum(part.most for part in request.distinct) <= MOST for request in values.requests)


async def test_small_numbers_of_many_groups_are_counted_together(artwork: Collection) -> None:
    title = StatsQuery(at(artwork, "title"), DISTINCT)
    groups = GroupQuery("by", (GroupField(at(artwork, "units")),), 1000, stats=(title,))
    page = GroupPage(tuple(Group((str(n),), 1, {"title": StatsResult(distinct=3, rough=True)}) for n in range(600)))
    values = Values(title=4)
    found = await with_distinct(
        values.load, SearchQuery(artwork, groups=(groups,)), Found((), more=False, groups={"by": page})
    )
    assert {group.stats["title"].distinct for group in found.groups["by"].groups} == {4}
    assert len(values.requests) == 1


async def test_nothing_is_asked_for_where_all_values_were_listed_at_once(artwork: Collection) -> None:
    query = SearchQuery(artwork, stats=(StatsQuery(at(artwork, "title"), DISTINCT),))
    values = Values()
    found = Found((), more=False, stats={"title": StatsResult(distinct=5)})
    assert await with_distinct(values.load, query, found) == found
    assert values.requests == []
