"""The ranges of dates and moments: each is told by what sets it apart from the next."""

from pathlib import Path
from typing import Any, cast

import pytest
from graphql import GraphQLObjectType, get_named_type

from indexing.facets import result_of
from indexing.search_query import FacetQuery
from models.collections.conditions import ALWAYS
from models.collections.dates import datetime_micros
from models.collections.loading import load_catalog
from schema.build import build_schema
from schema.facets import FacetValue
from tests.unit.collections.files import with_properties

MOMENT = "2020-02-29T23:59:00Z"


@pytest.mark.parametrize(
    ("unit", "facet", "ends"),
    [
        ("day", "DateHistogramFacet", ("2020-02-29", "2020-03-01")),
        ("hour", "DateTimeHistogramFacet", ("2020-02-29T23:59:00Z", "2020-03-01T00:59:00Z")),
        ("minute", "DateTimeHistogramFacet", ("2020-02-29T23:59:00Z", "2020-03-01T00:00:00Z")),
    ],
)
def test_units_shorter_than_a_day_begin_and_end_at_moments(
    tmp_path: Path, unit: str, facet: str, ends: tuple[str, str]
) -> None:
    at = f"at: {{type: string, format: date-time, x-search: {{facet: {{calendarInterval: {unit}}}}}}}"
    (tmp_path / "work.yaml").write_text(with_properties(at))
    catalog = load_catalog(tmp_path)
    facets = cast("GraphQLObjectType", build_schema(catalog).type_map["WorkFacets"])
    type_ = cast("GraphQLObjectType", get_named_type(facets.fields["at"].type))
    assert type_.name == facet
    path = next(path for path in catalog["Work"].paths if path.name == "at")
    start = datetime_micros(MOMENT)
    answer: dict[str, Any] = {"buckets": {"buckets": [{"key": start // 1_000, "doc_count": 2}]}}
    answer |= {bound: {"value": float(start // 1_000)} for bound in ("low", "high")}
    asked = FacetQuery("at", path, bounds=True)
    value = FacetValue(path.last, result_of(asked, answer, ALWAYS))
    (bucket,) = cast("Any", type_.fields["buckets"].resolve)(value, None)
    assert (bucket["from"], bucket["to"], bucket["count"]) == (*ends, 2)
    assert cast("Any", type_.fields["min"].resolve)(value, None) == ends[0]
