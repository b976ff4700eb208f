"""The parts of the schema that are the same for every catalog, as Strawberry types."""

from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from resolvers.context import Context
from resolvers.overview import CollectionState, overview
from schema.selection import Selection

Info = strawberry.Info[Context, None]


@strawberry.enum(description="How a viewer was recognised.")
class Via(Enum):
    SESSION = strawberry.enum_value("SESSION", description="By a session cookie.")
    TOKEN = strawberry.enum_value("TOKEN", description="By a token of this server.")
    JWT = strawberry.enum_value("JWT", description="By a token of an identity provider.")


@strawberry.enum(description="How well a collection's index follows its records.")
class Health(Enum):
    HEALTHY = strawberry.enum_value("HEALTHY", description="It follows.")
    BEHIND = strawberry.enum_value("BEHIND", description="Writes wait for long, or could not be taken.")
    UNAVAILABLE = strawberry.enum_value("UNAVAILABLE", description="It can't be searched now.")


@strawberry.type(description="Who asks.")
class Viewer:
    id: str = strawberry.field(description="The account's name.")
    username: str = strawberry.field(description="The name to show.")
    roles: list[str] = strawberry.field(description="The roles that the viewer has.")
    via: Via = strawberry.field(description="How the viewer was recognised.")


@strawberry.type(description="The state of a collection; its figures are for `admin` alone, and null for others.")
class Collection:
    name: str = strawberry.field(description="The collection's name, which is that of its type.")
    record_count: int | None = strawberry.field(description="Records in PostgreSQL.")
    indexed_count: int | None = strawberry.field(description="Records that searches see.")
    pending: int | None = strawberry.field(description="Writes that the index has yet to hear of.")
    lag_seconds: float | None = strawberry.field(description="How long the oldest of them has waited, in seconds.")
    dead_letters: int | None = strawberry.field(description="Writes and imported records that could not be taken.")
    index_generation: int | None = strawberry.field(description="Grows with every change that reaches the index.")
    health: Health | None = strawberry.field(description="Whether the index follows.")


def _collection(state: CollectionState) -> Collection:
    return Collection(
        name=state.name,
        record_count=state.record_count,
        indexed_count=state.indexed_count,
        pending=state.pending,
        lag_seconds=state.lag_seconds,
        dead_letters=state.dead_letters,
        index_generation=state.index_generation,
        health=Health(state.health) if state.health else None,
    )


@strawberry.type(description="Everything that can be read.")
class Query:
    @strawberry.field(description="Who asks; null for the anonymous.")  # type: ignore[untyped-decorator]
    def viewer(self, info: Info) -> Viewer | None:
        viewer = info.context.viewer
        if viewer.is_anonymous:
            return None
        name = viewer.id or ""
        return Viewer(id=name, username=name, roles=sorted(viewer.given_roles), via=Via(viewer.via))

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="The collections, and how well the index of each follows its records."
    )
    async def collections(self, info: Info) -> list[Collection]:
        selected = Selection.below(info._raw_info).names  # noqa: SLF001 - Strawberry has no public way to it
        figures = bool(selected - {"name", "__typename"})
        return [_collection(state) for state in await overview(info.context, figures=figures)]


def static_schema() -> GraphQLSchema:
    """The fixed part of the schema, to which the types of the collections are added."""
    schema: Any = strawberry.Schema(query=Query, config=StrawberryConfig(auto_camel_case=True))
    core: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry has no public way to its graphql-core schema
    return core
