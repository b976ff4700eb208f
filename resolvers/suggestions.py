"""Suggestions while one types, from what the viewer may read."""

from typing import Any

from indexing.completions import MAX_TYPED, words_of
from indexing.suggesting import SuggestQuery, has_errors
from models.collections.conditions import NEVER
from models.collections.properties import Collection
from resolvers.context import Context
from resolvers.searches import page_size

DEFAULT_FIRST = 10


async def suggestions(ctx: Context, collection: Collection, prefix: str, first: int | None) -> list[dict[str, Any]]:
    """At most `first` values that continue `prefix`, the best first; those with typing errors only if there is room.

    Raises `BadUserInput` for a `first` out of bounds.
    """
    most, _ = page_size({"first": DEFAULT_FIRST if first is None else first}, ctx.services.settings.max_first)
    words = tuple(words_of(prefix[:MAX_TYPED]))
    paths = tuple(path for path in collection.suggest_paths if all(map(ctx.may_see, path.steps)))
    scope = ctx.readable.condition(collection)
    if not words or not paths or not most or scope == NEVER:
        return []
    found = await ctx.searches.suggest(SuggestQuery(collection, paths, words, scope, most))
    texts = [one.text for one in found]
    if len(texts) < most and has_errors(words):
        near = await ctx.searches.suggest(SuggestQuery(collection, paths, words, scope, most, near=True))
        texts += [one.text for one in near if one.text not in texts]
    return [{"text": text} for text in texts[:most]]
