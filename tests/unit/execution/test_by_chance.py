"""Whatever the schema, the document and the data are: both executors show the same."""

from hypothesis import HealthCheck, given, settings

from tests.unit.execution.chance import Case, cases
from tests.unit.execution.oracle import assert_same

EXAMPLES = 10_000 if settings.get_current_profile_name() == "nightly" else 200


@given(cases())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_plan_answers_as_graphql_core_does(case: Case) -> None:
    assert_same(case.schema, case.document, case.root, case.variables)
