"""What tells the events of subscriptions apart."""

from collections.abc import Hashable

from models.tasks import Task
from resolvers.changes import Changed


def event_key(event: object) -> Hashable | None:
    """The same for events that are the same for everybody with the same rights."""
    match event:
        case Task():
            return event.id, event.version
        case Changed():
            return id(event.change)  # as it was read: its record may stand differently the next time
        case _:
            return None
