"""What a search may use of what it could: properties with rules of their own, and copies of what links lead to."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from errors import Forbidden
from models.collections.conditions import ALWAYS, NEVER, All, AnyOf, Condition, Element, Match, Not, both, either, holds
from models.collections.properties import Collection, Path
from resolvers.context import Context


def refuse_hidden(ctx: Context, paths: Iterable[Path]) -> None:
    """Raises `Forbidden` where a filter, an order or a facet uses a property that the viewer may not read."""
    for path in paths:
        if not all(map(ctx.may_see, path.steps)):
            raise Forbidden(f"{path.name} may not be read, and so not be searched by.", "Ask for a role that may.")


def may_follow(ctx: Context, path: Path) -> bool:
    """Whether the viewer may read every record that the links on the way could lead to.

    The copies of what a link leads to do not say who may read the original: where not everybody may who reads the
    record, they are taken as absent.
    """
    targets = (step.link.collection for step in path.steps if step.link)
    return all(ctx.readable.condition(ctx.services.catalog[target]) == ALWAYS for target in targets)


def readable_texts(ctx: Context, collection: Collection) -> frozenset[str] | None:
    """The full text that the viewer's search may look into; `None` for all of it."""
    known = ctx.readable.texts
    if collection.name not in known:
        known[collection.name] = _readable_texts(ctx, collection)
    return known[collection.name]


def _readable_texts(ctx: Context, collection: Collection) -> frozenset[str] | None:
    hidden = {
        path.name
        for path in collection.guarded_text_paths
        if not all(map(ctx.may_see, path.steps)) or not may_follow(ctx, path)
    }
    return frozenset(path.name for path in collection.text_paths if path.name not in hidden) if hidden else None


def paths_of(condition: Condition) -> list[Path]:
    """Every path that a condition speaks of."""
    match condition:
        case All(parts) | AnyOf(parts):
            return [path for part in parts for path in paths_of(part)]
        case Not(part):
            return paths_of(part)
        case Element(path, inner):
            return [path, *paths_of(inner)]
        case _:
            return [condition.path]


def with_absent(condition: Condition, is_absent: Callable[[Path], bool]) -> Condition:
    """`condition` as it holds for records that have nothing at the paths that `is_absent` names."""
    match condition:
        case All(parts):
            return both(*(with_absent(part, is_absent) for part in parts))
        case AnyOf(parts):
            return either(*(with_absent(part, is_absent) for part in parts))
        case Not(part):
            return Not(with_absent(part, is_absent))
        case Element(path, inner) if not is_absent(path):
            return replace(condition, condition=with_absent(inner, is_absent))
        case _ if not is_absent(condition.path):
            return condition
        case _:
            return ALWAYS if not isinstance(condition, Match) and holds(condition, {}) else NEVER
