"""Tasks as messages between processes: JSON text, the whole task in each, so that nobody must ask for more."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from models.tasks import Kind, Progress, State, Task

_MOMENTS = ("created_at", "started_at", "ended_at")


def encode_task(task: Task) -> bytes:
    return orjson.dumps(asdict(task))


def decode_task(message: bytes) -> Task:
    values: dict[str, Any] = orjson.loads(message)
    moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if values[name]}
    kind, state, progress = Kind(values["kind"]), State(values["state"]), Progress(**values["progress"])
    return Task(**{**values, **moments, "kind": kind, "state": state, "progress": progress})
