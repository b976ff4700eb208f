"""The stats types of a collection, by the shape of its records, and what of a search they ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLFloat, GraphQLInt, GraphQLObjectType

from errors import BadUserInput
from execution.reads import SOURCE, Derive
from indexing.search_query import StatsQuery, StatsResult
from models.collections.kinds import GEO, MOMENTS, Kind
from models.collections.properties import ROOT, Path, Property, Shape
from schema.outputs import required
from schema.registry import Registry
from schema.selection import Selection

_TYPES = {
    "Int": "NumberStats",
    "Float": "NumberStats",
    "Long": "LongStats",
    "Date": "DateStats",
    "DateTime": "DateTimeStats",
    "Boolean": "ValueStats",
    "Enum": "ValueStats",
}
"""By the kinds of properties; all others are strings."""
_ENDS: Mapping[str, str] = {
    "NumberStats": "Float",
    "LongStats": "Long",
    "DateStats": "Date",
    "DateTimeStats": "DateTime",
    "StringStats": "String",
}
_TITLES = {
    "NumberStats": "What numbers come to.",
    "LongStats": "What whole numbers of 64 bits come to.",
    "DateStats": "What days come to.",
    "DateTimeStats": "What moments come to.",
    "StringStats": "What strings come to.",
    "ValueStats": "How many values there are.",
}


@dataclass(frozen=True)
class StatsSource:
    """The stats of one answer, or those below an object; `above` is the way to it, with a dot behind."""

    results: Mapping[str, StatsResult]
    above: str = ""


@dataclass(frozen=True)
class StatsValue:
    """The stats of one property, with the kind that says how its values are shown."""

    kind: Kind
    result: StatsResult


class StatsTypes:
    """Makes the stats types."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def type(self, shape: Shape) -> GraphQLObjectType | None:
        """The stats of an object; `None` if it has nothing to count."""
        if not has_stats(shape):
            return None
        name = f"{shape.type_name}Stats"
        title = "What the values of each property come to."
        return self._registry.once(
            name,
            lambda: GraphQLObjectType(
                name, lambda: self._fields(shape), description=title, extensions={SOURCE: StatsSource}
            ),
        )

    def _fields(self, shape: Shape) -> dict[str, GraphQLField]:
        found: dict[str, GraphQLField] = {}
        for prop in shape.properties.values():
            if prop.shape and prop.is_indexed:
                inner = self.type(prop.shape)
                if inner:
                    found[prop.field] = GraphQLField(
                        required(inner), resolve=_below(prop), description=prop.description
                    )
            elif is_counted(prop):
                type_ = self._values(_TYPES.get(prop.kind.name, "StringStats"))
                found[prop.field] = GraphQLField(required(type_), resolve=_value(prop), description=prop.description)
        return found

    def _values(self, name: str) -> Any:
        def fields() -> dict[str, GraphQLField]:
            whole = required(GraphQLInt)
            found = {"count": GraphQLField(whole, resolve=_number("count"), description="How many values there are.")}
            if name in _ENDS:
                end = self._registry.scalar(_ENDS[name])
                found["min"] = GraphQLField(end, resolve=_end("low"), description="The least; null if there is none.")
                found["max"] = GraphQLField(end, resolve=_end("high"), description="The most; null if there is none.")
            if name in ("NumberStats", "LongStats"):
                found["avg"] = GraphQLField(
                    GraphQLFloat, resolve=_number("mean"), description="Their mean; null if there is none."
                )
                found["sum"] = GraphQLField(
                    required(GraphQLFloat), resolve=_number("total"), description="Their sum; of none 0."
                )
            found["distinct"] = GraphQLField(
                whole, resolve=_number("distinct"), description="How many different values there are, exactly."
            )
            return found

        return self._registry.once(
            name,
            lambda: GraphQLObjectType(name, fields, description=_TITLES[name], extensions={SOURCE: StatsValue}),
        )


def is_counted(prop: Property) -> bool:
    """Whether the values of a property can be counted and grouped by."""
    return prop.is_indexed and prop.is_scalar and prop.kind is not GEO


def has_stats(shape: Shape, above: tuple[Shape, ...] = ()) -> bool:
    """Whether anything in an object can be counted."""
    if shape in above:
        return False
    return any(
        has_stats(prop.shape, (*above, shape)) if prop.shape and prop.is_indexed else is_counted(prop)
        for prop in shape.properties.values()
    )


def _below(prop: Property) -> Derive:
    return Derive(lambda source: StatsSource(source.results, f"{source.above}{prop.field}."))


def _value(prop: Property) -> Derive:
    # What the viewer may not follow was not asked for: it is absent.
    return Derive(
        lambda source: StatsValue(prop.kind, source.results.get(f"{source.above}{prop.field}") or StatsResult())
    )


def _number(name: str) -> Derive:
    return Derive(attrgetter(f"result.{name}"))


def _end(name: str) -> Derive:
    def end(value: StatsValue) -> Any:
        found = getattr(value.result, name)
        return value.kind.display(found) if found is not None and value.kind in MOMENTS else found

    return Derive(end)


def stats_queries(selections: Iterator[Selection], shape: Shape) -> tuple[StatsQuery, ...]:
    """What is asked for below some `stats` fields: they have no arguments, so that all can be asked for at once."""
    wanted: dict[Path, set[str]] = {}
    for selection in selections:
        for path, parts in _asked(selection, shape, ROOT):
            wanted.setdefault(path, set()).update(parts)
    return tuple(StatsQuery(path, frozenset(parts)) for path, parts in wanted.items())


def _asked(selection: Selection, shape: Shape, base: Path) -> Iterator[tuple[Path, set[str]]]:
    for node in selection.fields():
        prop = shape.properties.get(node.name.value)
        if prop is None:  # __typename
            continue
        path, inner = base / prop, Selection(selection.info, (node,))
        if path.is_too_deep:
            raise BadUserInput(f"{path.name} is deeper than the index goes.", "Count on a level above.")
        if prop.shape:
            yield from _asked(inner, prop.shape, path)
        else:
            yield path, inner.names
