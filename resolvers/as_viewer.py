"""Records and tasks for the code of extensions in a request: as its viewer may read, write and start them."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol

from errors import NotFound
from indexing.fields import ENVELOPE, stored
from models.collections.properties import Collection
from models.collections.source import did_you_mean
from resolvers import writes
from resolvers.context import Context
from resolvers.nodes import global_id
from resolvers.searches import Selected, search
from resolvers.tasks import run_task
from resolvers.user_errors import NOT_FOUND, UserError
from resolvers.writes import Input, Written


class HasContext(Protocol):
    """What a resolver is told of its field, by Strawberry or by graphql-core."""

    @property
    def context(self) -> Any:
        """The context of the request."""


class AsViewer:
    """What the viewer of a request may do, in the names of the API.

    Records are `Node`s, which have the whole of a record in `data`, by JSON names, what the viewer may not read too; as
    values of the record's type they are shown as any other. What was written is a `Written`, a task that was asked for
    an `Asked`. They are of no type here, since in annotations classes made by `reference` stand for theirs.

    Everything raises `NotFound` for a collection that is none.
    """

    def __init__(self, context: Context) -> None:
        self._ctx = context

    @property
    def id(self) -> str | None:
        """The viewer's name; `None` of the anonymous."""
        return self._ctx.viewer.id

    @property
    def roles(self) -> frozenset[str]:
        """The viewer's roles, `public` too."""
        return frozenset(self._ctx.viewer.roles)

    async def get(self, collection: str, keys: Iterable[str]) -> list[Any]:
        """The records with these keys, in their order, `None` for what is not there; one statement a tick."""
        name = self._collection(collection).name
        found = await self._ctx.by_key.load_many([(name, key) for key in keys])
        # Other requests may have the same data, and code of extensions may change its own.
        return [node and node._replace(data=deepcopy(node.data)) for node in found]

    async def search(self, collection: str, **arguments: Any) -> list[Any]:
        """The page of records that `search filter orderBy first after last before` ask for, as in the API.

        Values of enums are those of the JSON. Raises as a query would.
        """
        found = self._collection(collection)
        names = dict.fromkeys(prop.name for prop in found.shape.properties.values())
        selected = Selected(fields=(*map(stored, names), *ENVELOPE), nodes=True)
        return [*(await search(self._ctx, found, arguments, selected)).nodes]

    async def create(self, collection: str, given: Input) -> Any:
        """A new record; what the viewer can correct is in `errors`."""
        return await writes.create(self._ctx, self._collection(collection), given)

    async def update(self, collection: str, key: str, patch: Input, expected: int | None = None) -> Any:
        """The record with a merge patch applied, if it is at the revision `expected`."""
        id_ = await self._id(collection, key)
        found = self._collection(collection)
        return await writes.update(self._ctx, found, id_, patch, expected) if id_ else _absent(collection, key)

    async def upsert(self, collection: str, records: Sequence[Input]) -> list[Any]:
        """Make or change records by their keys, one result each."""
        return await writes.upsert(self._ctx, self._collection(collection), records)

    async def delete(self, collection: str, key: str, expected: int | None = None) -> Any:
        """Delete a record, if it is at the revision `expected`."""
        id_ = await self._id(collection, key)
        found = self._collection(collection)
        return await writes.delete(self._ctx, found, id_, expected) if id_ else _absent(collection, key)

    async def run_task(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Start a task of an extension, where the viewer is `admin`. Raises `NotFound` where there is none."""
        known = self._ctx.services.catalog.extras.tasks
        if name not in known:
            raise NotFound(f"There is no task {name!r}{did_you_mean(name, known)}.")
        return await run_task(self._ctx, name, dict(arguments or {}))

    async def _id(self, collection: str, key: str) -> str | None:
        (node,) = await self.get(collection, [key])
        return global_id(node.collection.name, node.id) if node else None

    def _collection(self, name: str) -> Collection:
        found = self._ctx.services.catalog.get(name)
        if found is None:
            raise NotFound(
                f"There is no collection {name!r}{did_you_mean(name, self._ctx.services.catalog.collections)}."
            )
        return found


def as_viewer(asking: Context | HasContext) -> AsViewer:
    """What the viewer may do who asks: given Strawberry's `info`, or what a computed field is given."""
    return AsViewer(asking if isinstance(asking, Context) else asking.context)


def _absent(collection: str, key: str) -> Written:
    return Written(errors=(UserError(NOT_FOUND, f"There is no {collection} with the key {key}."),))
