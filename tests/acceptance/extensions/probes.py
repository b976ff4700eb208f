"""An extension that does for its viewer what it is told, to see what comes of it."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from catalograph import Extension, Info, Write, as_viewer


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def probe(self, info: Info, call: str, arguments: JSON) -> JSON:
        """What a method of `as_viewer` gives, as JSON."""
        given: Any = arguments
        found = await getattr(as_viewer(info), call)(*given.get("a", []), **given.get("k", {}))
        return JSON(_shown(found))

    @strawberry.mutation
    def who(self, info: Info) -> str:
        viewer = as_viewer(info)
        return f"{viewer.id} {' '.join(sorted(viewer.roles))}"


def _shown(found: Any) -> Any:
    if isinstance(found, list):
        return [_shown(one) for one in found]
    if hasattr(found, "errors"):
        shown = getattr(found, "record", None) or getattr(found, "task", None)
        return {"shown": _shown(shown), "errors": [[error.code, *error.path] for error in found.errors]}
    return getattr(found, "key", None) or getattr(found, "name", None)


def extend(catalog: Extension) -> None:
    catalog.mutation(Mutation)

    @catalog.before_write("Book")
    def note(write: Write) -> None:
        if write.data is not None and write.operation in ("RESTORE", "REVERT"):
            write.data["pages"] = 7 if write.operation == "RESTORE" else 8
