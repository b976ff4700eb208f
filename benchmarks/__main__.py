"""`python -m benchmarks`: measures, shows a table, writes JSON; exit status 1 if a target is missed."""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.dataset import ROOT, SAMPLE, largest_dataset
from benchmarks.documents import measure_documents
from benchmarks.executing import measure_executors
from benchmarks.following import measure_following
from benchmarks.importing import measure_first_import, measure_import
from benchmarks.keeping import measure_keeping
from benchmarks.measures import Measure
from benchmarks.paging import measure_paging
from benchmarks.ranking import measure_ranking
from benchmarks.report import show, write
from benchmarks.searching import measure_search
from benchmarks.speed.chart import chart
from benchmarks.speed.comparing import measure_speed
from benchmarks.speed.soaking import measure_soak
from benchmarks.starting import measure_start
from benchmarks.suggesting import measure_suggesting
from benchmarks.system import System, SystemFailed, loaded, running

OUTPUT = ROOT / "build" / "bench.json"
CHART = ROOT / "docs" / "speed.svg"


class Part(StrEnum):
    """What can be measured by itself."""

    START = "start"
    IMPORT = "import"
    SEARCH = "search"
    KEEPING = "keeping"
    RANKING = "ranking"
    EXECUTOR = "executor"
    DOCUMENTS = "documents"
    PAGING = "paging"
    SUGGESTING = "suggesting"
    FOLLOWING = "following"
    SPEED = "speed"
    SOAK = "soak"


def main(
    only: Annotated[list[Part] | None, typer.Option(help="Measure this part alone; may be repeated.")] = None,
    requests: Annotated[int, typer.Option(min=100, help="Requests of each kind and number of connections.")] = 2_000,
    output: Annotated[Path, typer.Option(help="Where the JSON goes.")] = OUTPUT,
    picture: Annotated[Path, typer.Option(help="Where the chart of `speed` goes.")] = CHART,
    data: Annotated[Path | None, typer.Option(help="Folder of a loaded system for `speed` and `soak`; kept.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long `soak` takes.")] = 30.0,
) -> None:
    """Measure on the Tate collection, with systems of its own: all but `soak`, or the parts that `--only` names."""
    console = Console(highlight=False)
    parts = only or [part for part in Part if part is not Part.SOAK]
    with tempfile.TemporaryDirectory(prefix="catalograph-bench-", ignore_cleanup_errors=True) as folder:
        try:
            measures = measure_executors() if Part.EXECUTOR in parts else []
            measures += measure_documents() if Part.DOCUMENTS in parts else []
            measures += _measure(parts, requests, Path(folder), console)
            full = data or Path(folder) / "full"
            if Part.SPEED in parts:
                console.print("comparing servers …")
                measures += _on_loaded(full, lambda system: measure_speed(system, requests))
            if Part.SOAK in parts:
                console.print(f"keeping the server busy for {minutes:g} minutes …")
                measures += _on_loaded(full, lambda system: measure_soak(system, minutes))
        except SystemFailed as error:
            console.print(str(error), markup=False)
            sys.exit(2)
    show(measures, console)
    write(measures, output)
    console.print(f"written to {output}")
    if Part.SPEED in parts:
        picture.write_text(chart(measures))
    sys.exit(any(measure.is_met is False for measure in measures))


def _measure(parts: list[Part], requests: int, folder: Path, console: Console) -> list[Measure]:
    measures = _measure_with_sample(parts, folder, console)
    dataset = largest_dataset()
    if Part.PAGING in parts:
        console.print("paging …")
        measures += measure_paging(folder / "paging", dataset, requests // 10)
    if Part.SUGGESTING in parts:
        console.print("suggesting …")
        with running(folder / "suggesting", dataset.load) as system:
            measures += measure_suggesting(system, dataset)
    if not {Part.IMPORT, Part.SEARCH, Part.KEEPING} & set(parts):
        return measures
    if not dataset.whole:
        console.print("Tate's whole collection is not beside the checkout: measuring with the sample, which is small.")
    if Part.IMPORT in parts:
        console.print("importing into a system that was just started …")
        with running(folder / "first") as system:
            measures += measure_first_import(system, dataset)
    with running(folder / "full") as system:
        console.print("importing …")
        imported = asyncio.run(measure_import(system, dataset))
        measures += imported if Part.IMPORT in parts else []
        if Part.SEARCH in parts:
            console.print("searching …")
            measures += asyncio.run(measure_search(system, requests))
        if Part.KEEPING in parts:
            console.print("rebuilding, writing, comparing …")
            measures += asyncio.run(measure_keeping(system, dataset))
    return measures


def _on_loaded(data: Path, measure: Callable[[System], Coroutine[Any, Any, list[Measure]]]) -> list[Measure]:
    """Measure on a system with the whole collection."""
    with loaded(data, largest_dataset().load) as system:
        return asyncio.run(measure(system))


def _measure_with_sample(parts: list[Part], folder: Path, console: Console) -> list[Measure]:
    measures: list[Measure] = []
    if Part.START in parts:
        console.print("starting a system with the sample, twice …")
        measures += measure_start(folder / "start")
    if Part.RANKING in parts:
        console.print("judging the ranking …")
        judged = measure_ranking(folder / "ranking")
        if not judged:
            console.print("No data set to judge the ranking with is beside the checkout.")
        measures += judged
    if Part.FOLLOWING in parts:
        console.print("following tasks …")
        with running(folder / "following", SAMPLE.load) as system:
            measures += asyncio.run(measure_following(system))
    return measures


if __name__ == "__main__":
    typer.run(main)
