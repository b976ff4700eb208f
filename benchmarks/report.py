"""Shows what was measured, as a table and as a JSON file."""

import os
import platform
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.measures import Measure

_MARKS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}


def show(measures: Sequence[Measure], console: Console) -> None:
    """A table for each part."""
    for part, several in groupby(measures, lambda measure: measure.part):
        table = Table(title=part, title_justify="left", title_style="bold")
        for name, side in (("what", "left"), ("measured", "right"), ("", "left"), ("target", "right"), ("", "left")):
            table.add_column(name, justify="right" if side == "right" else "left")
        for measure in several:
            table.add_row(measure.name, _number(measure.value), measure.unit, _target(measure), _MARKS[measure.is_met])
        console.print(table)


def write(measures: Iterable[Measure], path: Path) -> None:
    """The same as JSON, with what is to be known of the machine."""
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine, "measures": [measure.as_json() for measure in measures]}
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def _target(measure: Measure) -> str:
    if measure.at_most is not None:
        return f"≤ {_number(measure.at_most)}"
    return f"≥ {_number(measure.at_least)}" if measure.at_least is not None else ""
