"""Whatever dies, hangs, is emptied or overflows while clients write: both stores end with what was acknowledged."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.breaking import Breaker
from tests.faults.checking import check
from tests.faults.clients import MAKERS, Writer
from tests.faults.importing import import_pages, pages
from tests.faults.ledger import Ledger
from tests.running import System, running

FAULTS = int(os.environ.get("FAULTS", "12"))
SEED = os.environ.get("FAULTS_SEED", "1")
ROUND = 30
"""Faults after which both stores are looked at."""
WRITERS = 4
KEYS = 60


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A system of the test's own, since it is broken on purpose."""
    with running(tmp_path / "data", Path(__file__).parent / "collections", lasting=True) as started:
        yield started


@pytest.mark.timeout(FAULTS * 15 + 400)
def test_nothing_that_was_acknowledged_is_lost_undone_or_stale(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`FAULTS=300 FAULTS_SEED=7` makes it long, and another one; the seed decides what is written and what breaks."""
    writers = [Writer(system, "Work", f"w{number}-", KEYS, f"{SEED} w{number}") for number in range(WRITERS)]
    writers.append(Writer(system, "Maker", "m", MAKERS, f"{SEED} m"))

    def note(text: str) -> None:
        with capsys.disabled():
            if FAULTS > ROUND:
                sys.stdout.write(f"{text}\n")

    for number, begin in enumerate(range(0, FAULTS, ROUND)):
        faults = Breaker(system, f"{SEED} {number}").run(min(ROUND, FAULTS - begin), note)
        asyncio.run(_round(writers, faults, import_pages(system, tmp_path, number)))
        imported = {key: page for part in range(number + 1) for key, page in pages(part).items()}
        check(system, {"Work": _all(writers[:-1]), "Maker": writers[-1].ledger}, imported)
    written = sum(writer.ledger.writes for writer in writers)
    doubts = sum(writer.ledger.doubts for writer in writers)
    note(f"seed {SEED}: {written} writes, {doubts} of them cut off")
    assert written > FAULTS * 10


async def _round(
    writers: list[Writer], faults: Coroutine[Any, Any, None], importing: Coroutine[Any, Any, None]
) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(importing)
        for writer in writers:
            writer.connect()
            group.create_task(writer.run(stop))
        try:
            await faults
        finally:
            stop.set()
    for writer in writers:
        await writer.close()


def _all(writers: list[Writer]) -> Ledger:
    return Ledger({key: state for writer in writers for key, state in writer.ledger.states.items()})
