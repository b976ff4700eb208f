"""Measures what documents that were used once leave behind in the memory of the process."""

import asyncio
import os

from graphql import ExecutionResult

from benchmarks.executing import ROOT, Links, schema_of_records
from benchmarks.measures import Measure
from benchmarks.processes import resident_mb
from schema.endpoint.documents import Documents
from schema.endpoint.execution import CompiledExecutor

MORE_MB = 50
FIELDS = "abcdefghijkl"
FEW = {"records": ROOT["records"][:2]}


def measure_documents(count: int = 100_000) -> list[Measure]:
    """How much memory `count` different documents add, each parsed, validated, compiled and run once."""
    return asyncio.run(_measure(count))


async def _measure(count: int) -> list[Measure]:
    schema = schema_of_records()
    documents, execute = Documents(schema), CompiledExecutor(schema)
    before = 0.0
    for number in range(count):
        document = documents.prepare(_text(number))
        running = execute(document, document.operation(None), None, Links(), FEW)
        assert not isinstance(running, ExecutionResult)
        assert not (await running).errors
        before = before or resident_mb(os.getpid())
    more = resident_mb(os.getpid()) - before
    return [Measure("documents", f"memory left by {count:,} documents", more, "MB", at_most=MORE_MB)]


def _text(number: int) -> str:
    """A document of its own, in its text and in the code that is made for it."""
    some = " ".join(field for place, field in enumerate(FIELDS) if (number * 7_919 >> place) & 1)
    return f"query Q{number} {{ records {{ j {some} x{number}: a link {{ y{number}: name }} }} }}"
