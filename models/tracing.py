"""What one request sends to the stores, written down while it runs, for whoever asks how it is answered."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

POSTGRESQL, ELASTICSEARCH = "postgresql", "elasticsearch"


@dataclass(slots=True)
class Sent:
    """One request to a store. `request` is plain JSON: of PostgreSQL `statement` and `parameters`, of Elasticsearch
    `method`, `path` and `body` (the lines of a `_msearch` as a list). Without `milliseconds` it was not answered.
    """

    store: str
    request: Mapping[str, Any]
    milliseconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {"store": self.store, **self.request, "milliseconds": self.milliseconds}


class Trace(list[Sent]):
    """The requests in the order in which they were sent."""

    @contextmanager
    def timed(self, store: str, request: Mapping[str, Any]) -> Iterator[None]:
        """Write a request down, and how long the block that waits for its answer takes."""
        sent = Sent(store, request)
        self.append(sent)
        began = time.perf_counter()
        yield
        sent.milliseconds = _since(began)

    def taken(self) -> list[dict[str, Any]]:
        """All that was written down, as JSON; afterwards the trace is empty."""
        found = [sent.as_json() for sent in self]
        self.clear()
        return found


def traced_engine(engine: AsyncEngine, trace: Trace) -> AsyncEngine:
    """The same pool of connections, whose statements are written to `trace`."""
    traced = engine.execution_options()

    # SQLAlchemy's events hand over untyped driver objects.
    def before(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool) -> None:
        trace.append(Sent(POSTGRESQL, {"statement": statement, "parameters": plain(parameters)}))
        context.catalograph_sent = trace[-1], time.perf_counter()

    def after(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        sent, began = context.catalograph_sent
        sent.milliseconds = _since(began)

    event.listen(traced.sync_engine, "before_cursor_execute", before)
    event.listen(traced.sync_engine, "after_cursor_execute", after)
    return traced


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


def plain(value: Any) -> Any:
    """Parameters as JSON has them; JSON that is encoded already as its text."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str | int | float | bool | None) else str(value)
