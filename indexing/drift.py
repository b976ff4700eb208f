"""Compares index and PostgreSQL all the time, a stretch of a collection at a time, so that drift is found unasked."""

import structlog

from indexing.services import Services
from indexing.verify import PAGE, Verified, verify_index
from models.collections.properties import Collection
from models.records import versions_after
from models.states import CollectionState, read_states, save_state

_NO_END = 2**63 - 1

log = structlog.get_logger()


async def verify_next(services: Services) -> Verified:
    """Compare the next stretch of each collection and mend what differs. One process does it at a time."""
    found = Verified()
    async with services.database.exclusive("continuous verification") as alone:
        if not alone:
            return found
        async with services.database.reading() as session:
            states = await read_states(session)
        for collection in services.catalog:
            state = states.get(collection.name)
            if state and state.index_name and state.fingerprint == services.fingerprints[collection.name]:
                found += await _stretch(services, collection, state)
    return found


async def _stretch(services: Services, collection: Collection, state: CollectionState) -> Verified:
    after = state.verified_until
    async with services.database.reading() as session:
        ids = await versions_after(session, collection.name, after, PAGE)
    # At the end of the collection, it begins again.
    last = max(ids) if len(ids) == PAGE else None
    stretch = (after, last or _NO_END)
    found = await verify_index(services, collection, str(state.index_name), repair=True, stretch=stretch)
    if found.differences:
        log.error("index_mended", collection=collection.name, **found.as_counts())
    async with services.database.writing() as session:
        await save_state(session, collection.name, verified_until=last or 0)
    return found
