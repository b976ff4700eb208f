"""Errors as clients and logs see them: codes, messages, masks."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLError, build_schema, graphql_sync
from structlog.testing import capture_logs
from structlog.typing import EventDict

from errors import Conflict, SettingsError
from schema.errors import Stage, public_error, public_errors
from tests.unit.endpoint_app import App, Client, code, post


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What is logged, kept from the terminal."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def client() -> Client:
    return Client(App())


class TestBadValues:
    """A value that a custom scalar refuses is the client's mistake, wherever it stands."""

    def test_in_a_literal(self, client: Client) -> None:
        response = post(client, '{ day(on: "soon") }')
        assert code(response) == "BAD_USER_INPUT"
        assert "'soon' is not a date. Write it as YYYY-MM-DD." in response.json()["errors"][0]["message"]

    def test_in_a_variable_and_the_message_names_the_variable(self, client: Client) -> None:
        response = post(client, "query ($d: Day!) { day(on: $d) }", variables={"d": "soon"})
        assert code(response) == "BAD_USER_INPUT"
        assert "'$d'" in response.json()["errors"][0]["message"]
        assert "is not a date" in response.json()["errors"][0]["message"]

    def test_in_the_default_of_a_variable(self, client: Client) -> None:
        assert code(post(client, 'query ($d: Day = "soon") { day(on: $d) }')) == "BAD_USER_INPUT"

    def test_a_literal_of_the_wrong_kind_is_a_matter_of_validation(self, client: Client) -> None:
        assert code(post(client, '{ limit(first: "x") }')) == "GRAPHQL_VALIDATION_FAILED"

    def test_a_missing_variable(self, client: Client) -> None:
        assert code(post(client, "query ($d: Day!) { day(on: $d) }")) == "BAD_USER_INPUT"

    def test_in_a_directive_that_only_execution_meets(self, client: Client) -> None:
        query = "query ($f: Boolean = true) { hello ... { day: hello @include(if: $f) } }"
        assert code(post(client, query, variables={"f": None})) == "BAD_USER_INPUT"

    def test_a_null_that_only_execution_meets(self, client: Client) -> None:
        query = 'query ($d: Day = "2020-01-01") { hello day(on: $d) }'
        assert post(client, query).json() == {"data": {"hello": "Hello, world", "day": "2020-01-01"}}
        response = post(client, query, variables={"d": None})
        assert code(response) == "BAD_USER_INPUT"
        assert "'on'" in response.json()["errors"][0]["message"]


class TestFields:
    def test_what_is_unexpected_is_masked_logged_with_its_traceback_and_leaves_the_rest(
        self, client: Client, logs: list[EventDict]
    ) -> None:
        response = post(client, "{ boom hello }", {"x-request-id": "r1"})
        assert response.json() == {
            "data": {"boom": None, "hello": "Hello, world"},
            "errors": [
                {
                    "message": "Internal error",
                    "locations": [{"line": 1, "column": 3}],
                    "path": ["boom"],
                    "extensions": {"code": "INTERNAL", "requestId": "r1"},
                }
            ],
        }
        (entry,) = logs
        assert (entry["log_level"], entry["request_id"], entry["path"]) == ("error", "r1", ["boom"])
        assert isinstance(entry["exc_info"], RuntimeError)
        assert entry["exc_info"].__traceback__ is not None

    def test_an_error_of_ours_keeps_its_code_message_and_remedy(self, client: Client, logs: list[EventDict]) -> None:
        response = post(client, "{ forbidden }")
        assert code(response) == "FORBIDDEN"
        assert response.json()["errors"][0]["message"] == "Only an editor may read this. Ask for the role."
        assert logs == []

    def test_a_result_that_its_type_refuses_is_our_fault(self, client: Client) -> None:
        for query in ("{ tooLarge }", "{ shape { name } }"):
            response = post(client, query)
            assert (code(response), response.json()["errors"][0]["message"]) == ("INTERNAL", "Internal error")

    def test_a_value_that_is_required_and_not_there_is_named(self) -> None:
        result = graphql_sync(build_schema("type Query { doi: String! }"), "{ doi }")
        (error,) = public_errors(result.errors or [], "r", Stage.EXECUTION)
        assert error.message == "Cannot return null for non-nullable field Query.doi."
        assert error.extensions == {"code": "INTERNAL", "requestId": "r"}

    def test_a_graphql_error_with_a_code_was_meant_for_the_client(self, client: Client) -> None:
        response = post(client, "{ deliberate }")
        assert (code(response), response.json()["errors"][0]["message"]) == ("RATE_LIMITED", "No more today.")

    def test_a_driver_that_cannot_connect_has_its_code_and_keeps_its_addresses(self, client: Client) -> None:
        response = post(client, "{ search hello }")
        assert code(response) == "SEARCH_UNAVAILABLE"
        assert "10.0.0.7" not in response.text
        assert response.json()["data"]["hello"] == "Hello, world"

    def test_one_cause_that_fails_many_fields_is_logged_once(self, logs: list[EventDict]) -> None:
        cause = RuntimeError("lost")
        errors = [GraphQLError("lost", path=["a", index], original_error=cause) for index in range(100)]
        public = public_errors(errors, "r", Stage.EXECUTION)
        assert len(public) == 100
        assert len(logs) == 1


class TestRequests:
    def test_errors_of_ours_without_a_public_code_are_masked(self, logs: list[EventDict]) -> None:
        error = public_error(SettingsError("secret is 'hunter2'"), "r")
        assert (error.message, error.extensions) == ("Internal error", {"code": "INTERNAL", "requestId": "r"})
        assert len(logs) == 1

    def test_every_other_error_of_ours_is_told(self) -> None:
        assert public_error(Conflict("Changed.", "Read it again."), "r").message == "Changed. Read it again."

    def test_each_validation_error_has_code_and_request_id(self, client: Client) -> None:
        errors = post(client, "{ a b }").json()["errors"]
        assert len(errors) == 2
        assert all(error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED" for error in errors)
        assert all(error["extensions"]["requestId"] for error in errors)

    def test_without_introspection_the_schema_is_neither_told_nor_suggested(self) -> None:
        closed = Client(App(introspection=False))
        assert code(post(closed, "{ __schema { types { name } } }")) == "GRAPHQL_VALIDATION_FAILED"
        assert "hello" not in post(closed, "{ helo }").text
        assert "hello" in post(Client(App()), "{ helo }").text
        assert post(closed, "{ __typename }").json() == {"data": {"__typename": "Query"}}
