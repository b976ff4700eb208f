"""The context of one request: who asks, the loaders that batch its look-ups and searches, and what it may reach."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from indexing.searching import Searches
from indexing.services import Services
from indexing.waiting import Visibility
from models.collections.dates import Clock
from models.collections.extras import Computed
from models.collections.properties import Property
from models.tracing import Trace
from resolvers.computed import ComputedValues
from resolvers.lookups import Histories, NodesById, NodesByKey, Readable
from resolvers.task_lookups import LastHarvests, TaskChildren, TasksById
from resolvers.viewer import Viewer
from tasks.desk import TaskDesk
from tasks.nudging import Nudges


@dataclass(frozen=True)
class Context:
    """What resolvers receive; nothing in it outlives the request but `services`, `nudges`, `visibility` and `tasks`."""

    services: Services
    viewer: Viewer
    request_id: str
    nudges: Nudges
    visibility: Visibility
    tasks: TaskDesk
    late_errors: list[Exception] = field(default_factory=list)
    """Errors that belong beside a complete answer, such as a write that stands but is not searchable yet."""
    trace: Trace | None = None
    """What the request sends to the stores, where that was asked for; `services` write it down."""

    @cached_property
    def clock(self) -> Clock:
        """One `now` for the whole request."""
        return Clock.current()

    @cached_property
    def readable(self) -> Readable:
        return Readable(self.viewer.subject, self.clock)

    @cached_property
    def by_id(self) -> NodesById:
        return NodesById(self.services, self.readable)

    @cached_property
    def by_key(self) -> NodesByKey:
        return NodesByKey(self.services, self.readable)

    @cached_property
    def histories(self) -> Histories:
        return Histories(self.services)

    @cached_property
    def tasks_by_id(self) -> TasksById:
        return TasksById(self.services)

    @cached_property
    def task_children(self) -> TaskChildren:
        return TaskChildren(self.services)

    @cached_property
    def last_harvests(self) -> LastHarvests:
        return LastHarvests(self.services)

    @cached_property
    def prepared(self) -> dict[Hashable, Any]:
        """Searches as far as they follow from their arguments, by these."""
        return {}

    @cached_property
    def _computed(self) -> dict[Computed, ComputedValues]:
        return {}

    def computed(self, field: Computed) -> ComputedValues:
        """What computes the values of one field."""
        found = self._computed.get(field)
        if found is None:
            found = self._computed[field] = ComputedValues(self, field)
        return found

    def forget(self) -> None:
        """Look up again what was looked up: a write has changed it."""
        self.by_id.forget()
        self.by_key.forget()

    @cached_property
    def searches(self) -> Searches:
        settings = self.services.settings
        return Searches(self.services.search, settings.index_prefix, self.request_id, settings.search_timeout)

    def may_see(self, prop: Property) -> bool:
        """Whether the viewer may read a property that has rules of its own."""
        access = prop.access
        return access is None or access.read is None or self.viewer.is_admin or bool(access.read & self.viewer.roles)

    def may_set(self, prop: Property) -> bool:
        """Whether the viewer may write a property that has rules of its own; what one may not see one may not set."""
        if self.viewer.is_admin or prop.access is None:
            return True
        allowed = prop.access.write
        return self.may_see(prop) and (allowed is None or bool(allowed & self.viewer.roles))
