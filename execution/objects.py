"""The fields of an object one after the other, and those that are awaited together."""

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from graphql.pyutils import Path, gather_with_cancel, is_awaitable

if TYPE_CHECKING:
    from execution.fields import FieldPlan
    from execution.run import Run


def execute_fields(fields: "Sequence[FieldPlan]", run: "Run", source: Any, path: Path | None) -> Any:
    """The answers of all fields of an object, or an awaitable of them."""
    results: dict[str, Any] = {}
    waiting: list[str] = []
    try:
        for field in fields:
            key = field.key
            results[key] = value = field.execute(run, source, path)
            if is_awaitable(value):
                waiting.append(key)
    except Exception:
        run.abandon(results, waiting)
        raise
    return later(results, waiting) if waiting else results


async def later(results: Any, waiting: Sequence[Any], loading: Sequence[Awaitable[Any]] = ()) -> Any:
    """`results`, a mapping or a list, once what is waited for under these keys is in it, and what is `loading`."""
    if len(waiting) == 1 and not loading:
        results[waiting[0]] = await results[waiting[0]]
        return results
    awaitables: list[Awaitable[Any]] = [*(results[key] for key in waiting), *loading]
    for key, value in zip(waiting, await gather_with_cancel(*awaitables), strict=False):
        results[key] = value
    return results
