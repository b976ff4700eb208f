"""Random questions about a collection: filters, orders, facets and pages, in the terms of the GraphQL API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.acceptance.oracle.shapes import Path, Property, Shape
from tests.integration.questions.catalogs import Draw, values_of
from tests.integration.questions.counts import DEEPEST, Counts, counts
from tests.integration.questions.kinds import KINDS, RANGES, Json, Kind, kind_of

Input = dict[str, Json]


@dataclass(frozen=True)
class FacetAsked:
    """A facet with its arguments; `how` is `terms`, `interval`, `calendarInterval` or `ranges`."""

    path: Path
    how: str
    arguments: Input


@dataclass(frozen=True)
class Question:
    """What is asked of a collection at once."""

    filter: Input
    order: list[Input]
    facets: list[FacetAsked] = field(default_factory=list)
    words: str | None = None
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class PageAsked:
    """A page of a question's answer; cursors are given as places in that answer, if it is long enough."""

    filter: Input
    forward: bool
    size: int
    after: int | None
    before: int | None


@st.composite
def questions(draw: Draw, shape: Shape) -> Question:
    paths = list(facet_paths(shape))
    chosen = draw(st.lists(st.sampled_from(paths), max_size=2, unique_by=str)) if paths else []
    words = (
        draw(st.sampled_from(["red", "red ball", "sea", "eclair", '"sea of red"']))
        if draw(st.integers(0, 5)) == 0
        else None
    )
    return Question(
        draw_filter(draw, shape),
        draw_order(draw, shape),
        [_facet(draw, shape, path) for path in chosen],
        words,
        draw(counts(shape)),
    )


@st.composite
def pages(draw: Draw, question: Question, shape: Shape) -> PageAsked:
    """A page of the answer, now and then with another filter, under which the cursors stay valid."""
    given = draw_filter(draw, shape) if draw(st.integers(0, 3)) == 0 else question.filter
    place = st.one_of(st.none(), st.integers(0, 7))
    return PageAsked(given, draw(st.booleans()), draw(st.integers(0, 5)), draw(place), draw(place))


def draw_filter(draw: Draw, shape: Shape, depth: int = 3) -> Input:
    """Some conditions on an object; none now and then."""
    how = draw(st.sampled_from(["leaf"] * 5 + ["none"] + ["and", "or", "not"] * (depth > 1)))
    if how in ("and", "or"):
        return {how: [draw_filter(draw, shape, depth - 1) for _ in range(draw(st.integers(0, 2)))]}
    if how == "not":
        return {how: draw_filter(draw, shape, depth - 1)}
    usable = [prop for prop in shape.properties.values() if _is_filtered(prop, deeper=depth > 0)]
    if how == "none" or not usable:
        return {}
    props = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=2, unique_by=id))
    return {prop.field: _condition(draw, prop.shape, depth) for prop in props}


def _is_filtered(prop: Property, *, deeper: bool) -> bool:
    end = prop.shape.item
    return deeper if end.is_object or prop.holder is not None else kind_of(end.schema) != "anything"


def _condition(draw: Draw, shape: Shape, depth: int) -> Input:
    if shape.is_list and shape.is_object:
        how = draw(st.sampled_from(["some", "none", "every"] * 2 + ["count", "exists"]))
        if how not in ("count", "exists"):
            return {how: draw_filter(draw, shape.item, depth - 1)}
        return {how: draw(_COUNTS if how == "count" else st.booleans())}
    if shape.is_object:
        return {"exists": draw(st.booleans())} if draw(st.integers(0, 3)) == 0 else draw_filter(draw, shape, depth - 1)
    return _list_condition(draw, shape) if shape.is_list else _scalar_condition(draw, shape)


_COUNTS = st.sampled_from([{"eq": 0}, {"gte": 2}, {"lt": 2}, {"in": [1, 3]}, {"ne": 1}])


def _list_condition(draw: Draw, shape: Shape) -> Input:
    how = draw(st.sampled_from(["any", "all", "none", "count", "exists"]))
    if how in ("count", "exists"):
        return {how: draw(_COUNTS if how == "count" else st.booleans())}
    given = {how: draw(st.lists(_operands(shape.item), max_size=2))}
    kind = KINDS[kind_of(shape.item.schema)]
    return {**given, "ignoreCase": True} if kind.is_string and draw(st.integers(0, 3)) == 0 else given


def _scalar_condition(draw: Draw, shape: Shape) -> Input:
    name = kind_of(shape.schema)
    kind = KINDS[name]
    if name == "place":
        return _place_condition(draw)
    found: Input = {}
    for operator in draw(st.lists(st.sampled_from(_operators(name, kind)), min_size=1, max_size=2, unique=True)):
        if operator == "exists":
            found[operator] = draw(st.booleans())
        elif operator == "match":
            found[operator] = draw(st.sampled_from(["red", "ball red", "Eclair", "éclair", "nothing"]))
        else:
            found[operator] = draw(st.lists(_operands(shape), max_size=3) if operator == "in" else _operands(shape))
    if kind.math and draw(st.integers(0, 2)) == 0:
        found[draw(st.sampled_from(RANGES))] = draw(st.sampled_from(kind.math))
        if name == "date-time":
            found["timeZone"] = draw(st.sampled_from(["UTC", "+05:30", "America/New_York"]))
    return {**found, "ignoreCase": True} if kind.is_string and draw(st.integers(0, 3)) == 0 else found


def _operators(name: str, kind: Kind) -> list[str]:
    if name == "boolean":
        return ["eq", "exists"]
    return ["eq", "ne", "in", "exists", *kind.operators, *(["match"] if name == "text" else [])]


def _operands(shape: Shape) -> Any:
    return st.sampled_from(
        [shape.comparable(v) if "enum" in shape.schema else v for v in values_of(dict(shape.schema))]
    )


def _place_condition(draw: Draw) -> Input:
    found: Input = draw(
        st.sampled_from(
            [
                {"exists": True},
                {"exists": False},
                {"near": {"lat": 50, "lon": 1, "withinMeters": 400_000}},
                {"near": {"lat": -17, "lon": 180, "withinMeters": 150_000}},
                {"box": {"north": 60, "south": 50, "west": -1, "east": 10}},
                {"box": {"north": 0, "south": -20, "west": 170, "east": -170}},
            ]
        )
    )
    return found


def draw_order(draw: Draw, shape: Shape) -> list[Input]:
    paths = list(order_paths(shape))
    if not paths:
        return []
    return [_order_entry(draw, shape, path) for path in draw(st.lists(st.sampled_from(paths), max_size=3))]


def _order_entry(draw: Draw, shape: Shape, path: Path) -> Input:
    direction: Json = draw(st.sampled_from(["ASC", "DESC"]))
    if shape.at(path).is_place:
        direction = {"lat": 12.34, "lon": 56.78, "direction": direction}
    for name in reversed(path):
        direction = {name: direction}
    return dict(direction)


def order_paths(shape: Shape, above: int = 0) -> Iterator[Path]:
    """The ways to what can be ordered by: scalars, also inside lists of objects and over links."""
    for name, prop in shape.properties.items():
        if prop.shape.item.is_object:
            if above < DEEPEST - 1:
                yield from ((name, *rest) for rest in order_paths(prop.shape.item, above + 1))
        elif not prop.shape.is_list and KINDS[kind_of(prop.shape.schema)].ordered:
            yield (name,)


def facet_paths(shape: Shape, above: int = 0) -> Iterator[Path]:
    for name, prop in shape.properties.items():
        if prop.shape.item.is_object:
            if above < DEEPEST - 1:
                yield from ((name, *rest) for rest in facet_paths(prop.shape.item, above + 1))
        elif prop.shape.item.annotation.get("facet"):
            yield (name,)


def _facet(draw: Draw, shape: Shape, path: Path) -> FacetAsked:
    spec = shape.at(path).item.annotation["facet"]
    arguments: Input = {"includeOwnFilter": True} if draw(st.booleans()) else {}
    if spec is not True:
        return FacetAsked(path, next(iter(spec)), arguments)
    arguments["first"] = draw(st.sampled_from([0, 1, 2, 10]))
    if draw(st.booleans()):
        arguments["order"] = "VALUE"
    if draw(st.integers(0, 3)) == 0:
        arguments["contains"] = draw(st.sampled_from(["", "a", "e", "1"]))
    return FacetAsked(path, "terms", arguments)
