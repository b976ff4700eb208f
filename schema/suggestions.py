"""The field that offers what one may be typing."""

from typing import Any

from graphql import GraphQLArgument, GraphQLField, GraphQLInt, GraphQLObjectType, GraphQLString

from models.collections.properties import Collection
from resolvers.suggestions import DEFAULT_FIRST, suggestions
from schema.footprints import reads
from schema.info import Info
from schema.outputs import listed, required
from schema.registry import Registry


def suggestions_field(registry: Registry, collection: Collection) -> GraphQLField:
    """Of a collection that has properties with `suggest: true`."""

    async def resolve(_root: Any, info: Info, prefix: str, first: int | None = None) -> list[dict[str, Any]]:
        return await suggestions(info.context, collection, prefix, first)

    names = ", ".join(path.name for path in collection.suggest_paths)
    arguments = {
        "prefix": GraphQLArgument(required(GraphQLString), description="What has been typed so far."),
        "first": GraphQLArgument(GraphQLInt, default_value=DEFAULT_FIRST, description="How many, 1,000 at most."),
    }
    return GraphQLField(
        required(listed(_suggestion(registry))),
        arguments,
        resolve,
        description=f"What continues a beginning, the best first, from {names}: those that begin so, then those that "
        "have a word that does, then near misses, from the fourth letter on. Case and accents do not matter.",
        extensions=reads(collection.name, searches=True),
    )


def _suggestion(registry: Registry) -> GraphQLObjectType:
    fields = {"text": GraphQLField(required(GraphQLString), description="The value as it stands in the records.")}
    title = "What one may be typing."
    return registry.once("Suggestion", lambda: GraphQLObjectType("Suggestion", fields, description=title))
