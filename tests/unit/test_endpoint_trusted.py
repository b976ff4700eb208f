"""Trusted documents: those of a folder run by their hashes, others for `admin` alone."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_schema, get_introspection_query

from errors import DocumentErrors
from schema.endpoint import Documents
from schema.endpoint.trusted import trusted_documents
from tests.unit.endpoint_app import App, Client, code
from tests.unit.test_endpoint_streams import EVENTS, connected, events

GRAPHQL = {"accept": "application/graphql-response+json"}
ADMIN = {"authorization": "Bearer admin"}
HELLO = "# The greeting of the page.\nquery Hello($name: String) {\n  hello(name: $name)\n}\n"
COUNT = "subscription Count { count(to: 1) }\n"
OTHER = "{ hello }"
FEWER = "Ask for fewer with `first`, or for less in lists of lists."
DEEPER = "Ask for what lies deeper by itself."


def named(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}


def post(client: Client, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
    return client.post("/graphql", json=parameters, headers={**GRAPHQL, **(headers or {})})


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "hello.graphql").write_text(HELLO)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "count.graphql").write_text(COUNT)
    (tmp_path / "notes.txt").write_text(OTHER)
    return App(documents=tmp_path)


@pytest.fixture
def client(app: App) -> Client:
    return Client(app)


class TestRequests:
    def test_a_document_of_the_folder_runs_by_the_hash_of_its_file(self, client: Client) -> None:
        found = post(client, extensions=named(HELLO), variables={"name": "Ada"}, operationName="Hello")
        assert found.json() == {"data": {"hello": "Hello, Ada"}}
        by_get = client.get("/graphql", params={"extensions": json.dumps(named(HELLO)), "variables": '{"name": "Bo"}'})
        assert by_get.json() == {"data": {"hello": "Hello, Bo"}}
        both = post(client, query=HELLO, extensions=named(HELLO))
        assert both.json() == {"data": {"hello": "Hello, world"}}

    @pytest.mark.parametrize(
        "parameters",
        [
            {"query": OTHER},
            {"query": HELLO},
            {"query": OTHER, "extensions": named(OTHER)},
            {"query": "{ nothing }"},
            {"query": "{"},
            {"query": "{ __typename }"},
            {"query": "{ __schema { description } hello }"},
            {"query": "{ __schema { nothing } }"},
            {"query": "query __type { hello }"},
            {"query": "mutation { touch }"},
            {"query": "", "variables": {}},
        ],
    )
    def test_everything_else_is_forbidden_but_to_admin(
        self, client: Client, app: App, parameters: dict[str, Any]
    ) -> None:
        answer = post(client, **parameters)
        assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
        assert "touched" not in app.log
        assert "errors" not in post(client, ADMIN, query="mutation { touch }").json()

    def test_admin_asks_as_everywhere(self, client: Client) -> None:
        assert code(post(client, ADMIN, extensions=named(OTHER))) == "PERSISTED_QUERY_NOT_FOUND"
        assert code(post(client, ADMIN, query="{ nothing }")) == "GRAPHQL_VALIDATION_FAILED"
        for query in (OTHER, None):
            assert post(client, ADMIN, query=query, extensions=named(OTHER)).json() == {
                "data": {"hello": "Hello, world"}
            }

    def test_who_names_what_is_not_trusted_finds_nothing_and_may_not_send_it_either(self, client: Client) -> None:
        answer = post(client, extensions=named(OTHER))
        assert code(answer) == "PERSISTED_QUERY_NOT_FOUND"
        assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        assert code(post(client, query=OTHER, extensions=named(OTHER))) == "FORBIDDEN"

    def test_a_wrong_hash_is_bad_input(self, client: Client) -> None:
        assert code(post(client, query=OTHER, extensions=named(HELLO))) == "BAD_USER_INPUT"

    def test_who_opens_graphiql_may_ask_for_the_schema(self, client: Client) -> None:
        for query in (get_introspection_query(), '{ __type(name: "Query") { name } }'):
            assert "errors" not in post(client, query=query).json()

    def test_not_so_where_nobody_may(self, app: App) -> None:
        client = Client(App(documents=app.documents, introspection=False))
        answer = post(client, query=get_introspection_query())
        assert code(answer) == "FORBIDDEN"

    def test_event_streams_keep_to_it(self, client: Client) -> None:
        answer = post(client, EVENTS, extensions=named(COUNT))
        assert json.loads(events(answer.text)[0][1]) == {"data": {"count": 0}}
        (_, told), _ = events(post(client, EVENTS, query=COUNT).text)
        assert json.loads(told)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_web_sockets_keep_to_it(app: App) -> None:
    async with connected(app) as socket:
        await socket.send("subscribe", id="1", payload={"query": COUNT})
        assert (await socket.message())["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        await socket.send("subscribe", id="1", payload={"query": "", "extensions": named(COUNT)})
        assert (await socket.message())["payload"] == {"data": {"count": 0}}
    async with connected(app, {"authorization": "Bearer admin"}) as socket:
        await socket.send("subscribe", id="1", payload={"query": COUNT})
        assert (await socket.message())["payload"] == {"data": {"count": 0}}


class TestFiles:
    SCHEMA = build_schema("type Query { a(first: Int): [T] } type T { n: Int a(first: Int): [T] }")

    def problems(self, folder: Path, **files: str | bytes) -> list[str]:
        """What is wrong with files of these names."""
        for name, text in files.items():
            (folder / f"{name}.graphql").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DocumentErrors) as caught:
            trusted_documents(folder, Documents(self.SCHEMA))
        assert caught.value.exit_status == 2
        return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]

    def test_everything_wrong_is_told_at_once_with_file_and_line(self, tmp_path: Path) -> None:
        assert self.problems(
            tmp_path,
            a="query A {\n  a {\n    b\n  }\n  c\n}\n",
            b="{ a {",
            c="{ a { n } }",
            d=b"{\n \xff }",
            e="# nothing\n",
            f="query F {\n  a { n }\n}\n\nquery Much {\n  a(first: 1000) { a(first: 1000) { n } }\n}\n",
            g="{ a " * 16 + "{ n }" + "}" * 16,
        ) == [
            "a.graphql:3: Cannot query field 'b' on type 'T'. Did you mean 'a' or 'n'?",
            "a.graphql:5: Cannot query field 'c' on type 'Query'. Did you mean 'a'?",
            "b.graphql:1: Syntax Error: Expected Name, found <EOF>.",
            "d.graphql:2: this is not UTF-8: invalid start byte",
            "e.graphql:2: Syntax Error: Unexpected <EOF>.",
            f"f.graphql:5: The operation may cost 1,001,000; 50,000 is allowed. {FEWER}",
            f"g.graphql:1: The operation nests 17 fields in one another; 15 are allowed. {DEEPER}",
        ]

    def test_a_folder_without_documents_is_wrong(self, tmp_path: Path) -> None:
        (problem,) = self.problems(tmp_path)
        assert problem.endswith("there are no documents here (files that end in .graphql)")

    def test_many_are_found_each_by_its_own_hash(self, tmp_path: Path) -> None:
        texts = [f"query Q{number} {{ a {{ n }} }}" for number in range(50)]
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.graphql").write_text(text)
        found = trusted_documents(tmp_path, Documents(self.SCHEMA))
        names = {sha256(text.encode()).hexdigest(): f"Q{number}" for number, text in enumerate(texts)}
        assert {digest: document.operation(None).name for digest, document in found.items()} == names
