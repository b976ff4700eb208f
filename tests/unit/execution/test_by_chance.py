"""Whatever the schema, the document and the data are: both executors show the same."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.execution.chance import case_of
from tests.unit.execution.oracle import assert_same

# graphql-core itself leaves some behind where an error ends an object of which others are awaited.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
EXAMPLES = 10_000 if settings.get_current_profile_name() == "nightly" else 200


@pytest.fixture(autouse=True)
def left_behind() -> Iterator[None]:
    """What is left behind goes here, not in the midst of another test."""
    yield
    gc.collect()


@pytest.mark.timeout(3_600)  # for ten thousand
@given(st.integers(0, 2**48))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_plan_answers_as_graphql_core_does(seed: int) -> None:
    case = case_of(seed)
    assert_same(case.schema, case.document, case.root, *case.variables, loader=case.loader)
