"""What clients were told: the state that each record must have in the end."""

from dataclasses import dataclass, field, replace
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True)
class State:
    """A record as it stands: its id in the API, its revision, what it holds or held last, and whether it is deleted."""

    id: str = ""
    revision: int = 0
    data: Data = field(default_factory=dict)
    deleted: bool = True

    def written(self, data: Data) -> "State":
        """The state after a write, or after it was restored."""
        return replace(self, revision=self.revision + 1, data=data, deleted=False)

    def gone(self) -> "State":
        """The state after it was deleted."""
        return replace(self, revision=self.revision + 1, deleted=True)


NOTHING = State()


@dataclass
class Ledger:
    """The states of records by key. Each key is written by one client alone."""

    states: dict[str, State] = field(default_factory=dict)
    writes: int = 0
    doubts: int = 0
    """Writes whose answer was cut off; what became of them was asked afterwards."""

    def living(self) -> dict[str, State]:
        """The records that are not deleted."""
        return {key: state for key, state in self.states.items() if not state.deleted}
