"""What is to be done with each document of an upsert, given the records that stand: decided without a server."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson

from models.collections.problems import Problem
from models.documents import Prepared, prepare
from models.hooks import HookFailed, hooked
from models.merging import merge_document, same
from models.records import CREATE, UPDATE, Record
from models.sessions import AnyRow

if TYPE_CHECKING:
    from models.collections.properties import Collection

# Why the viewer may not write the second over the first (`None`: a new record); nothing if it may.
Refusal = Callable[[Record | None, dict[str, Any]], Iterable[Problem]]


class Outcome(Enum):
    """What became of a document."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Upserted:
    """One document's fate: the record that holds it, or the problems for which it was refused."""

    outcome: Outcome
    record_id: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A record to change, if it is still at `revision`."""

    place: int
    record_id: int
    revision: int
    encoded: bytes


@dataclass(slots=True)
class Decided:
    """The places of the documents that make new records, and the changes of others."""

    created: list[int] = field(default_factory=list)
    hooked: dict[int, Prepared] = field(default_factory=dict)
    """What hooks have made of documents that make new records."""
    changed: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class Decider:
    """Decides about the documents of one upsert; `settled` holds the fates that are known, by place."""

    collection: "Collection"
    documents: Sequence[Prepared]
    refuse: Refusal | None
    set_on_create: Sequence[str] = ()
    """Properties that the documents bring along for new records only."""
    by: str | None = None
    forbid: Refusal | None = None
    """Asked in place of `refuse` about what hooks have made of a document: they may change what the viewer may not."""
    settled: dict[int, Upserted] = field(default_factory=dict)

    def rounds(self) -> list[list[int]]:
        """The documents' places in rounds, so that no key stands twice in one round."""
        if self.collection.key is None:
            return [list(range(len(self.documents)))]
        rounds: list[list[int]] = []
        met: Counter[str] = Counter()
        for place, document in enumerate(self.documents):
            turn = 0
            if document.key is not None:
                turn = met[document.key]
                met[document.key] += 1
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(place)
        return rounds

    def decide(self, places: Sequence[int], current: dict[str, AnyRow]) -> Decided:
        """What is to be written for each document; settles those for which nothing is."""
        decided = Decided()
        for place in places:
            document = self.documents[place]
            row = current.get(document.key) if document.key is not None else None
            if problems := self._problems(document):
                self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
            elif row is not None:
                self._decide_change(place, _record(row), decided)
            else:
                self._decide_creation(place, document, decided)
        return decided

    def _decide_creation(self, place: int, document: Prepared, decided: Decided) -> None:
        problems = self._refused(self.refuse, None, document)
        if not problems and self.collection.before_write:
            decided.hooked[place], problems = self._hooked(None, document)
        if problems:
            self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
        else:
            decided.created.append(place)

    def _decide_change(self, place: int, record: Record, decided: Decided) -> None:
        document = orjson.loads(self.documents[place].encoded)
        for name in self.set_on_create:
            document.pop(name, None)
        merged = document if _same_text(document, record.data) else merge_document(record.data, document)
        if problems := tuple(self.refuse(record, merged)) if self.refuse else ():
            self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
        elif merged is document or same(merged, record.data):
            self.settled[place] = Upserted(Outcome.UNCHANGED, record.id)
        elif (prepared := prepare(self.collection, merged)).problems:
            self.settled[place] = Upserted(Outcome.REFUSED, problems=prepared.problems)
        else:
            written, problems = self._hooked(record, prepared)
            if problems:
                self.settled[place] = Upserted(Outcome.REFUSED, problems=problems)
            elif written is not prepared and same(orjson.loads(written.encoded), record.data):
                self.settled[place] = Upserted(Outcome.UNCHANGED, record.id)
            else:
                decided.changed.append(Change(place, record.id, record.revision, written.encoded))

    def _hooked(self, record: Record | None, prepared: Prepared) -> tuple[Prepared, tuple[Problem, ...]]:
        """What is to be written by the hooks, and why it may not be. What a hook fails at is refused."""
        before, operation = (record.data, UPDATE) if record else (None, CREATE)
        try:
            written, data = hooked(self.collection, operation, before, prepared, self.by)
        except HookFailed as error:
            return prepared, (Problem(str(error)),)
        problems = written.problems
        if not problems and data is not None:
            problems = self._refused(self.forbid, record, written)
        return written, problems

    def _problems(self, document: Prepared) -> tuple[Problem, ...]:
        if document.key is None and self.collection.key and not document.problems:
            return (Problem("is missing: records are recognised by it", (self.collection.key.field,)),)
        return document.problems

    def _refused(self, refuse: Refusal | None, record: Record | None, document: Prepared) -> tuple[Problem, ...]:
        return tuple(refuse(record, orjson.loads(document.encoded))) if refuse else ()


def _same_text(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two documents are written alike: a short cut, as most that come again are."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _record(row: AnyRow) -> Record:
    record_id, collection, key, revision, index_version, data, created_at, updated_at = row
    return Record(record_id, collection, key, revision, index_version, orjson.loads(data), created_at, updated_at)
