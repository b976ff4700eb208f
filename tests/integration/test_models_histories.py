"""Whatever is done to records in whatever order, histories tell it, as a plain Python model does."""

import itertools
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import DuplicateKey
from models.collections.properties import Collection
from models.database import Database
from models.merging import merge_patch
from models.records import Record, history, records_by_key, records_with_deleted
from models.writes import WriteSession

pytestmark = pytest.mark.anyio

Step = tuple[str, int, str, int]
STEPS = st.tuples(
    st.sampled_from(["CREATE", "UPDATE", "DELETE", "RESTORE", "REVERT"]),
    st.integers(0, 3),  # which record
    st.sampled_from("ab"),  # its key
    st.integers(1, 4),  # its year, or the revision to go back to
)


@dataclass
class Told:
    """What a record should look like."""

    revisions: list[tuple[str, dict[str, Any]]]
    deleted: bool = False

    @property
    def data(self) -> dict[str, Any]:
        return self.revisions[-1][1]


@dataclass
class World:
    """All records of one example: as they should be, and as the database has them."""

    session: WriteSession
    works: Collection
    prefix: str
    told: list[Told] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def holder(self, key: str) -> Told | None:
        return next((told for told in self.told if not told.deleted and told.data["number"] == key), None)

    async def apply(self, step: Step) -> None:
        operation, which, letter, number = step
        data = {"number": self.prefix + letter, "year": number, "title": None if number % 2 else "even"}
        if operation == "CREATE":
            await self._create(data)
        elif which < len(self.told):
            await self._change(operation, which, data, number)

    async def _create(self, data: dict[str, Any]) -> None:
        if self.holder(data["number"]):
            with pytest.raises(DuplicateKey):
                await self.session.create(self.works, data)
        else:
            self.records.append(await self.session.create(self.works, data))
            self.told.append(Told([("CREATE", data)]))

    async def _change(self, operation: str, which: int, data: dict[str, Any], number: int) -> None:
        told, record, session = self.told[which], self.records[which], self.session
        if told.deleted != (operation == "RESTORE"):
            return
        if operation in ("DELETE", "RESTORE"):
            data = told.data
        elif operation == "REVERT":
            number = min(number, len(told.revisions))
            data = told.revisions[number - 1][1]
        other = self.holder(data["number"])
        calls = {
            "UPDATE": lambda: session.update(self.works, record, data),
            "DELETE": lambda: session.delete(record),
            "RESTORE": lambda: session.restore(self.works, record),
            "REVERT": lambda: session.revert(self.works, record, number),
        }
        if other is not None and other is not told:
            with pytest.raises(DuplicateKey):
                await calls[operation]()
            return
        self.records[which] = await calls[operation]()
        told.revisions.append((operation, data))
        told.deleted = operation == "DELETE"

    async def check(self) -> None:
        found = await records_with_deleted(self.session, [record.id for record in self.records])
        for told, record in zip(self.told, self.records, strict=True):
            assert found[record.id] == record
            assert (record.data, record.deleted, record.revision) == (told.data, told.deleted, len(told.revisions))
            await self._check_history(told, record)
        living = {str(told.data["number"]) for told in self.told if not told.deleted}
        assert set(await records_by_key(self.session, "Work", [self.prefix + "a", self.prefix + "b"])) == living

    async def _check_history(self, told: Told, record: Record) -> None:
        revisions = (await history(self.session, record.id, 100))[::-1]
        assert [(revision.operation, revision.data) for revision in revisions] == told.revisions
        assert [revision.revision for revision in revisions] == list(range(1, len(revisions) + 1))
        for earlier, later in itertools.pairwise(revisions):
            patched = merge_patch(earlier.data, later.changes)
            assert {k: v for k, v in patched.items() if v} == {k: v for k, v in later.data.items() if v}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
async def test_histories_tell_what_was_done(database: Database, works: Collection, steps: list[Step]) -> None:
    async with database.writing() as session:
        world = World(session, works, uuid.uuid4().hex)
        for step in steps:
            await world.apply(step)
        await world.check()
