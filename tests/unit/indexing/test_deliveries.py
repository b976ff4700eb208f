"""Whatever is delivered late, twice, in another order or not at all, the index ends with what PostgreSQL has."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from indexing.bulk import Outcome, bulk_item, outcome_of
from indexing.documents import DocumentBuilder
from indexing.sync import sorted_out
from models.collections.loading import load_catalog
from models.outbox import OutboxRow, Stage
from models.records import Record

FILE = """
name: Note
key: id
schema: {type: object, properties: {id: {type: string}, text: {type: string}}}
"""
NOW = datetime.now(UTC)
IDS = st.integers(1, 3)
REFUSALS = [
    ({"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "busy"}}, False),
    ({"status": 403, "error": {"type": "cluster_block_exception", "reason": "the disk is full"}}, False),
    ({"status": 503, "error": {"type": "unavailable_shards_exception", "reason": "away"}}, False),
    ({"status": 400, "error": {"type": "document_parsing_exception", "reason": "wrong"}}, True),
]


@dataclass
class Index:
    """How Elasticsearch decides by `external_gte`: what it has, and how long it remembers deletes."""

    documents: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def take(self, lines: bytes) -> dict[str, Any]:
        """Apply one item; what the answer says of it."""
        action, *source = (orjson.loads(line) for line in lines.splitlines())
        ((operation, given),) = action.items()
        assert given["version_type"] == "external_gte"
        known, _ = self.documents.get(given["_id"], (0, None))
        if given["version"] < known:
            return {operation: {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": ""}}}
        self.documents[given["_id"]] = (given["version"], source[0]["data"] if source else None)
        return {operation: {"status": 200}}


class Deliveries(RuleBasedStateMachine):
    """Writes, and workers of which any may be slow, die, or be given the same row again."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = DocumentBuilder(_notes())
        self.records: dict[int, Record] = {}
        self.outbox: dict[int, OutboxRow] = {}
        self.flying: list[tuple[OutboxRow, bytes]] = []
        self.index = Index()
        self.rows = 0

    @rule(record_id=IDS, text=st.sampled_from(["a", "b", "c"]), deleted=st.booleans())
    def write(self, record_id: int, text: str, deleted: bool) -> None:
        """A transaction: the record with a higher version, and its row."""
        record = self.records.get(record_id, Record(record_id, "Note", str(record_id), 0, 0, {}, NOW, NOW))
        data = {"id": str(record_id), "text": text}
        self.records[record_id] = record._replace(
            index_version=record.index_version + 1, revision=record.revision + 1, data=data, deleted=deleted
        )
        self._queue(record_id)

    @rule(row=st.integers(0, 9))
    def work(self, row: int) -> None:
        """A worker reads the record of a row, as it stands now, and has its item on the way."""
        if row < len(self.outbox):
            self._fly(list(self.outbox.values())[row])

    @rule(place=st.integers(0, 9))
    def deliver(self, place: int) -> None:
        """An item arrives, in any order, and its row is settled."""
        if place < len(self.flying):
            row, lines = self.flying.pop(place)
            self._settle(row, outcome_of(row.record_id, self.index.take(lines)))

    @rule(place=st.integers(0, 9), again=st.booleans())
    def lose_the_answer(self, place: int, again: bool) -> None:
        """The worker dies after its item was taken, or before; the row stays, and the item may arrive once more."""
        if place < len(self.flying):
            row, lines = self.flying.pop(place)
            if again:
                self.index.take(lines)
                self.flying.append((row, lines))

    @rule(place=st.integers(0, 9), refusal=st.sampled_from(REFUSALS))
    def refuse(self, place: int, refusal: tuple[dict[str, Any], bool]) -> None:
        """Elasticsearch does not take an item: what may heal stays in the outbox, anything else is buried."""
        answer, final = refusal
        if place < len(self.flying):
            row, _ = self.flying.pop(place)
            outcome = outcome_of(row.record_id, {"index": answer})
            finished, later, buried = sorted_out([row], {row.record_id: outcome})
            assert (finished, later, buried) == ([], [], [row]) if final else ([], [row], [])
            if final:  # as a repair does, the record is queued once more
                self.outbox.pop(row.id, None)
                self._queue(row.record_id)

    @invariant()
    def what_is_not_in_the_index_is_in_the_outbox(self) -> None:
        waiting = {row.record_id for row in self.outbox.values()}
        for record_id, record in self.records.items():
            if record_id not in waiting:
                assert self.index.documents.get(str(record_id)) == (record.index_version, _data(record))

    def teardown(self) -> None:
        """What is still on its way arrives, and what is still waiting is done."""
        while self.flying:
            self.deliver(len(self.flying) - 1 if len(self.flying) <= 10 else 0)
        for row in list(self.outbox.values()):
            self._fly(row)
            self.deliver(0)
        expected = {str(id_): (record.index_version, _data(record)) for id_, record in self.records.items()}
        assert self.index.documents == expected

    def _queue(self, record_id: int) -> None:
        self.rows += 1
        self.outbox[self.rows] = OutboxRow(self.rows, "Note", record_id, 0, Stage.WRITTEN, None)

    def _fly(self, row: OutboxRow) -> None:
        self.flying.append((row, bulk_item(self.records[row.record_id], "notes", self.builder, {})))

    def _settle(self, row: OutboxRow, outcome: Outcome) -> None:
        finished, _, _ = sorted_out([row], {row.record_id: outcome})
        for done in finished:
            self.outbox.pop(done.id, None)


def _data(record: Record) -> Any:
    return None if record.deleted else record.data


def _notes() -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "notes.yaml").write_text(FILE)
        return load_catalog(Path(folder))["Note"]


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
