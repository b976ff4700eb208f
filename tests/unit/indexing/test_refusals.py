"""What it means that Elasticsearch refuses a request: too much was asked, or something is wrong."""

from typing import Any

import pytest

from errors import CostExceeded, SearchUnavailable
from indexing.server import SearchRefused, refusal_of

BUCKETS = {
    "type": "search_phase_execution_exception",
    "reason": "",
    "root_cause": [],
    "caused_by": {
        "type": "too_many_buckets_exception",
        "reason": "Trying to create too many buckets. Must be less than or equal to: [65536] but was [65537].",
    },
}
REGEX = {
    "type": "search_phase_execution_exception",
    "reason": "all shards failed",
    "root_cause": [{"type": "query_shard_exception", "reason": "Determinizing automaton would use too much memory"}],
}
MAPPING = {"type": "illegal_argument_exception", "reason": "unknown analyzer [englsh]"}


@pytest.mark.parametrize("cause", [BUCKETS, REGEX])
def test_more_than_elasticsearch_can_do_is_told_as_such(cause: dict[str, Any]) -> None:
    assert isinstance(refusal_of(400, cause), CostExceeded)


@pytest.mark.parametrize("cause", [MAPPING, "no such thing", None])
def test_what_is_wrong_is_told_with_its_reason(cause: Any) -> None:
    refusal = refusal_of(400, cause)
    assert isinstance(refusal, SearchRefused)
    assert "400" in refusal.message
    assert cause is not MAPPING or "unknown analyzer [englsh]" in refusal.message


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_server_is_away_for_one_search_of_several_as_for_one_alone(status: int) -> None:
    cause = {"type": "es_rejected_execution_exception", "reason": "rejected execution of a search"}
    assert isinstance(refusal_of(status, cause), SearchUnavailable)
