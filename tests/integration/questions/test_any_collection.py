"""Any collection answers any question as plain Python over its records does."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.integration.questions.checking import Case, cases, check
from tests.integration.questions.conftest import Runner


@pytest.mark.timeout(7_200)  # a failure is made small before it is told, and there are nights
@settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(cases())
def test_any_collection_answers_any_question_as_plain_python_does(runner: Runner, case: Case) -> None:
    runner.run(check(runner.one, case))
