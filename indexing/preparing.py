"""Sees to it that each collection has an index made for what its file says now."""

from indexing.indexes import fingerprint
from indexing.services import Services
from models.collections.properties import Collection
from models.links import index_links
from models.records import count_records
from models.states import read_state, save_state


async def prepare_index(services: Services, collection: Collection) -> str:
    """The index that serves the collection, made empty if there is none.

    Two processes that do this at once end with one index: the row of the collection's state decides.
    """
    async with services.database.writing() as session:
        await session.hold(f"index of {collection.name}")
        await index_links(session, services.link_paths.get(collection.name, ()))
        state = await read_state(session, collection.name)
        index = state.index_name
        if not index or not await services.indexes.exists(index):
            index = await services.indexes.create(collection, building=False)
            await save_state(session, collection.name, fingerprint=fingerprint(collection), index_name=index)
        if not await services.indexes.serves(collection.name, index):
            # A rebuild ended between the two steps of its swap.
            await services.indexes.serve(collection.name, index)
        return index


async def is_outdated(services: Services, collection: Collection) -> bool:
    """Whether the index that serves was made for another mapping than the file asks for now, and needs a rebuild.

    An index that was lost is made again, and is outdated if there are records that it lacks. A rebuild that was begun
    is to be gone on with.
    """
    async with services.database.reading() as session:
        state = await read_state(session, collection.name)
        records = (await count_records(session)).get(collection.name, 0)
    if state.index_name is None or not await services.indexes.exists(state.index_name):
        await prepare_index(services, collection)
        return records > 0
    if state.fingerprint == fingerprint(collection):
        return state.building_index is not None
    # What is written from now on has the new fields at once; what there was gets them by the rebuild.
    await services.indexes.add_fields(state.index_name, collection)
    return True
