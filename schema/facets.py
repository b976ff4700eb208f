"""The facet types of a collection: what they look like, and what of a search they ask for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLString,
)

from errors import BadUserInput
from execution.reads import SOURCE, Derive, Named
from indexing.calendar import OF_A_DAY
from indexing.search_query import FacetQuery, FacetResult
from models.collections.filters import MAX_FOLDED_PART
from models.collections.folding import fold
from models.collections.kinds import DATETIME, ENUM, MOMENTS
from models.collections.properties import ROOT, Path, Property, Shape
from schema.outputs import listed, required
from schema.registry import Registry
from schema.scalars import DATE, DATE_TIME
from schema.selection import Selection, object_type


@dataclass(frozen=True)
class FacetSource:
    """The facets of one answer, or those below an object, whose names all begin with `above`."""

    results: Mapping[str, FacetResult]
    above: str


@dataclass(frozen=True)
class FacetValue:
    """One facet's result, with the property that says how its buckets are shown."""

    prop: Property
    result: FacetResult


class Facets:
    """Makes the facet types, by the shape of the records."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def type(self, shape: Shape) -> GraphQLObjectType | None:
        """The facets of an object; `None` if it has none."""
        if not has_facets(shape, ()):
            return None
        name = f"{shape.type_name}Facets"
        return self._registry.once(
            name,
            lambda: GraphQLObjectType(
                name,
                lambda: self._fields(shape),
                description="Counts by value.",
                extensions={SOURCE: FacetSource},
            ),
        )

    def _fields(self, shape: Shape) -> dict[str, GraphQLField]:
        found: dict[str, GraphQLField] = {}
        for prop in shape.properties.values():
            if not prop.is_indexed:
                continue
            if prop.shape:
                inner = self.type(prop.shape)
                if inner:
                    found[prop.field] = GraphQLField(
                        required(inner), resolve=Named(_below), description=prop.description
                    )
            elif prop.search.facet:
                found[prop.field] = self._facet(prop)
        return found

    def _facet(self, prop: Property) -> GraphQLField:
        assert prop.search.facet
        own = GraphQLArgument(
            GraphQLBoolean,
            default_value=False,
            description="Whether the filter's own conditions on this property count too.",
        )
        arguments = {"includeOwnFilter": own}
        if prop.search.facet.how == "terms":
            type_ = self._term_facet
            arguments |= {
                "first": GraphQLArgument(GraphQLInt, default_value=10, description="How many buckets."),
                "order": GraphQLArgument(self._order, default_value="COUNT", description="Which come first."),
                "contains": GraphQLArgument(
                    GraphQLString, description="Only values with this in them, whatever case and accents are."
                ),
            }
        elif is_of_moments(prop):
            type_ = self._moment_facet
        else:
            type_ = self._date_facet if prop.kind in MOMENTS else self._histogram_facet
        return GraphQLField(required(type_), arguments, _result(prop), description=prop.description)

    @property
    def _order(self) -> Any:
        values = {"COUNT": "The most frequent first, then by value.", "VALUE": "By value."}
        return self._registry.once(
            "FacetOrder",
            lambda: GraphQLEnumType(
                "FacetOrder",
                {name: GraphQLEnumValue(name, description=text) for name, text in values.items()},
                description="The order of a facet's buckets.",
            ),
        )

    @property
    def _term_facet(self) -> Any:
        def make() -> GraphQLObjectType:
            bucket = GraphQLObjectType(
                "TermBucket",
                {
                    "value": GraphQLField(required(GraphQLString), description="The value, as filters take it."),
                    "label": GraphQLField(required(GraphQLString), description="The value, to show."),
                    "count": GraphQLField(required(GraphQLInt), description="Records that have it."),
                    "selected": GraphQLField(required(GraphQLBoolean), description="Whether the filter asks for it."),
                },
                description="One value of a facet.",
            )
            return GraphQLObjectType(
                "TermFacet",
                {
                    "buckets": GraphQLField(
                        required(listed(bucket)),
                        resolve=Derive(_term_buckets),
                        description="The values, in the order asked for.",
                    ),
                    "otherCount": GraphQLField(
                        required(GraphQLInt),
                        resolve=Derive(attrgetter("result.others")),
                        description="The counts of the values that are not shown, summed.",
                    ),
                    "missingCount": _missing_field(),
                },
                description="The values of a property, counted.",
                extensions={SOURCE: FacetValue},
            )

        return self._registry.once("TermFacet", make)

    @property
    def _histogram_facet(self) -> Any:
        return self._range_facet("HistogramFacet", "RangeBucket", GraphQLFloat, "numbers")

    @property
    def _date_facet(self) -> Any:
        return self._range_facet("DateHistogramFacet", "DateBucket", DATE, "dates")

    @property
    def _moment_facet(self) -> Any:
        return self._range_facet("DateTimeHistogramFacet", "DateTimeBucket", DATE_TIME, "moments")

    def _range_facet(self, name: str, bucket_name: str, bound: Any, what: str) -> Any:
        def make() -> GraphQLObjectType:
            bucket = GraphQLObjectType(
                bucket_name,
                {
                    "from": GraphQLField(bound, description="Where it begins, included; null if it is open."),
                    "to": GraphQLField(bound, description="Where it ends, excluded; null if it is open."),
                    "count": GraphQLField(required(GraphQLInt), description="Records in it."),
                    "selected": GraphQLField(required(GraphQLBoolean), description="Whether the filter asks for it."),
                },
                description=f"A range of {what}.",
            )
            return GraphQLObjectType(
                name,
                {
                    "buckets": GraphQLField(
                        required(listed(bucket)),
                        resolve=Derive(_range_buckets),
                        description="The ranges, the least first.",
                    ),
                    "min": GraphQLField(
                        bound, resolve=Derive(lambda v: _bound(v, v.result.low)), description="The least."
                    ),
                    "max": GraphQLField(
                        bound, resolve=Derive(lambda v: _bound(v, v.result.high)), description="The most."
                    ),
                    "missingCount": _missing_field(),
                },
                description=f"Ranges of {what}, counted.",
                extensions={SOURCE: FacetValue},
            )

        return self._registry.once(name, make)


def _missing_field() -> GraphQLField:
    return GraphQLField(
        required(GraphQLInt),
        resolve=Derive(attrgetter("result.missing")),
        description="Records without a value.",
    )


def _result(prop: Property) -> Named:
    return Named(lambda source, key: FacetValue(prop, source.results[f"{source.above}{key}"]))


def _below(source: FacetSource, key: str) -> FacetSource:
    return FacetSource(source.results, f"{source.above}{key}/")


def _term_buckets(value: FacetValue) -> list[dict[str, Any]]:
    display = value.prop.kind.display
    enum = value.prop.enum if value.prop.kind is ENUM else None
    return [
        {
            "value": str(enum.by_value.get(shown, shown)) if enum else display(shown),
            "label": display(shown),
            "count": count,
            "selected": selected,
        }
        for shown, count, selected, _ in value.result.buckets
    ]


def _range_buckets(value: FacetValue) -> list[dict[str, Any]]:
    of_moments = value.prop.kind in MOMENTS
    return [
        {
            "from": _bound(value, low) if of_moments else low,
            "to": _bound(value, high) if of_moments else high,
            "count": count,
            "selected": selected,
        }
        for low, count, selected, high in value.result.buckets
    ]


def _bound(value: FacetValue, number: Any) -> Any:
    if number is None or value.prop.kind not in MOMENTS:
        return number
    text = value.prop.kind.display(int(number))
    return text if is_of_moments(value.prop) else text[:10]


def is_of_moments(prop: Property) -> bool:
    """Whether a facet's ranges are parts of a day, so that they begin at moments."""
    facet = prop.search.facet
    return prop.kind is DATETIME and facet is not None and facet.calendar in OF_A_DAY


def has_facets(shape: Shape, above: tuple[Shape, ...]) -> bool:
    """Whether anything in an object can be counted."""
    if shape in above:
        return False
    return any(
        prop.is_indexed and (has_facets(prop.shape, (*above, shape)) if prop.shape else prop.search.facet is not None)
        for prop in shape.properties.values()
    )


def facet_queries(
    selection: Selection, type_: GraphQLObjectType, shape: Shape, base: Path = ROOT, above: str = ""
) -> Iterator[FacetQuery]:
    """The facets that are selected below a `facets` field, each named by its place in the answer."""
    for key, inner in selection.by_response_key().items():
        prop = shape.properties.get(inner.name)
        if prop is None:  # __typename
            continue
        name, path, field = f"{above}{key}", base / prop, type_.fields[inner.name]
        if path.is_too_deep:
            raise BadUserInput(f"{path.name} is deeper than the index goes.", "Count on a level above.")
        if prop.shape:
            yield from facet_queries(inner, object_type(field), prop.shape, path, f"{name}/")
        else:
            yield _query(name, path, inner.names, inner.arguments(field))


def check_first(facet: FacetQuery, most: int) -> None:
    """Raises `BadUserInput` for a facet of more than `most` values."""
    if not 0 <= facet.first <= most:
        raise BadUserInput(f"first of a facet must be 0 to {most:,}, not {facet.first:,}.")


def _query(name: str, path: Path, names: set[str], arguments: Mapping[str, Any]) -> FacetQuery:
    first = arguments.get("first", 10)
    first = 10 if first is None else first
    contains = arguments.get("contains") or None
    if contains and len(fold(contains)) > MAX_FOLDED_PART:
        raise BadUserInput(f"contains of a facet takes at most {MAX_FOLDED_PART} characters.", "Look for less.")
    return FacetQuery(
        name=name,
        path=path,
        first=first,
        by_value=arguments.get("order") == "VALUE",
        contains=contains,
        include_own_filter=bool(arguments.get("includeOwnFilter")),
        buckets="buckets" in names,
        bounds=bool({"min", "max"} & names),
        missing="missingCount" in names,
        others="otherCount" in names,
    )
