"""`catalograph explain`: what each root field of a query does, and the requests that are sent to the stores."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLSchema, OperationType

from config import Settings
from errors import BadUserInput
from indexing.services import Services, open_services
from indexing.waiting import Visibility
from models.collections.access import AUTHENTICATED, PUBLIC
from models.tracing import POSTGRESQL, Sent, Trace
from resolvers.context import Context
from resolvers.viewer import TOKEN, Viewer
from schema.build import build_schema
from schema.endpoint.documents import Document, DocumentLimits, Documents, Operation
from schema.endpoint.execution import CoreExecutor
from schema.endpoint.parsing import DocumentRefused
from schema.root_fields import RootField, root_fields
from tasks.desk import TaskDesk
from tasks.nudging import Nudges

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([\w.]+)", re.IGNORECASE)


async def run_explain(
    settings: Settings, operation: str, variables: str, name: str | None, roles: Sequence[str]
) -> int:
    """Run a query as a viewer with these roles and print how; the exit status is 1 if its answer has errors."""
    async with open_services(settings) as services:
        schema = build_schema(services.catalog)
        document = _prepared(Documents(schema, DocumentLimits.of(settings)), _text(operation))
        chosen = document.operation(name)
        if chosen.type is not OperationType.QUERY:
            raise BadUserInput(
                f"A {chosen.type.value} is not run to explain it.", "Send it with the header X-Catalograph-Explain."
            )
        run = _Run(services, schema, Viewer("explain", frozenset({*roles, PUBLIC, AUTHENTICATED}), TOKEN))
        return await _explain(run, document, chosen, _variables(variables))


def _prepared(documents: Documents, text: str) -> Document:
    try:
        return documents.prepare(text)
    except DocumentRefused as error:
        raise BadUserInput("\n".join(str(one) for one in error.errors)) from error


def _text(given: str) -> str:
    """The operation itself, which has braces, or what the file of that name holds."""
    if "{" in given:
        return given
    path = Path(given)
    if not path.is_file():
        raise BadUserInput(f"{given} is neither a file nor an operation.", "Write a file's name, or '{ … }'.")
    return path.read_text()


def _variables(given: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_text(given))
    except orjson.JSONDecodeError as error:
        raise BadUserInput(f"--variables is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise BadUserInput("--variables must be a JSON object.", """Write '{"name": "value"}'.""")
    return found


class _Run:
    """Runs operations, each in a request of its own, and keeps what they sent."""

    def __init__(self, services: Services, schema: GraphQLSchema, viewer: Viewer) -> None:
        self.schema = schema
        self._services = services
        self._viewer = viewer
        self._execute = CoreExecutor(schema)

    async def __call__(
        self, document: Document, operation: Operation, variables: dict[str, Any]
    ) -> tuple[ExecutionResult, Trace]:
        trace = Trace()
        services = self._services.traced(trace)
        tasks = TaskDesk.open(services)
        nudges, visibility = Nudges(tasks.app, tasks.changes), Visibility(services)
        context = Context(services, self._viewer, "explain", nudges, visibility, tasks, trace=trace)
        result = self._execute(document, operation, variables, context)
        return (result if isinstance(result, ExecutionResult) else await result), trace


async def _explain(run: _Run, document: Document, operation: Operation, variables: dict[str, Any]) -> int:
    result, trace = await run(document, operation, variables)
    fields = root_fields(run.schema, document, operation, variables)
    plans = [(one, (await run(one.document, one.operation, variables))[1]) for one in fields]
    print("\n".join(_plan(plans, trace)))
    for number, sent in enumerate(trace, 1):
        print(f"\n{number}. {_head(sent)}\n{_body(sent)}")
    for error in result.errors or ():
        print(f"\nerror: {error}")
    return 1 if result.errors else 0


def _plan(plans: Sequence[tuple[RootField, Trace]], together: Trace) -> Iterator[str]:
    yield "Plan"
    for field, trace in plans:
        yield f"  {field.name} ({field.type}): {_steps(trace)}"
    yield f"  together: {_steps(together)}"


def _steps(trace: Trace) -> str:
    return ", then ".join(map(_brief, trace)) or "asks no store"


def _brief(sent: Sent) -> str:
    if sent.store == POSTGRESQL:
        statement = sent.request["statement"]
        table = _TABLE.search(statement)
        return f"{statement.split(None, 1)[0]} {table[1] if table else ''}".strip()
    body = sent.request["body"]
    searches = f" with {len(body) // 2} searches" if isinstance(body, list) else ""
    return f"{sent.request['method']} {sent.request['path'].partition('?')[0]}{searches}"


def _head(sent: Sent) -> str:
    took = "" if sent.milliseconds is None else f" ({sent.milliseconds:g} ms)"
    if sent.store == POSTGRESQL:
        return f"PostgreSQL{took}"
    return f"Elasticsearch{took}: {sent.request['method']} {sent.request['path']}"


def _body(sent: Sent) -> str:
    if sent.store == POSTGRESQL:
        return f"{sent.request['statement']}\nparameters: {orjson.dumps(sent.request['parameters']).decode()}"
    body = sent.request["body"]
    if isinstance(body, list):
        return "\n".join(orjson.dumps(line).decode() for line in body)
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
