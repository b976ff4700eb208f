"""Measures requests over HTTP: the search page, beside Elasticsearch's own `_search` of the same bodies, and others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from benchmarks.load import Answered, Load, Request, run_load
from benchmarks.measures import Measure
from benchmarks.processes import ELASTICSEARCH, POSTGRESQL, SERVER, cpu_seconds, resident_mb, spent
from benchmarks.system import System
from indexing.server import SearchServer
from indexing.services import open_services
from server import make_app

PART = "search"
CONNECTIONS = (1, 16)
WARM_UP = 200
WORDS = (
    "landscape", "portrait", "river", "London", "blue", "horse", "sea", "storm", "woman reading", "church",
    "bridge", "garden", "Turner", "Blake", "study", "ship", "tree", "night", "castle", "harbour",
)  # fmt: skip
FIELDS = "acno title allArtists classification medium dateText acquisitionYear thumbnailUrl"
PAGE = f"""query Page($search: String!) {{
  artworks(search: $search, first: 20) {{
    totalCount
    nodes {{ {FIELDS} }}
    facets {{
      classification {{ buckets {{ value count }} }}
      medium {{ buckets {{ value count }} }}
      acquisitionYear {{ buckets {{ from to count }} }}
    }}
  }}
}}"""
SUGGESTIONS = "query Typing($prefix: String!) { artworkSuggestions(prefix: $prefix) { text } }"
SUGGESTIONS_MS = 10
LOOK_UP = f"query Work($key: String!) {{ artwork(key: $key) {{ {FIELDS} }} }}"
KEYS = "{ artworks(first: 500) { nodes { id key } } }"
UPDATE = """mutation Change($id: ID!, $text: String!) {
  updateArtwork(id: $id, patch: {inscription: $text}) { record { revision } errors { code message } }
}"""
TYPENAME = "{ __typename }"


@dataclass(frozen=True)
class Kind:
    """One kind of request, with its port and the roles whose work is shown."""

    name: str
    port: int
    requests: tuple[Request, ...]
    roles: tuple[str, ...]
    p50_ms: float | None = None
    """What half of the answers on one connection may take at most."""


async def measure_search(system: System, count: int) -> list[Measure]:
    """Each kind of request on one connection and on sixteen; `count` requests each time."""
    measures: list[Measure] = []
    for kind in await _kinds(system, count):
        run_load(Load(kind.port, kind.requests, WARM_UP, 4))
        for connections in CONNECTIONS:
            measures += _measured(system, kind, count, connections)
    measures.append(Measure(PART, "memory of the server after all of these", resident_mb(system.pid(SERVER)), "MB"))
    return measures


async def _kinds(system: System, count: int) -> list[Kind]:
    pages = tuple(_request(PAGE, search=words) for words in WORDS)
    bodies = await bodies_sent(system, pages)
    works = _works(system)
    token = (system.data / "admin-token").read_text().strip()
    changes = tuple(
        replace(_request(UPDATE, id=works[n % len(works)]["id"], text=f"Text {n}"), authorization=token)
        for n in range(count)
    )
    typing = tuple(_request(SUGGESTIONS, prefix=words[:end]) for words in WORDS for end in range(1, len(words) + 1))
    look_ups = tuple(_request(LOOK_UP, key=work["key"]) for work in works)
    elasticsearch = urlsplit(system.settings.elasticsearch_url).port
    assert elasticsearch is not None
    return [
        Kind("search page", system.port, pages, (SERVER, ELASTICSEARCH)),
        Kind("the same bodies sent to Elasticsearch", elasticsearch, bodies, (ELASTICSEARCH,)),
        Kind("suggestions, letter by letter", system.port, typing, (SERVER, ELASTICSEARCH), SUGGESTIONS_MS),
        Kind("look-up by key", system.port, look_ups, (SERVER, POSTGRESQL)),
        Kind("update of a property", system.port, changes, (SERVER, POSTGRESQL)),
        Kind("{ __typename }", system.port, (_request(TYPENAME),), (SERVER,)),
    ]


def _request(document: str, **variables: Any) -> Request:
    return Request("/graphql", orjson.dumps({"query": document, "variables": variables}).decode())


def _works(system: System) -> list[dict[str, str]]:
    answer = httpx.post(f"http://127.0.0.1:{system.port}/graphql", json={"query": KEYS}).raise_for_status().json()
    nodes: list[dict[str, str]] = answer["data"]["artworks"]["nodes"]
    return nodes


class _Recorder(SearchServer):
    """Keeps what is sent to Elasticsearch."""

    def __init__(self, urls: str, timeout: float) -> None:
        super().__init__(urls, timeout)
        self.sent: list[Request] = []

    async def ask(self, method: str, path: str, body: bytes | Mapping[str, Any] | None = None, **options: Any) -> Any:
        assert isinstance(body, bytes)
        self.sent.append(Request(path, body.decode()))
        return await super().ask(method, path, body, **options)


async def bodies_sent(system: System, pages: Sequence[Request]) -> tuple[Request, ...]:
    """The very requests that our server sends to Elasticsearch for these pages."""
    settings = system.settings
    async with open_services(settings) as services, _Recorder(settings.elasticsearch_url, 10) as recorder:
        transport = httpx.ASGITransport(make_app(replace(services, search=recorder)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for page in pages:
                answer = await client.post(page.path, content=page.body, headers={"Content-Type": "application/json"})
                assert "errors" not in answer.raise_for_status().json(), answer.text
        return tuple(recorder.sent)


def _measured(system: System, kind: Kind, count: int, connections: int) -> Iterator[Measure]:
    before = cpu_seconds(system.up)
    answered = run_load(Load(kind.port, kind.requests, count, connections))
    cpu = spent(before, cpu_seconds(system.up))
    if answered.failed:
        raise RuntimeError(f"{kind.name}: {answered.failed:,} of {count:,} answers are errors.")
    yield from _named(kind, answered, count, connections)
    for role in kind.roles:
        yield Measure(PART, f"{_at(kind, connections)}: CPU of {role}", cpu[role] / count * 1e6, "µs/request")


def _named(kind: Kind, answered: Answered, count: int, connections: int) -> Iterator[Measure]:
    name = _at(kind, connections)
    yield Measure(PART, f"{name}: p50", answered.p50, "ms", at_most=kind.p50_ms if connections == 1 else None)
    yield Measure(PART, f"{name}: p99", answered.p99, "ms")
    yield Measure(PART, f"{name}: rate", answered.rate(count), "requests/s")


def _at(kind: Kind, connections: int) -> str:
    return f"{kind.name}, {connections} connection{'s' if connections > 1 else ''}"
