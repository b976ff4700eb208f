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
from schema.endpoint.costs import COUNTED_BY
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
        name = collection.name
        return {
            f"create{name}": self._create(collection),
            f"update{name}": self._update(collection),
            f"delete{name}": self._delete(collection),
            f"restore{name}": self._restore(collection),
            f"revert{name}": self._revert(collection),
            f"upsert{upper_first(collection.plural)}": self._upsert(collection),
        }

    def _create(self, collection: Collection) -> GraphQLField:
        async def create(_: Any, info: Info, input: Any, waitFor: str | None = None) -> Written:  # noqa: A002, N803
            return await _visible(info, collection, await writes.create(info.context, collection, input), waitFor)

        record = required(self._inputs.record_input(collection))
        arguments = {"input": GraphQLArgument(record, description="The new record."), "waitFor": self._wait_for()}
        return self._field(collection, arguments, create, f"Make a {collection.name}.")

    def _update(self, collection: Collection) -> GraphQLField:
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

        patch = GraphQLArgument(required(self._inputs.record_patch(collection)), description="What to change.")
        return self._field(collection, {**self._change(), "patch": patch}, update, f"Change a {collection.name}.")

    def _delete(self, collection: Collection) -> GraphQLField:
        async def delete(
            _: Any,
            info: Info,
            id: str,  # noqa: A002
            expectedRevision: int | None = None,  # noqa: N803
            waitFor: str | None = None,  # noqa: N803
        ) -> Written:
            written = await writes.delete(info.context, collection, id, expectedRevision)
            return await _visible(info, collection, written, waitFor)

        return self._field(collection, self._change(), delete, f"Delete a {collection.name}; restore brings it back.")

    def _restore(self, collection: Collection) -> GraphQLField:
        async def restore(_: Any, info: Info, id: str) -> Written:  # noqa: A002
            return await writes.restore(info.context, collection, id)

        return self._field(collection, {"id": _ID}, restore, f"Bring a deleted {collection.name} back.")

    def _revert(self, collection: Collection) -> GraphQLField:
        async def revert(
            _: Any,
            info: Info,
            id: str,  # noqa: A002
            revision: int,
            expectedRevision: int | None = None,  # noqa: N803
        ) -> Written:
            return await writes.revert(info.context, collection, id, revision, expectedRevision)

        number = GraphQLArgument(required(GraphQLInt), description="The revision to go back to.")
        arguments = {"id": _ID, "revision": number, "expectedRevision": _EXPECTED}
        return self._field(
            collection, arguments, revert, f"Make a {collection.name} what it was at an earlier revision."
        )

    def _upsert(self, collection: Collection) -> GraphQLField:
        async def upsert(_: Any, info: Info, records: Any, waitFor: str | None = None) -> list[Written]:  # noqa: N803
            written = await writes.upsert(info.context, collection, records)
            await _wait(info, collection, (one.stored for one in written), waitFor)
            return written

        records = required(listed(self._inputs.record_input(collection)))
        several = GraphQLArgument(records, description="The records, 1,000 at most.")
        return GraphQLField(
            required(listed(self._payload(collection))),
            {"records": several, "waitFor": self._wait_for()},
            upsert,
            description=f"Make or change {collection.plural} by their keys; one result for each, in order.",
            extensions={COUNTED_BY: "records"},
        )

    def _field(
        self, collection: Collection, arguments: dict[str, GraphQLArgument], resolve: Any, description: str
    ) -> GraphQLField:
        """A field that answers with what became of one record."""
        return GraphQLField(required(self._payload(collection)), arguments, resolve, description=description)

    def _change(self) -> dict[str, GraphQLArgument]:
        return {"id": _ID, "expectedRevision": _EXPECTED, "waitFor": self._wait_for()}

    def _wait_for(self) -> GraphQLArgument:
        return GraphQLArgument(
            self._registry.visibility, default_value="COMMITTED", description="What to wait for before answering."
        )

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
