"""`catalograph index`: how the index stands, comparing it with PostgreSQL, and building it anew."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from commands.choosing import chosen
from config import Settings
from errors import SearchUnavailable
from indexing.bulk import Outcome
from indexing.mappings import mapping_changes, mapping_of
from indexing.rebuild import rebuild
from indexing.server import SearchRefused
from indexing.services import Services, open_services
from indexing.verify import verify
from models.collections.properties import Collection
from models.deadletters import count_dead_letters
from models.outbox import backlog
from models.records import count_records
from models.states import read_state, read_states


async def run_status(settings: Settings) -> None:
    """A line for each collection: what PostgreSQL has, what searches see, what waits."""
    table = Table("collection", "records", "indexed", "pending", "lag s", "dead letters", "generation", "index")
    async with open_services(settings) as services:
        async with services.database.reading() as session:
            records, waiting = await count_records(session), await backlog(session)
            letters, states = await count_dead_letters(session), await read_states(session)
        for collection in services.catalog:
            name = collection.name
            behind, state = waiting.get(name), states.get(name)
            table.add_row(
                name,
                f"{records.get(name, 0):,}",
                await _indexed(services, name),
                f"{behind.pending:,}" if behind else "0",
                f"{(datetime.now(UTC) - behind.oldest).total_seconds():.1f}" if behind else "0",
                f"{letters.get(name, 0):,}",
                str(state.generation if state else 0),
                (state.index_name if state else None) or "none",
            )
    Console(width=None if Console().is_terminal else 200).print(table)


async def _indexed(services: Services, name: str) -> str:
    try:
        return f"{await services.indexes.count(name):,}"
    except (SearchUnavailable, SearchRefused) as error:
        return "none" if isinstance(error, SearchRefused) and error.status == 404 else f"? ({error.code})"


async def run_compare(settings: Settings, name: str | None) -> None:
    """What a rebuild would change: the mapping of the index against what the collection file asks for now."""
    async with open_services(settings) as services:
        for collection in _chosen(services, name):
            async with services.database.reading() as session:
                state = await read_state(session, collection.name)
            known = await services.indexes.mapping(state.index_name) if state.index_name else {}
            wanted = mapping_of(collection)
            lines = list(mapping_changes(known, wanted))
            same = state.fingerprint == services.fingerprints[collection.name]
            consequence = "nothing to do" if same else "a worker rebuilds it when it starts; it serves meanwhile"
            print(f"{collection.name}: {len(lines)} differences; {consequence}")
            for line in lines:
                print(f"  {line}")


async def run_rebuild(settings: Settings, name: str | None) -> int:
    """Rebuild one collection's index, or all; the exit status."""
    refused = 0
    async with open_services(settings) as services:
        for collection in _chosen(services, name):
            refused += await _rebuild(services, collection)
    return 1 if refused else 0


async def run_verify(settings: Settings, name: str | None, *, repair: bool) -> int:
    """Compare one collection's index with PostgreSQL, or all; the exit status."""
    left = 0
    async with open_services(settings) as services:
        for collection in _chosen(services, name):
            began = time.monotonic()
            with _bar(f"verify {collection.name}") as progress:
                found = await verify(services, collection, repair=repair, progress=progress)
            left += found.differences - found.repaired
            print(
                f"{collection.name}: {found.missing:,} missing, {found.stale:,} stale, {found.extra:,} extra,"
                f" {found.repaired:,} repaired in {time.monotonic() - began:.1f} s"
            )
    return 1 if left else 0


async def _rebuild(services: Services, collection: Collection) -> int:
    began = time.monotonic()

    def refused(outcome: Outcome, key: str | None) -> None:
        name = f"record {outcome.record_id}" if key is None else f"{key!r}"
        print(f"{collection.name}: {name} was refused: {outcome.reason}")

    with _bar(f"rebuild {collection.name}") as progress:
        built = await rebuild(services, collection, progress, refused)
    seconds = time.monotonic() - began
    rate = built.indexed / max(seconds, 0.001)
    print(f"{collection.name}: {built.indexed:,} records in {built.index} in {seconds:.1f} s ({rate:,.0f}/s)")
    return max(built.refused, built.left)


def _chosen(services: Services, name: str | None) -> list[Collection]:
    return [chosen(services.catalog, name)] if name else list(services.catalog)


@contextmanager
def _bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; takes the number of records done and that of all."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(total, done))
