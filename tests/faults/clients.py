"""Clients that write all the time, each its own records, and note what they were told."""

import asyncio
import random
from dataclasses import dataclass, replace
from typing import Any

import httpx

from tests.faults.ledger import NOTHING, Data, Ledger, State
from tests.running import System

FIELDS = {"Work": "workId title size maker", "Maker": "makerId name", "Page": "pageId text"}
MAKERS = 20
BUSY = frozenset({"DATABASE_UNAVAILABLE", "TIMEOUT"})
WORDS = ("river", "stone", "glass", "bird", "wheel", "night", "letter", "garden")
Answer = dict[str, Any]


class Broken(AssertionError):
    """An answer contradicts what was acknowledged before."""


@dataclass(frozen=True)
class Step:
    """A write: the mutation, its variables, and the state that it leads to."""

    text: str
    variables: dict[str, Any]
    after: State


class Writer:
    """Writes the records of one collection whose keys begin with its name."""

    def __init__(self, system: System, collection: str, name: str, keys: int, seed: str) -> None:
        self.collection = collection
        self.ledger = Ledger()
        self._keys = [f"{name}{number:03}" for number in range(keys)]
        self._random = random.Random(seed)
        self._system = system

    def connect(self) -> None:
        """Open the connection, on the event loop that runs now."""
        headers = {"authorization": f"Bearer {self._system.token}"}
        self._client = httpx.AsyncClient(base_url=self._system.url, headers=headers, timeout=20)

    async def close(self) -> None:
        await self._client.aclose()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop. Raises `Broken`."""
        while not stop.is_set():
            key = self._random.choice(self._keys)
            before = self.ledger.states.get(key, NOTHING)
            step = self._next(key, before)
            self.ledger.writes += 1
            self.ledger.states[key] = await self._acknowledged(step) or await self._found(key, before, step.after)
            await asyncio.sleep(self._random.uniform(0, 0.02))

    def _next(self, key: str, state: State) -> Step:
        name, content = self.collection, self._content(key)
        if state.revision == 0:
            return Step(f"create{name}(input: $input)", {"input": content}, state.written(content))
        if state.deleted:
            return Step(f"restore{name}(id: $id)", {"id": state.id}, state.written(state.data))
        if self._random.random() < 0.2:
            return Step(f"delete{name}(id: $id)", {"id": state.id}, state.gone())
        if content == state.data:
            content |= {"name": "another"} if name == "Maker" else {"size": content["size"] + 100}
        return Step(f"update{name}(id: $id, patch: $patch)", {"id": state.id, "patch": content}, state.written(content))

    def _content(self, key: str) -> Data:
        """A record by the names that the API has."""
        word = self._random.choice(WORDS)
        if self.collection == "Maker":
            return {"makerId": key, "name": f"{word} {self._random.randint(1, 9)}"}
        maker = f"m{self._random.randrange(MAKERS):03}"
        return {"workId": key, "title": word, "size": self._random.randint(1, 99), "maker": maker}

    async def _acknowledged(self, step: Step) -> State | None:
        """The state that the answer acknowledges; `None` where none came, or one that promises nothing."""
        types = {"id": "ID!", "input": f"{self.collection}Input!", "patch": f"{self.collection}Patch!"}
        declared = ", ".join(f"${one}: {types[one]}" for one in step.variables)
        payload = f"{{ record {{ id revision {FIELDS[self.collection]} }} errors {{ code message }} }}"
        answer = await self._post(f"mutation({declared}) {{ p: {step.text} {payload} }}", step.variables)
        if answer is None or _is_busy(answer):
            return None
        if answer["data"]["p"]["errors"]:
            raise Broken(answer["data"]["p"]["errors"])
        if step.after.deleted:
            return step.after
        record = answer["data"]["p"]["record"]
        self._check(record, step.after)
        return replace(step.after, id=record["id"])

    async def _found(self, key: str, before: State, after: State) -> State:
        """Ask until it is known whether a write whose answer was cut off was done."""
        self.ledger.doubts += 1
        field = f"{self.collection.lower()}(key: $key)"
        query = f"query($key: String) {{ p: {field} {{ id revision {FIELDS[self.collection]} }} }}"
        record = await self._record(query, key)
        for state in (before, after):
            if record is None and state.deleted:
                return state
            if record and not state.deleted and record["revision"] == state.revision:
                self._check(record, state)
                return replace(state, id=record["id"])
        raise Broken(f"{key} is {record}, and can only be {before} or {after}")

    async def _record(self, query: str, key: str) -> Answer | None:
        while True:
            answer = await self._post(query, {"key": key})
            if answer is not None and not _is_busy(answer):
                record: Answer | None = answer["data"]["p"]
                return record
            await asyncio.sleep(0.1)

    async def _post(self, query: str, variables: dict[str, Any]) -> Answer | None:
        try:
            answer = await self._client.post("/graphql", json={"query": query, "variables": variables})
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            return None
        found: Answer = answer.json()
        return found

    def _check(self, record: Data, state: State) -> None:
        if record != {"id": record["id"], "revision": state.revision, **state.data}:
            raise Broken(f"{record} should be {state}")


def _is_busy(answer: Answer) -> bool:
    errors = answer.get("errors", ())
    if errors and not {error["extensions"]["code"] for error in errors} <= BUSY:
        raise Broken(errors)
    return bool(errors)
