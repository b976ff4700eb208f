"""`catalograph import`: a file into a collection, with progress, and a line for each record that can't be taken."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from commands.choosing import chosen
from config import Settings
from errors import SearchUnavailable
from indexing.preparing import prepare_index
from indexing.services import Services, open_services
from models.collections.properties import Collection
from models.imports import ImportReport, LineProblem, import_records
from models.lines import Limits
from models.outbox import backlog
from tasks.desk import TaskDesk
from tasks.nudging import Nudges

STALLED_SECONDS = 120
POLL_SECONDS = (0.05, 1.0)
RECORDS_A_SECOND = 10_000
"""More than any index takes, so that nobody looks long after the last record."""


async def run_import(settings: Settings, name: str, file: str, *, wait: bool) -> int:
    """The exit status: 0 if every line went in, else 1."""
    async with open_services(settings) as services:
        collection = chosen(services.catalog, name)
        source: Path | BinaryIO = sys.stdin.buffer if file == "-" else Path(file)
        desk = TaskDesk.open(services)
        nudges = Nudges(desk.app, desk.changes)
        began = time.monotonic()
        with _Shown(name, lambda: asyncio.ensure_future(nudges.index())) as shown:
            report = await import_records(
                services.database,
                collection,
                source,
                name=file,
                limits=Limits(line=settings.max_line),
                on_problem=shown.problem,
                on_progress=shown.progress,
                by="import",
            )
        await nudges.index()
        await nudges.close()
        await desk.close()
        _summary(name, report, time.monotonic() - began)
        if wait:
            await _until_searchable(services, collection)
        return 0 if report.is_clean else 1


class _Shown:
    """Shows an import while it runs: a bar on a terminal, bad lines on standard error everywhere."""

    def __init__(self, name: str, nudge: Callable[[], object]) -> None:
        self._nudge = nudge
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._name = name
        self._task: TaskID | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, report: ImportReport) -> None:
        if self._task is None:
            self._task = self._bar.add_task(f"import {self._name}", total=report.size, rate="")
        rate = report.done / max(time.monotonic() - self._began, 0.001)
        self._bar.update(self._task, completed=report.position, rate=f"{report.done:,} records, {rate:,.0f}/s")
        self._nudge()

    def problem(self, problem: LineProblem) -> None:
        self._bar.console.print(str(problem), markup=False)


def _summary(name: str, report: ImportReport, seconds: float) -> None:
    counts = f"{report.created:,} created, {report.updated:,} updated, {report.unchanged:,} unchanged"
    rate = report.done / max(seconds, 0.001)
    print(f"{name}: {counts}, {report.failed:,} refused in {seconds:.1f} s ({rate:,.0f}/s)", flush=True)
    if report.broken:
        print(f"{name}: the file is broken: {report.broken}", flush=True)


async def _until_searchable(services: Services, collection: Collection) -> None:
    """Return when searches see everything, what links to the records too.

    Raises `IndexRefused` for a collection file of which no index can be made, and `SearchUnavailable` if the index
    makes no headway for long.
    """
    names = {collection.name, *(link.collection for link in services.link_paths.get(collection.name, ()))}
    for name in names:
        await prepare_index(services, services.catalog[name])
    last, moved = -1, time.monotonic()
    while pending := await _pending(services, names):
        if pending != last:
            last, moved = pending, time.monotonic()
        elif time.monotonic() - moved > STALLED_SECONDS:
            raise SearchUnavailable(f"{pending:,} records wait to be indexed and nothing moves.", "Is a worker up?")
        await asyncio.sleep(_pause(pending))
    await services.indexes.refresh_serving(names)


def _pause(pending: int) -> float:
    """Seconds until to look again: to count what waits takes PostgreSQL the longer the more there is."""
    shortest, longest = POLL_SECONDS
    return min(max(pending / RECORDS_A_SECOND, shortest), longest)


async def _pending(services: Services, names: set[str]) -> int:
    async with services.database.reading() as session:
        waiting = await backlog(session)
    return sum(one.pending for name, one in waiting.items() if name in names)
