"""What one may not read is not counted, and what may not be searched by not counted by."""

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.counting.made import entries

NOBODY = {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0, "distinct": 0}


@pytest.mark.parametrize(
    "asked",
    [
        "stats { price { count } }",
        "groupBy(by: [price]) { nodes { count } }",
        "groupBy(by: [label]) { nodes { stats { price { sum } } } }",
        "groupBy(by: [label]) { edges { node { stats { price { sum } } } } }",
        "facets { price { missingCount } }",
    ],
)
def test_a_property_that_one_may_not_read_is_not_counted_by(counter: Api, anyone: Api, asked: str) -> None:
    assert anyone.refusal(f"{{ entries {{ {asked} }} }}") == "FORBIDDEN"
    assert counter.ask(f"{{ entries {{ {asked} }} }}")


def test_what_a_link_includes_counts_as_absent_for_who_may_not_read_what_it_leads_to(counter: Api, anyone: Api) -> None:
    document = """{ entries {
      stats { keeper { floor { count min max avg sum distinct } city { count distinct } } }
      one: groupBy(by: [keeper_city]) { nodes { key count stats { keeper { floor { count } } } } }
      two: groupBy(by: [helping_city, helping_floor]) { nodes { key count } }
      beside: groupBy(by: [keeper_floor, sound]) { nodes { key } }
      facets { keeper { city { buckets { value } missingCount } } } } }"""
    seen = anyone.ask(document)["entries"]
    everything = len(entries())
    assert seen["stats"]["keeper"] == {"floor": NOBODY, "city": {"count": 0, "distinct": 0}}
    assert seen["one"]["nodes"] == [{"key": [None], "count": everything, "stats": {"keeper": {"floor": {"count": 0}}}}]
    assert seen["two"]["nodes"] == [{"key": [None, None], "count": everything}]
    assert seen["beside"]["nodes"] == [{"key": [None, value]} for value in ("false", "true", None)]
    assert seen["facets"]["keeper"]["city"] == {"buckets": [], "missingCount": everything}
    assert len(counter.ask(document)["entries"]["one"]["nodes"]) == 3


def test_the_entries_of_a_holder_are_counted_for_themselves(counter: Api) -> None:
    answer = counter.ask(
        """{ holder(key: "north") { entries { totalCount stats { code { distinct } }
        groupBy(by: [keeper_city]) { nodes { key count } } } } }"""
    )["holder"]["entries"]
    kept = sum(one["holder"] == "north" for one in entries())
    assert answer == {
        "totalCount": kept,
        "stats": {"code": {"distinct": kept}},
        "groupBy": {"nodes": [{"key": ["Århus"], "count": kept}]},
    }
