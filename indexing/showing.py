"""Makes changes visible to search, and counts the generations of the collections by what is."""

from collections.abc import Collection as Several

from indexing.services import Services
from models.states import note_seen, unseen_changes


async def show_changes(services: Services, collections: Several[str] = ()) -> dict[str, int]:
    """Refresh what has unseen changes, and note up to which change searches see; the new generations.

    Of `collections` only, where any are given; these are refreshed in any case. Raises `SearchUnavailable`.
    """
    async with services.database.reading() as session:
        # Read before the refresh: a change that is counted meanwhile may not be in it.
        unseen = {name: count for name, count in (await unseen_changes(session)).items() if services.catalog.get(name)}
    if collections:
        unseen = {name: count for name, count in unseen.items() if name in collections}
    await services.indexes.refresh_serving(collections or unseen)
    if unseen:
        async with services.database.writing() as writing:
            await note_seen(writing, unseen)
    return unseen
