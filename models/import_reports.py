"""What imports say of themselves: how far they are, batch by batch."""

from dataclasses import dataclass
from typing import Protocol

from models.lines import Place
from models.parsing import LineProblem
from models.seen import SeenKeys
from models.writes import WriteSession


@dataclass(slots=True)
class ImportReport:
    """How far an import is, and at its end what became of the lines. Positions are in bytes of the file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    position: int = 0
    size: int | None = None
    broken: str | None = None

    @property
    def done(self) -> int:
        """Lines that are dealt with."""
        return self.created + self.updated + self.unchanged + self.failed

    @property
    def is_clean(self) -> bool:
        return self.failed == 0 and self.broken is None


@dataclass(frozen=True, slots=True)
class Batched:
    """One batch that was written: where it ends, what became of all lines until there, what was wrong in it, and the
    keys that it has, with their lines.
    """

    place: Place | None
    report: ImportReport
    problems: list[LineProblem]
    keys: dict[str, int]


class Journal(Protocol):
    """Notes how far an import is."""

    async def recall(self, seen: SeenKeys) -> None:
        """Have the keys before the place at which the import goes on be seen."""

    async def note(self, session: WriteSession, batch: Batched) -> None:
        """Note a batch, in the transaction that writes it."""
