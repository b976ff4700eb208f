"""Which queries are answered from the cache, and what tells their answers apart."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from graphql import ExecutionResult, GraphQLError

from config import load_settings
from indexing.results import VOLATILE, ResultCache
from models.collections.dates import Clock
from models.collections.loading import load_catalog
from models.tracing import Trace
from resolvers.audiences import Audiences
from resolvers.viewer import ANONYMOUS, Viewer
from schema.build import build_schema
from schema.endpoint import Documents
from schema.footprints import Footprints
from schema.remembering import WithResultCache, seal_of
from tests.unit.collections.files import WORK

PAGE = "query($n: Int, $s: String) { works(first: $n, search: $s) { totalCount } }"
EDITOR = Viewer("eve", frozenset({"public", "authenticated", "editor"}), "TOKEN")
OWN = "access:\n  read: [{role: editor, where: {number: {eq: $viewer.id}}}, {role: public, where: {number: {lt: m}}}]\n"


@dataclass
class Context:
    viewer: Viewer = ANONYMOUS
    trace: Trace | None = None
    clock: Clock = field(default_factory=Clock.current)


class Remembered:
    """Stands where the cache is: notes the keys, and what would be kept."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.kept: list[bytes | None] = []

    async def result(self, key: bytes, collections: frozenset[str], make: Any) -> Any:
        self.keys.append(key)
        found, body = await make()
        self.kept.append(body)
        return found


class Server:
    """The executor over a real schema, with another in place of what executes."""

    def __init__(self, folder: Path, files: Mapping[str, str], secret: str = "s" * 16, result: Any = None) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        settings = load_settings(
            environment={}, collections=str(folder), database_url="postgresql://a/b", elasticsearch_url="http://a",
            redis_url="redis://a", broker_url="redis://a", secret=secret,
        )  # fmt: skip
        catalog = load_catalog(folder)
        schema = build_schema(catalog)
        self.cache = Remembered()
        self._documents = Documents(schema)
        self._result = result or ExecutionResult({"works": {"totalCount": 1}}, None)
        self._executor = WithResultCache(
            lambda *_: self._result,
            cast("ResultCache", self.cache),
            Footprints(schema, catalog),
            Audiences(catalog),
            seal_of(settings, catalog),
        )

    def ask(self, text: str, variables: Mapping[str, Any] | None = None, context: Context | None = None) -> Any:
        document = self._documents.prepare(text)
        found = self._executor(document, document.operation(None), variables, context or Context())
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    def key(self, text: str = PAGE, variables: Mapping[str, Any] | None = None, viewer: Viewer = ANONYMOUS) -> bytes:
        self.ask(text, variables, Context(viewer))
        return self.cache.keys[-1]


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path, {"work.yaml": WORK})


def test_variables_tell_answers_apart_and_their_order_does_not(server: Server) -> None:
    assert server.key(variables={"n": 1, "s": "a"}) == server.key(variables={"s": "a", "n": 1})
    several = [None, {"n": 1}, {"n": 2}, {"n": None}, {"s": "1"}, {"n": 1, "s": "a"}]
    assert len({server.key(variables=one) for one in several}) == len(several)


def test_what_is_no_variable_of_the_operation_does_not_count(server: Server) -> None:
    assert server.key(variables={"n": 1, "unknown": 5}) == server.key(variables={"n": 1})


def test_roles_tell_answers_apart_and_names_do_not(server: Server) -> None:
    other = Viewer("bob", EDITOR.roles, "TOKEN")
    assert server.key(viewer=EDITOR) == server.key(viewer=other)
    assert server.key(viewer=EDITOR) != server.key()


def test_where_a_rule_asks_who_the_viewer_is_each_has_answers_of_their_own(tmp_path: Path) -> None:
    server = Server(tmp_path, {"work.yaml": WORK + OWN})
    others = [Viewer("bob", EDITOR.roles, "TOKEN"), Viewer("eve", EDITOR.roles, "JWT", {"org": "tate"})]
    assert len({server.key(viewer=one) for one in (EDITOR, *others)}) == 3


def test_other_collection_files_and_other_secrets_have_other_answers(tmp_path: Path) -> None:
    first = Server(tmp_path, {"work.yaml": WORK}).key()
    assert Server(tmp_path, {"work.yaml": WORK}).key() == first
    assert Server(tmp_path, {"work.yaml": WORK}, secret="t" * 16).key() != first
    assert Server(tmp_path, {"work.yaml": WORK + OWN}).key() != first


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ('{ work(key: "a") { number } }', Context()),
        ("{ viewer { id } works { totalCount } }", Context()),
        ("{ works { totalCount } }", Context(trace=Trace())),
    ],
)
def test_look_ups_and_what_is_explained_or_reads_more_is_not_remembered(
    server: Server, text: str, context: Context
) -> None:
    server.ask(text, context=context)
    assert server.cache.keys == []


def test_variables_that_are_no_plain_json_are_not_remembered(server: Server) -> None:
    server.ask(PAGE, {"s": "\ud800"})
    assert server.cache.keys == []


def test_an_answer_is_kept_as_it_is_sent(server: Server) -> None:
    assert orjson.dumps(server.ask(PAGE).data) == b'{"works":{"totalCount":1}}'
    assert server.cache.kept == [b'{"works":{"totalCount":1}}']


def test_errors_are_not_kept(tmp_path: Path) -> None:
    server = Server(tmp_path, {"work.yaml": WORK}, result=ExecutionResult({"works": None}, [GraphQLError("away")]))
    server.ask(PAGE)
    assert server.cache.kept == [None]


def test_what_has_looked_at_the_clock_is_never_kept(server: Server) -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.in_zone(UTC).now.year == 2026
    server.ask(PAGE, context=Context(clock=clock))
    assert server.cache.kept == [VOLATILE]
