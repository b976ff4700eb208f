"""Who may write what: the rules of a collection, those of its properties, and what the server writes by itself."""

from collections.abc import Mapping
from typing import Any

from models.collections.conditions import NEVER, holds
from models.collections.kinds import DATE, LINK
from models.collections.problems import Problem
from models.collections.properties import Collection, Shape
from models.collections.rules import reach
from resolvers.context import Context
from resolvers.inputs import changed_paths, given_paths, way_into
from resolvers.user_errors import FORBIDDEN, UserError

Input = Mapping[str, Any]


def forbidden(
    ctx: Context, collection: Collection, action: str, given: Input, *states: Mapping[str, Any]
) -> list[UserError]:
    """Why the viewer may not do `action`: the rule must hold for every state given (before and after an update)."""
    rule = reach(collection, action, ctx.viewer.subject)
    if rule == NEVER or not all(holds(rule, state) for state in states):
        return [UserError(FORBIDDEN, f"You may not {action} this {collection.name}: ask for a role that may.")]
    return forbidden_properties(ctx, collection, given)


def forbidden_properties(ctx: Context, collection: Collection, given: Input) -> list[UserError]:
    return [
        UserError(FORBIDDEN, "You may not write this property.", path)
        for path, prop in given_paths(collection.shape, given)
        if not ctx.may_set(prop)
    ]


def forbidden_changes(
    ctx: Context, collection: Collection, before: Mapping[str, Any], after: Mapping[str, Any], given: Any = None
) -> list[UserError]:
    """What would change that the viewer may not write, though `given` does not name it.

    To replace a list of objects, or to null an object, takes along what is inside.
    """
    if ctx.viewer.is_admin:
        return []
    return [
        UserError(FORBIDDEN, f"This would change {'.'.join(path)}, which you may not write.", way_into(given, path))
        for path, prop in changed_paths(collection.shape, before, after)
        if not ctx.may_set(prop)
    ]


def told(ctx: Context, shape: Shape | None, problem: Problem) -> str:
    """The message of a problem with a record, which may repeat a value, as the viewer may read it."""
    for step in problem.path:
        prop = shape.properties.get(step) if shape else None
        if prop is None:  # the position in a list, or a name in JSON
            continue
        if not ctx.may_see(prop):
            return "is not valid"
        shape = prop.shape
    return problem.message


def server_set_values(ctx: Context, collection: Collection) -> dict[str, Any]:
    """The values that the server writes when a record is made, by JSON name; what the viewer lacks is left out."""
    kinds = {prop.name: prop.kind for prop in collection.shape.properties.values() if prop.kind is not LINK}
    given = collection.access.set_on_create
    found = {name: _meant(ctx, value, only_date=kinds[name] is DATE) for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def _meant(ctx: Context, value: Any, *, only_date: bool) -> Any:
    subject, now = ctx.viewer.subject, ctx.clock.now
    match value:
        case "$viewer.id":
            return subject.id
        case "$viewer.roles":
            return sorted(subject.roles)
        case "$now":
            return (now.date() if only_date else now).isoformat()
        case str() if value.startswith("$viewer.claims."):
            return subject.claims.get(value.removeprefix("$viewer.claims."))
    return value
