"""The mutations of a collection."""

from collections.abc import Iterable
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
)

from errors import SearchUnavailable
from models.collections.names import upper_first
from models.collections.properties import Collection
from resolvers import writes
from resolvers.context import Context
from resolvers.writes import Written
from schema.info import Info
from schema.inputs import Inputs
from schema.outputs import listed, required
from schema.registry import Registry

_ID = GraphQLArgument(required(GraphQLID), description="The record's id.")
_EXPECTED = GraphQLArgument(GraphQLInt, description="Refuse with CONFLICT if the record is at another revision by now.")


class Mutations:
    """Makes the fields that write records."""

    def __init__(self, registry: Registry, inputs: Inputs) -> None:
        self._registry = registry
        self._inputs = inputs

    def fields(self, collection: Collection) -> dict[str, GraphQLField]:
        name, one = collection.name, required(self._payload(collection))
        input_ = self._inputs.record_input(collection)
        record = GraphQLArgument(required(input_), description="The new record.")
        patch = GraphQLArgument(required(self._inputs.record_patch(collection)), description="What to change.")
        several = GraphQLArgument(required(listed(input_)), description="The records, 1,000 at most.")
        wait = GraphQLArgument(
            self._registry.visibility, default_value="COMMITTED", description="What to wait for before answering."
        )

        async def create(_: Any, info: Info, input: Any, waitFor: str | None = None) -> Written:  # noqa: A002, N803
            return await _visible(info, collection, await writes.create(info.context, collection, input), waitFor)

        async def update(
            _: Any,
            info: Info,
            id: str,  # noqa: A002
            patch: Any,
            expectedRevision: int | None = None,  # noqa: N803
            waitFor: str | None = None,  # noqa: N803
        ) -> Written:
            written = await writes.update(info.context, collection, id, patch, expectedRevision)
            return await _visible(info, collection, written, waitFor)

        async def delete(
            _: Any,
            info: Info,
            id: str,  # noqa: A002
            expectedRevision: int | None = None,  # noqa: N803
            waitFor: str | None = None,  # noqa: N803
        ) -> Written:
            written = await writes.delete(info.context, collection, id, expectedRevision)
            return await _visible(info, collection, written, waitFor)

        async def restore(_: Any, info: Info, id: str) -> Written:  # noqa: A002
            return await writes.restore(info.context, collection, id)

        async def revert(
            _: Any,
            info: Info,
            id: str,  # noqa: A002
            revision: int,
            expectedRevision: int | None = None,  # noqa: N803
        ) -> Written:
            return await writes.revert(info.context, collection, id, revision, expectedRevision)

        async def upsert(_: Any, info: Info, records: Any, waitFor: str | None = None) -> list[Written]:  # noqa: N803
            written = await writes.upsert(info.context, collection, records)
            await _wait(info, collection, (one.stored for one in written), waitFor)
            return written

        change = {"id": _ID, "expectedRevision": _EXPECTED, "waitFor": wait}
        number = GraphQLArgument(required(GraphQLInt), description="The revision to go back to.")
        return {
            f"create{name}": GraphQLField(
                one, {"input": record, "waitFor": wait}, create, description=f"Make a {name}."
            ),
            f"update{name}": GraphQLField(one, {**change, "patch": patch}, update, description=f"Change a {name}."),
            f"delete{name}": GraphQLField(one, change, delete, description=f"Delete a {name}; restore brings it back."),
            f"restore{name}": GraphQLField(one, {"id": _ID}, restore, description=f"Bring a deleted {name} back."),
            f"revert{name}": GraphQLField(
                one,
                {"id": _ID, "revision": number, "expectedRevision": _EXPECTED},
                revert,
                description=f"Make a {name} what it was at an earlier revision.",
            ),
            f"upsert{upper_first(collection.plural)}": GraphQLField(
                required(listed(self._payload(collection))),
                {"records": several, "waitFor": wait},
                upsert,
                description=f"Make or change {collection.plural} by their keys; one result for each, in order.",
            ),
        }

    def _payload(self, collection: Collection) -> GraphQLObjectType:
        name = f"{collection.name}Payload"

        def fields() -> dict[str, GraphQLField]:
            return {
                "record": GraphQLField(self._registry.scalar(collection.name), description="The record as it stands."),
                "errors": GraphQLField(
                    required(listed(self._registry.user_error)), description="Why nothing was written; empty if it was."
                ),
            }

        title = f"What became of a write to {collection.plural}."
        return self._registry.once(name, lambda: GraphQLObjectType(name, fields, description=title))


async def _visible(info: Info, collection: Collection, written: Written, wanted: str | None) -> Written:
    await _wait(info, collection, (written.stored,), wanted)
    return written


async def _wait(info: Info, collection: Collection, stored: Iterable[int | None], wanted: str | None) -> None:
    """Wait until the writes are visible; that they are not in time is an error beside the committed answer."""
    if wanted != "SEARCHABLE":
        return
    ctx: Context = info.context
    try:
        await ctx.visibility.searchable(collection.name, (one for one in stored if one is not None))
    except SearchUnavailable as error:
        ctx.late_errors.append(
            GraphQLError(error.message, nodes=info.field_nodes, path=info.path.as_list(), original_error=error)
        )
