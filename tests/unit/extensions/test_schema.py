"""What extensions add to the schema, asked as a client does: by the compiled executor and by graphql-core."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, print_schema

from indexing.fields import ENVELOPE
from models.collections.loading import Catalog
from resolvers.context import Context
from resolvers.nodes import Node
from resolvers.viewer import ANONYMOUS, TOKEN, Viewer
from schema.build import build_schema as build
from schema.connections import source_fields
from schema.endpoint import CompiledExecutor, Documents
from schema.endpoint.execution import CoreExecutor
from schema.errors import Stage, public_errors
from schema.footprints import Footprints
from schema.selection import Selection
from tests.unit.extensions.modules import extended
from tests.unit.schema.test_sdl import bare

EXECUTORS = [CompiledExecutor, CoreExecutor]
EDITOR = Viewer("ed", frozenset({"public", "authenticated", "editor"}), TOKEN)
CODE = '''
from datetime import date, datetime, timedelta, timezone
from uuid import UUID

import strawberry
from catalograph import Info, UserError, reference

calls = []

@reference
class Work: ...

@strawberry.type
class Note:
    """A note beside a work."""
    text: str
    work: Work | None = None

@strawberry.interface
class Shape:
    name: str

@strawberry.type
class Circle(Shape): ...

@strawberry.input
class Window:
    since: date
    until: datetime | None = None

@strawberry.type
class Query:
    @strawberry.field
    def made(self, info: Info, count: int) -> list[Work]:
        """Works that are nowhere."""
        return info.context.made[:count]

    @strawberry.field
    def days(self, window: Window, ids: list[UUID]) -> str:
        assert all(isinstance(one, UUID) for one in ids)
        assert window.until is None or isinstance(window.until, datetime)
        return (window.since + timedelta(days=1)).isoformat()

    @strawberry.field
    def refused(self, info: Info) -> list[Shape]:
        if info.context.viewer.id is None:
            raise UserError("Say who you are.")
        return [Circle(name=type(info.schema).__name__)]

    @strawberry.field
    async def moments(self) -> list[datetime | None]:
        return [datetime(2026, 1, 2, 3, tzinfo=timezone.utc), None]

@strawberry.type
class Mutation:
    @strawberry.mutation
    def touch(self) -> bool:
        return True

@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, at: date) -> int:
        yield at.day

def extend(catalog):
    catalog.query(Query)
    catalog.mutation(Mutation)
    catalog.subscription(Subscription)
    catalog.type(Circle)

    @catalog.computed("Work", needs=["title", "year"], returns=str, pure=True)
    def full_title(records):
        """Title and year."""
        calls.append([(record.key, dict(record.data)) for record in records])
        return [f"{record.data.get('title')} ({record.data.get('year')})" for record in records]

    @catalog.computed("Work", needs=["year"], returns=Note)
    async def note(records, asking):
        return [Note(text=f"{asking.viewer.id} {record.data.get('year')}", work=asking.made[0]) for record in records]

    @catalog.computed("Work", needs=["fee"], returns=int)
    def double_fee(records):
        return [record.data["fee"] * 2 for record in records]

    @catalog.computed("Work", needs=["size"], returns=float)
    def area(records):
        return [1.5 for record in records]

    @catalog.computed("Work", needs=["year"], returns=list[int], name="failing")
    def fails(records):
        return [ValueError("no") if record.data["year"] == 1 else [record.data["year"]] for record in records]

    @catalog.computed("Work", needs=["year"], returns=int, name="short")
    def too_few(records):
        return []
'''


@dataclass(frozen=True)
class Asking(Context):
    """A context on no servers, with works that are nowhere."""

    made: list[Node] = field(default_factory=list)


@dataclass
class Asked:
    """The schema of the extension, and what it answers."""

    catalog: Catalog
    schema: GraphQLSchema
    executor: Callable[[GraphQLSchema], Any]

    def answer(self, text: str, viewer: Viewer = ANONYMOUS) -> ExecutionResult:
        document = Documents(self.schema).prepare(text)
        work = self.catalog["Work"]
        data = [{"number": str(n), "title": f"T{n}", "year": n, "fee": n} for n in range(4)]
        made = [
            Node(work, n, str(n), 1, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", one) for n, one in enumerate(data)
        ]
        nobody: Any = None
        context = Asking(nobody, viewer, "r", nobody, nobody, nobody, made=made)

        async def run() -> ExecutionResult:
            result = self.executor(self.schema)(document, document.operation(None), {}, context)
            return cast("ExecutionResult", result if isinstance(result, ExecutionResult) else await result)

        return asyncio.run(run())

    def ask(self, text: str, viewer: Viewer = ANONYMOUS) -> Any:
        result = self.answer(text, viewer)
        assert result.errors is None
        return result.data

    @property
    def calls(self) -> list[Any]:
        code = self.catalog["Work"].computed["fullTitle"].code.function
        return cast("list[Any]", code.__globals__["calls"])


@pytest.fixture(params=EXECUTORS)
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Asked:
    catalog = extended(tmp_path, CODE)
    return Asked(catalog, build(catalog), request.param)


def test_what_is_computed_of_many_records_is_computed_at_once_of_what_it_needs_alone(asked: Asked) -> None:
    found = asked.ask("{ made(count: 3) { number fullTitle } }")
    assert found["made"][1] == {"number": "1", "fullTitle": "T1 (1)"}
    (call,) = asked.calls
    assert call == [(str(n), {"title": f"T{n}", "year": n}) for n in range(3)]


def test_what_is_computed_may_be_an_object_and_may_know_who_asks(asked: Asked) -> None:
    found = asked.ask("{ made(count: 2) { note { text work { number fullTitle } } } }", EDITOR)
    assert found["made"][1]["note"] == {"text": "ed 1", "work": {"number": "0", "fullTitle": "T0 (0)"}}


def test_what_is_computed_of_what_the_viewer_may_not_read_is_null(asked: Asked) -> None:
    assert asked.ask("{ made(count: 2) { doubleFee area } }")["made"][1] == {"doubleFee": None, "area": None}
    assert asked.ask("{ made(count: 2) { doubleFee area } }", EDITOR)["made"][1] == {"doubleFee": 2, "area": 1.5}


def test_an_exception_among_the_values_is_the_error_of_its_record_alone(asked: Asked) -> None:
    result = asked.answer("{ made(count: 3) { failing } }")
    assert result.data == {"made": [{"failing": [0]}, {"failing": None}, {"failing": [2]}]}
    assert [error.path for error in result.errors or ()] == [["made", 1, "failing"]]


def test_a_function_that_gives_too_few_values_is_named(asked: Asked) -> None:
    result = asked.answer("{ made(count: 2) { number short } }")
    assert result.data == {"made": [{"number": "0", "short": None}, {"number": "1", "short": None}]}
    assert "too_few gave 0 values for 2 records" in str((result.errors or [])[0].original_error)


def test_what_an_extension_refuses_is_told_and_its_interfaces_are_resolved(asked: Asked) -> None:
    (error,) = asked.answer("{ refused { name } }").errors or []
    told = public_errors([error], "r", Stage.EXECUTION)[0]
    assert (told.message, told.extensions) == ("Say who you are.", {"code": "BAD_USER_INPUT", "requestId": "r"})
    found = asked.ask("{ refused { __typename name } }", EDITOR)
    assert found == {"refused": [{"__typename": "Circle", "name": "Schema"}]}


def test_dates_and_uuids_are_those_of_python_inside_and_text_outside(asked: Asked) -> None:
    one = '["123e4567-e89b-12d3-a456-426614174000"]'
    assert asked.ask(f'{{ days(window: {{since: "2026-02-28"}}, ids: {one}) }}') == {"days": "2026-03-01"}
    assert asked.ask(f'{{ days(window: {{since: "2026-02-28", until: "2026-01-01T00:00:00Z"}}, ids: {one}) }}')
    assert asked.ask("{ moments }") == {"moments": ["2026-01-02T03:00:00+00:00", None]}
    refused = asked.answer(f'{{ days(window: {{since: "now-1d"}}, ids: {one}) }}')
    assert "is no Date" in str(refused.errors)


def test_the_schema_tells_of_all_that_is_added_and_is_valid(asked: Asked) -> None:
    text = print_schema(asked.schema)
    build_schema(text)
    for line in ("fullTitle: String", "note: Note", "ticks(", "touch: Boolean!", "made(", "works(", "input Window"):
        assert line in text
    assert list(bare(asked.schema)) == []


@pytest.mark.parametrize(
    ("selected", "needed"),
    [
        ("fullTitle", ("data.title", "data.year", *ENVELOPE)),
        ("year note { text }", ("data.year", *ENVELOPE)),
        ("title", ("data.title",)),
        ("title revision", ("data.title", "revision")),
        ("id", ()),
    ],
)
def test_searches_ask_for_what_is_computed_of_and_nothing_else(
    asked: Asked, selected: str, needed: tuple[str, ...]
) -> None:
    document = Documents(asked.schema).prepare(f"{{ works {{ nodes {{ {selected} }} }} }}")
    works: Any = document.operation(None).node.selection_set.selections[0]
    info: Any = None
    nodes = tuple(works.selection_set.selections)
    assert sorted(source_fields(Selection(info, nodes), asked.catalog["Work"])) == sorted(needed)


@pytest.mark.parametrize(("selected", "is_known"), [("fullTitle", True), ("number", True), ("note { text }", False)])
def test_answers_with_what_depends_on_more_than_the_record_are_not_kept(
    asked: Asked, selected: str, is_known: bool
) -> None:
    document = Documents(asked.schema).prepare(f"{{ works {{ nodes {{ {selected} }} }} }}")
    found = Footprints(asked.schema, asked.catalog).of(document, document.operation(None))
    assert (found is not None) is is_known


def test_without_tasks_there_is_no_field_to_start_one(tmp_path: Path) -> None:
    assert "runTask" not in print_schema(build(extended(tmp_path, "def extend(catalog): pass")))
    code = "def extend(catalog):\n    @catalog.task()\n    async def tidy_up(run): ..."
    assert "runTask(" in print_schema(build(extended(tmp_path, code)))
