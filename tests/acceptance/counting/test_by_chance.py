"""Facets, stats and groups of records made up by chance are those that plain Python counts."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.asking import Api
from tests.acceptance.counting.made import WORDS
from tests.acceptance.counting.shown import records, shape, shown
from tests.acceptance.oracle.facets import Facets
from tests.acceptance.oracle.filters import matches
from tests.acceptance.oracle.groups import Bucket, groups
from tests.acceptance.oracle.shapes import Json, Path, values_at
from tests.acceptance.oracle.stats import Stats

FLAT: list[Path] = [
    ("code",), ("label",), ("note",), ("topic",), ("state",), ("sound",), ("amount",), ("level",), ("big",), ("ratio",),
    ("made",), ("seen",), ("at",), ("scores",), ("tags",), ("days",), ("box", "colour"), ("box", "weight"),
    ("keeper", "city"), ("keeper", "floor"), ("price",),
]  # fmt: skip
OF_PARTS: list[Path] = [("parts", name) for name in ("kind", "size", "made", "words", "marks")]
LAYERS: Path = ("parts", "layers", "name")
OF_HELPERS: list[Path] = [("helping", name) for name in ("city", "floor")]
TERMS: list[Path] = [
    ("label",), ("topic",), ("state",), ("sound",), ("amount",), ("big",), ("seen",), ("tags",), ("box", "colour"),
    ("parts", "kind"), LAYERS, ("keeper", "city"), ("keeper", "floor"),
    *OF_HELPERS,
]  # fmt: skip


def width(number: float) -> Bucket:
    return lambda value: math.floor(value / number) * number


BUCKETS: dict[Path, Bucket] = {
    ("ratio",): width(0.5),
    ("scores",): width(10),
    ("price",): width(10),
    ("level",): lambda number: (0, "..5") if number < 5 else (1, "5..10") if number < 10 else (2, "10.."),
    ("parts", "size"): width(5),
    ("made",): lambda day: f"{day[:7]}-01",
    ("days",): lambda day: f"{day[:4]}-01-01",
}
"""What the collection files say."""

by_chance = settings(deadline=None)
words = st.sampled_from(WORDS)
filters = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"label": st.fixed_dictionaries({"in": st.lists(words, max_size=3)})}),
    st.builds(lambda given: {"label": {"in": given, "ignoreCase": True}}, st.lists(words, min_size=1, max_size=2)),
    st.builds(lambda given: {"parts": {"some": {"kind": {"eq": given, "ignoreCase": True}}}}, words),
    st.fixed_dictionaries({"topic": st.fixed_dictionaries({"ne": words})}),
    st.fixed_dictionaries({"tags": st.fixed_dictionaries({"any": st.lists(words, max_size=3)})}),
    st.fixed_dictionaries({"amount": st.fixed_dictionaries({"gte": st.integers(-20, 20)})}),
    st.fixed_dictionaries({"sound": st.fixed_dictionaries({"eq": st.booleans()})}),
    st.fixed_dictionaries({"box": st.fixed_dictionaries({"colour": st.fixed_dictionaries({"eq": words})})}),
    st.fixed_dictionaries({"keeper": st.fixed_dictionaries({"floor": st.fixed_dictionaries({"eq": st.just(2)})})}),
    st.builds(
        lambda quantifier, kind, size: {"parts": {quantifier: {"kind": {"eq": kind}, "size": {"lt": size}}}},
        st.sampled_from(["some", "none", "every"]),
        words,
        st.integers(-7, 12),
    ),
)
conditions = st.one_of(filters, st.builds(lambda a, b: {"and": [a, b]}, filters, filters))
bys = st.one_of(
    st.lists(st.sampled_from(FLAT), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(OF_PARTS), min_size=1, max_size=3, unique=True),
    st.just([LAYERS]),
    st.lists(st.sampled_from(OF_HELPERS), min_size=1, unique=True),
    st.just([("helping", "city"), ("tags",), ("parts", "size")]),
    st.builds(
        lambda flat, inside, first: [inside, flat] if first else [flat, inside],
        st.sampled_from(FLAT),
        st.sampled_from([("parts", "kind"), ("parts", "size"), LAYERS, *OF_HELPERS]),
        st.booleans(),
    ),
)


def found(condition: Mapping[str, Any]) -> list[Any]:
    return [record for record in records() if matches(record, condition, shape())]


def name(path: Path) -> str:
    return "_".join(path)


def at(answer: Any, path: Path) -> Any:
    for step in path:
        answer = answer[step]
    return answer


def below(path: Path, inner: str) -> str:
    return f"{' { '.join(path)} {inner} {' }' * (len(path) - 1)}"


STATS = "stats { code { distinct } parts { kind { count distinct } } }"


def pages(
    counter: Api, by: list[Path], condition: Any, first: int, intervals: Any = None, parts: str = ""
) -> list[dict[str, Any]]:
    document = f"""query($by: [EntryGroupField!]!, $f: EntryFilter, $n: Int, $a: String, $i: [EntryGroupInterval!]) {{
      entries(filter: $f) {{ groupBy(by: $by, first: $n, after: $a, intervals: $i) {{
        nodes {{ key count {parts} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
    after, nodes = None, []
    while True:
        page = counter.ask(document, by=list(map(name, by)), f=condition, n=first, a=after, i=intervals)
        groups_page = page["entries"]["groupBy"]
        nodes += groups_page["nodes"]
        after = groups_page["pageInfo"]["endCursor"]
        if not groups_page["pageInfo"]["hasNextPage"]:
            return nodes


def keys_and_members(by: list[Path], condition: Any, buckets: Mapping[Path, Bucket]) -> Iterator[tuple[Any, list[Any]]]:
    for key, members in groups(found(condition), by, shape(), buckets).items():
        yield [shown(path, value) for path, value in zip(by, key, strict=True)], members


def expected_groups(by: list[Path], condition: Any, buckets: Mapping[Path, Bucket]) -> list[dict[str, Any]]:
    return [{"key": key, "count": len(members)} for key, members in keys_and_members(by, condition, buckets)]


@by_chance
@given(bys, conditions, st.sampled_from([17, 1000]))
def test_groups(counter: Api, by: list[Path], condition: Any, first: int) -> None:
    assert pages(counter, by, condition, first) == expected_groups(by, condition, BUCKETS)


@by_chance
@given(bys, conditions)
def test_stats_of_groups(counter: Api, by: list[Path], condition: Any) -> None:
    answer = pages(counter, by, condition, 1000, parts=STATS)
    for node, (key, members) in zip(answer, keys_and_members(by, condition, BUCKETS), strict=True):
        kinds = Stats.of(members, ("parts", "kind"), shape())
        assert node == {
            "key": key,
            "count": len(members),
            "stats": {
                "code": {"distinct": len(members)},
                "parts": {"kind": {"count": kinds.count, "distinct": kinds.distinct}},
            },
        }


@by_chance
@given(st.sampled_from([*FLAT, *OF_PARTS, LAYERS, *OF_HELPERS]), conditions)
def test_stats(counter: Api, path: Path, condition: Any) -> None:
    expected = Stats.of(found(condition), path, shape())
    numbers = {"amount", "level", "big", "ratio", "scores", "weight", "size", "marks", "floor", "price"}
    without_ends = {"state", "sound"}
    parts = ["count", "distinct"]
    parts += [] if path[-1] in without_ends else ["min", "max"]
    parts += ["sum", "avg"] if path[-1] in numbers else []
    inner = below(path, f"{{ {' '.join(parts)} }}")
    document = f"query($f: EntryFilter) {{ entries(filter: $f) {{ stats {{ {inner} }} }} }}"
    answer = at(counter.ask(document, f=condition)["entries"]["stats"], path)
    for end in {"min", "max"} & set(parts):
        value = getattr(expected, end)
        assert answer.pop(end) == (value if path[-1] in numbers - {"big"} else _long(shown(path, value), path))
    for part in {"sum", "avg"} & set(parts):
        value = getattr(expected, part)
        assert answer.pop(part) == (None if value is None else pytest.approx(value, rel=1e-12))
    assert answer == {"count": expected.count, "distinct": expected.distinct}


def _long(text: str | None, path: Path) -> Any:
    return int(text) if text is not None and path == ("big",) and abs(int(text)) <= 2**53 else text


@by_chance
@given(
    st.sampled_from(TERMS),
    conditions,
    st.integers(0, 6),
    st.sampled_from(["COUNT", "VALUE"]),
    st.sampled_from(["", "", "e", "E", "É", "a", "1", "s", "ss", "tr", "-1", "2024-0"]),
    st.booleans(),
)
def test_term_facets(
    counter: Api, path: Path, condition: Any, first: int, order: str, contains: str, include_own: bool
) -> None:
    counts = Facets(records(), condition, shape()).terms(
        path, first=first, by_value=order == "VALUE", contains=contains, include_own=include_own, text=text
    )
    arguments = "(first: $n, order: $o, contains: $c, includeOwnFilter: $i)"
    inner = f"{arguments} {{ buckets {{ value count selected }} otherCount missingCount }}"
    document = f"""query($f: EntryFilter, $n: Int, $o: FacetOrder, $c: String, $i: Boolean) {{
      entries(filter: $f, first: 0) {{ facets {{ {below(path, inner)} }} }} }}"""
    answer = counter.ask(document, f=condition, n=first, o=order, c=contains, i=include_own)
    facet = at(answer["entries"]["facets"], path)
    assert facet == {
        "buckets": [{"value": one.value, "count": one.count, "selected": one.selected} for one in counts.buckets],
        "otherCount": counts.other_count,
        "missingCount": counts.missing_count,
    }


def text(value: Json) -> str:
    return str(shown((), value))


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "+05:30", "UTC"])
@pytest.mark.parametrize("unit", ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE"])
def test_moments_are_grouped_by_the_calendar_of_a_zone(counter: Api, unit: str, zone: str) -> None:
    local = datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo if zone[0] == "+" else ZoneInfo(zone)
    starts = [None if one["at"] is None else start_of(unit, one["at"].astimezone(local)) for one in records()]
    answer = pages(counter, [("at",)], {}, 100, [{"field": "at", "calendarInterval": unit, "timeZone": zone}])
    found_now = {node["key"][0]: node["count"] for node in answer}
    assert len(found_now) == len(answer)
    assert found_now == {start: starts.count(start) for start in starts}


def start_of(unit: str, moment: datetime) -> str:
    match unit:
        case "HOUR":
            return moment.replace(minute=0, second=0, microsecond=0).isoformat()
        case "MINUTE":
            return moment.replace(second=0, microsecond=0).isoformat()
        case "WEEK":
            return datetime.fromordinal(moment.toordinal() - moment.weekday()).date().isoformat()
        case "MONTH":
            return f"{moment:%Y-%m}-01"
        case "QUARTER":
            return f"{moment.year}-{(moment.month - 1) // 3 * 3 + 1:02}-01"
    return f"{moment:%Y}-01-01" if unit == "YEAR" else f"{moment:%Y-%m-%d}"


@by_chance
@given(st.sampled_from([("amount",), ("ratio",), ("scores",), ("parts", "size")]), st.sampled_from([0.25, 3, 7.5, 100]))
def test_numbers_are_grouped_by_intervals(counter: Api, path: Path, size: float) -> None:
    answer = pages(counter, [path], {}, 1000, [{"field": name(path), "interval": size}])
    assert answer == expected_groups([path], {}, {path: width(size)})


@pytest.mark.parametrize("path", [*FLAT, *OF_PARTS, LAYERS, *OF_HELPERS], ids=".".join)
def test_every_path_has_values_to_count(path: Path) -> None:
    assert len({str(value) for record in records() for value in values_at(record, path, shape())}) > 1
