"""What is counted, for Prometheus: by the server at `/metrics`, by a worker at the port of its setting."""

import logging
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


class Tally(Collector):
    """Counts by one label without a lock: of what one thread does with each request."""

    def __init__(self, name: str, documentation: str, label: str) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._counts: dict[str, int] = {}
        REGISTRY.register(self)

    def count(self, value: str) -> None:
        """Count one of this value."""
        self._counts[value] = self._counts.get(value, 0) + 1

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self._name, self._documentation, labels=[self._label])
        for value, number in self._counts.items():
            family.add_metric([value], number)
        yield family


EVENTS = Counter(
    "catalograph_events",
    "Warnings and errors in the log, by the name of the event: what was caught and not raised is counted here.",
    ["event", "level"],
    registry=REGISTRY,
)
SWALLOWED = Counter(
    "catalograph_swallowed",
    "Exceptions that were caught and neither raised nor told nor logged, by where that was and what they were.",
    ["where", "error"],
    registry=REGISTRY,
)
OUTBOX_ROWS = Counter(
    "catalograph_outbox_rows",
    "Rows of the outbox that this process worked on, by what became of them: indexed, postponed, buried, followed.",
    ["outcome"],
    registry=REGISTRY,
)
HANDED = Counter(
    "catalograph_operations_handed",
    "Operations that were left to graphql-core, by reason; all others are compiled.",
    ["reason"],
    registry=REGISTRY,
)
DOCUMENTS = Tally(
    "catalograph_documents",
    "Documents of requests: kept (parsed, validated and planned before) or made anew.",
    "source",
)
RESULTS = Tally(
    "catalograph_results",
    "Queries that search, by where their answers came from: memory, redis, joined (another that was under way), made; "
    "and why one was made without the cache: unsettled (a write is on its way, or PostgreSQL does not say), "
    "volatile (it depends on the time, or is too large), away (Elasticsearch).",
    "source",
)
SUBSCRIPTIONS = Counter(
    "catalograph_subscriptions",
    "Subscriptions that have begun to hear of tasks or of changes.",
    ["feed"],
    registry=REGISTRY,
)
RESULT_BYTES = Gauge("catalograph_result_bytes", "Bytes of the answers kept in this process.", registry=REGISTRY)
RESULT_ENTRIES = Gauge("catalograph_result_entries", "Answers kept in this process.", registry=REGISTRY)
RESULT_EVICTIONS = Counter(
    "catalograph_result_evictions", "Answers that gave way to others in this process.", registry=REGISTRY
)
RESULT_SHARED_BYTES = Counter(
    "catalograph_result_shared_bytes", "Bytes of the answers that this process has written to Redis.", registry=REGISTRY
)

DOCUMENT_SHARED_BYTES = Counter(
    "catalograph_document_shared_bytes",
    "Bytes of the persisted queries that this process has written to Redis.",
    registry=REGISTRY,
)


class Requests(Collector):
    """Requests of `/graphql`, counted and timed without a lock: all are answered by one thread."""

    _BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

    def __init__(self) -> None:
        self._statuses = Tally("catalograph_requests", "HTTP requests of `/graphql`, by status.", "status")
        self._by_seconds = [0] * (len(self._BOUNDS) + 1)
        self._seconds = 0.0

    def count(self, status: int, seconds: float | None) -> None:
        """Count a request; streams, which last as long as they like, have no `seconds`."""
        self._statuses.count(str(status))
        if seconds is not None:
            self._by_seconds[bisect_left(self._BOUNDS, seconds)] += 1
            self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        bounds = [*map(floatToGoString, self._BOUNDS), "+Inf"]
        yield HistogramMetricFamily(
            "catalograph_request_seconds",
            "Seconds until a request of `/graphql` was answered.",
            buckets=list(zip(bounds, accumulate(self._by_seconds), strict=True)),
            sum_value=self._seconds,
        )


REQUESTS = Requests()
REGISTRY.register(REQUESTS)


class Level(Protocol):
    """What is known of a collection's index at the moment of the question."""

    @property
    def name(self) -> str:
        """The collection's."""


_LEVELS = {
    "pending": Gauge(
        "catalograph_pending", "Rows of the outbox of a collection that wait.", ["collection"], registry=REGISTRY
    ),
    "lag_seconds": Gauge(
        "catalograph_lag_seconds", "Seconds that the oldest of them has waited.", ["collection"], registry=REGISTRY
    ),
    "dead_letters": Gauge("catalograph_dead_letters", "Its dead letters.", ["collection"], registry=REGISTRY),
    "index_generation": Gauge(
        "catalograph_index_generation",
        "The number of its changes that searches are known to see.",
        ["collection"],
        registry=REGISTRY,
    ),
}


def exposition(levels: Iterable[Level]) -> tuple[bytes, str]:
    """Everything as text, and its content type."""
    for level in levels:
        for name, gauge in _LEVELS.items():
            gauge.labels(level.name).set(getattr(level, name) or 0)
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def swallowed(where: str, error: BaseException) -> None:
    """Count an exception that nobody else hears of."""
    SWALLOWED.labels(where, type(error).__name__).inc()


def count_event(_logger: Any, method: str, event: Any) -> Any:
    """A processor of structlog that counts warnings and errors and passes everything on."""
    if method in ("warning", "error", "exception", "critical"):
        EVENTS.labels(event["event"], "error" if method == "exception" else method).inc()
    return event


class CountRecords(logging.Handler):
    """Counts what the libraries log, by the name of the logger: a task of asyncio or Celery that failed, say."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        EVENTS.labels(record.name, record.levelname.lower()).inc()
