"""What an extension imports: the names that stay. `docs/extending.md` tells what is made of them."""

import strawberry

from models.commits import Commit
from models.extending import Extension
from models.hooks import UserError, Write
from models.records import Record
from models.upserts import Outcome
from resolvers.as_viewer import AsViewer, as_viewer
from resolvers.context import Context
from resolvers.nodes import Node
from resolvers.tasks import Asked
from resolvers.writes import Written
from schema.strawberry_types import reference
from tasks.extensions import Run
from tasks.store import Store

Info = strawberry.Info[Context, None]
"""What a resolver of a Strawberry type is told, if it has an argument `info` of this type."""

__all__ = [
    "AsViewer", "Asked", "Commit", "Context", "Extension", "Info", "Node", "Outcome", "Record", "Run", "Store",
    "UserError", "Write", "Written", "as_viewer", "reference",
]  # fmt: skip
