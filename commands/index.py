"""`catalograph index`: how the index stands, and building it anew."""

import time
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from commands.choosing import chosen
from config import Settings
from errors import SearchUnavailable
from indexing.rebuild import rebuild
from indexing.server import SearchRefused
from indexing.services import Services, open_services
from models.collections.properties import Collection
from models.deadletters import count_dead_letters
from models.outbox import backlog
from models.records import count_records
from models.states import read_states


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
        return f"? ({error.code})"


async def run_rebuild(settings: Settings, name: str | None) -> None:
    """Rebuild one collection's index, or all."""
    async with open_services(settings) as services:
        for collection in [chosen(services.catalog, name)] if name else list(services.catalog):
            await _rebuild(services, collection)


async def _rebuild(services: Services, collection: Collection) -> None:
    began = time.monotonic()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"rebuild {collection.name}", total=None)
        built = await rebuild(
            services, collection, lambda done, total: bar.update(task, completed=done, total=max(total, done))
        )
    seconds = time.monotonic() - began
    rate = built.indexed / max(seconds, 0.001)
    print(f"{collection.name}: {built.indexed:,} records in {built.index} in {seconds:.1f} s ({rate:,.0f}/s)")
    for outcome in built.refused:
        print(f"{collection.name}: record {outcome.record_id} was refused: {outcome.reason}")
