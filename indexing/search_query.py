"""One search as a value: what lies between GraphQL and Elasticsearch, in the terms of the collection."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from models.collections.conditions import ALWAYS, Condition
from models.collections.properties import Collection, Path, Ranges

SortValues = tuple[Any, ...]
Alike = tuple[int, ...]
"""How many records are known to have the values of a place: of the first key of the order, of the first two, and on."""


@dataclass(frozen=True)
class OrderKey:
    """One key of an order; without a path it is relevance. `origin` is a point (lat, lon) to be near to."""

    path: Path | None
    descending: bool = False
    origin: tuple[float, float] | None = None

    @property
    def signature(self) -> str:
        name = self.path.name if self.path else "relevance"
        return f"{name}{self.origin or ''}{'-' if self.descending else '+'}"


RELEVANCE = OrderKey(None, descending=True)


@dataclass(frozen=True)
class FacetQuery:
    """One facet as it was asked for; `name` tells it from the others of the search."""

    name: str
    path: Path
    first: int = 10
    by_value: bool = False
    contains: str | None = None
    include_own_filter: bool = False
    buckets: bool = True
    bounds: bool = False
    missing: bool = False
    others: bool = False


@dataclass(frozen=True)
class StatsQuery:
    """What of a property's values was asked for: `parts` are among `count min max avg sum distinct`."""

    path: Path
    parts: frozenset[str]


@dataclass(frozen=True)
class GroupField:
    """One property to group by: by each value, by ranges, or by intervals of numbers or of a calendar in a zone."""

    path: Path
    interval: float = 0
    calendar: str = ""
    zone: str = "UTC"
    ranges: Ranges = ()
    """Those of the facet, where it is grouped by these."""
    absent: bool = False
    """Whether it is taken as absent, since the viewer may not follow the link to it."""


GroupKey = tuple[Any, ...]
"""What a group is made by, one for each field, as Elasticsearch has it: a value, the start of an interval, the place of
a range, `None`."""


@dataclass(frozen=True)
class GroupQuery:
    """A page of groups as it was asked for; `name` tells it from the others of the search."""

    name: str
    fields: tuple[GroupField, ...]
    first: int
    after: GroupKey | None = None
    stats: tuple[StatsQuery, ...] = ()


@dataclass(frozen=True)
class DistinctQuery:
    """The values of `path` in the group with this key (without fields in all that is found), to be counted: those of
    `partition` among `partitions`, if they are not more than `most`."""

    path: Path
    most: int
    partition: int = 0
    partitions: int = 1
    fields: tuple[GroupField, ...] = ()
    key: GroupKey = ()


@dataclass(frozen=True)
class SearchQuery:
    """A page of a collection's records that meet a condition, and what else was selected of the connection."""

    collection: Collection
    text: str | None = None
    condition: Condition = ALWAYS
    scope: Condition = ALWAYS
    """What no facet may leave out: the viewer's rule, or the link that a reverse connection follows."""
    order: tuple[OrderKey, ...] = ()
    size: int | None = None
    """Records of the page; `None` where no record and no place is asked for."""
    backward: bool = False
    after: SortValues | None = None
    before: SortValues | None = None
    alike: Alike = ()
    """Of the cursor where the paging begins."""
    fields: tuple[str, ...] = ()
    """What to return of each document, as `indexing.fields` names it."""
    total: bool = False
    scores: bool = False
    highlights: bool = False
    explain: bool = False
    """Whether each hit comes with how its score was made."""
    corrections: bool = False
    """Whether search texts are wanted that may have been meant."""
    facets: tuple[FacetQuery, ...] = ()
    stats: tuple[StatsQuery, ...] = ()
    groups: tuple[GroupQuery, ...] = ()
    distinct: tuple[DistinctQuery, ...] = ()
    readable: frozenset[str] | None = None
    """Names of the full text paths that may be searched; `None` for all."""

    @property
    def start(self) -> SortValues | None:
        """The cursor where the paging begins."""
        return self.before if self.backward else self.after

    @property
    def text_paths(self) -> tuple[Path, ...]:
        paths = self.collection.text_paths
        return paths if self.readable is None else tuple(path for path in paths if path.name in self.readable)


_NOTHING: Mapping[str, list[str]] = MappingProxyType({})


class Hit(NamedTuple):
    """One record found: its key, or what stands for it, what was asked for of it, and its place in the order."""

    id: int
    key: str
    source: Mapping[str, Any]
    sort: SortValues
    score: float | None = None
    highlights: Mapping[str, list[str]] = _NOTHING
    explanation: Mapping[str, Any] | None = None


class Bucket(NamedTuple):
    value: Any
    records: int
    selected: bool = False
    upper: Any = None
    """The end of a range; `None` where it is open, and for terms."""


@dataclass(frozen=True)
class FacetResult:
    buckets: tuple[Bucket, ...] = ()
    others: int = 0
    missing: int = 0
    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class StatsResult:
    """What the values of a property come to; `low` and `high` as the index has them."""

    count: int = 0
    low: Any = None
    high: Any = None
    mean: float | None = None
    total: float = 0.0
    distinct: int = 0
    rough: bool = False
    """Whether `distinct` is but an estimate."""


Stats = Mapping[str, StatsResult]
"""By the names of their paths."""


@dataclass(frozen=True)
class Group:
    key: GroupKey
    count: int
    stats: Stats


@dataclass(frozen=True)
class GroupPage:
    groups: tuple[Group, ...] = ()
    more: bool = False


class Found(NamedTuple):
    """The answer to a search."""

    hits: tuple[Hit, ...]
    more: bool
    """Whether there are records beyond the page, in the direction of paging."""
    total: int | None = None
    facets: Mapping[str, FacetResult] = MappingProxyType({})
    stats: Stats = MappingProxyType({})
    groups: Mapping[str, GroupPage] = MappingProxyType({})
    distinct: tuple[int | None, ...] = ()
    """For each `DistinctQuery` how many values there are; `None` where they are more than it allows."""
    corrections: tuple[str, ...] = ()
    """Search texts that may have been meant, the likeliest first; nobody knows yet what the viewer finds by them."""
