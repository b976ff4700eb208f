"""`python -m benchmarks`: measures, shows a table, writes JSON; exit status 1 if a target is missed."""

import asyncio
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.dataset import ROOT, SAMPLE, largest_dataset
from benchmarks.executing import measure_executors
from benchmarks.following import measure_following
from benchmarks.importing import measure_first_import, measure_import
from benchmarks.keeping import measure_keeping
from benchmarks.measures import Measure
from benchmarks.paging import measure_paging
from benchmarks.ranking import measure_ranking
from benchmarks.report import show, write
from benchmarks.searching import measure_search
from benchmarks.starting import measure_start
from benchmarks.system import SystemFailed, running

OUTPUT = ROOT / "build" / "bench.json"


class Part(StrEnum):
    """What can be measured by itself."""

    START = "start"
    IMPORT = "import"
    SEARCH = "search"
    KEEPING = "keeping"
    RANKING = "ranking"
    EXECUTOR = "executor"
    PAGING = "paging"
    FOLLOWING = "following"


def main(
    only: Annotated[list[Part] | None, typer.Option(help="Measure this part alone; may be repeated.")] = None,
    requests: Annotated[int, typer.Option(min=100, help="Requests of each kind and number of connections.")] = 2_000,
    output: Annotated[Path, typer.Option(help="Where the JSON goes.")] = OUTPUT,
) -> None:
    """Measure the executor, and import, search, ranking and start of systems of its own, on the Tate collection."""
    console = Console(highlight=False)
    parts = only or list(Part)
    with tempfile.TemporaryDirectory(prefix="catalograph-bench-", ignore_cleanup_errors=True) as folder:
        try:
            measures = measure_executors() if Part.EXECUTOR in parts else []
            measures += _measure(parts, requests, Path(folder), console)
        except SystemFailed as error:
            console.print(str(error), markup=False)
            sys.exit(2)
    show(measures, console)
    write(measures, output)
    console.print(f"written to {output}")
    sys.exit(any(measure.is_met is False for measure in measures))


def _measure(parts: list[Part], requests: int, folder: Path, console: Console) -> list[Measure]:
    measures = _measure_with_sample(parts, folder, console)
    dataset = largest_dataset()
    if Part.PAGING in parts:
        console.print("paging …")
        measures += measure_paging(folder / "paging", dataset, requests // 10)
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
