"""The Tate collection twice: as the server answers for it, and as its files have it."""

import gc
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import orjson
from ruamel.yaml import YAML

from tests.acceptance.oracle.filters import Filter, matches
from tests.acceptance.oracle.shapes import Json, Record, Shape, join, key_of
from tests.acceptance.oracle.words import Texts

CHECKOUT = Path(__file__).parents[3]
SAMPLE = CHECKOUT / "examples" / "tate"
FULL = CHECKOUT.parent / "shared" / "data" / "tate"

# A page of records by key, so that a wrong count can be told from wrong records.
FOUND = """
query Found($filter: %(name)sFilter) {
  found: %(plural)s(filter: $filter, orderBy: [{%(key)s: ASC}], first: 1000) { totalCount nodes { key } }
}
"""


@dataclass(frozen=True)
class Records:
    """The records of one collection, as its file has them."""

    shape: Shape
    records: list[Record]

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.records, self.shape)

    @property
    def plural(self) -> str:
        return str(self.shape.collection["plural"])

    @cached_property
    def by_key(self) -> dict[str, Record]:
        return {self.key(record): record for record in self.records}

    def key(self, record: Record) -> str:
        return key_of(record, self.shape)

    def keys(self, records: list[Record]) -> list[str]:
        return [self.key(record) for record in records]

    def meeting(self, given: Filter) -> list[Record]:
        asked = repr(given)
        if asked not in self._met:
            self._met[asked] = [record for record in self.records if matches(record, given, self.shape)]
        return self._met[asked]

    @cached_property
    def _met(self) -> dict[str, list[Record]]:
        """What met each filter: many tests ask the same."""
        return {}

    def in_key_order(self, records: list[Record]) -> list[str]:
        """The keys of records in the order of `found_query`."""
        name = self.shape.collection["key"]
        return self.keys(sorted(records, key=lambda record: record[name]))

    def found_query(self) -> str:
        fields = {prop.name: name for name, prop in self.shape.properties.items()}
        key = fields[self.shape.collection["key"]]
        return FOUND % {"name": self.shape.collection["name"], "plural": self.plural, "key": key}


@dataclass(frozen=True)
class Tate:
    """A running server, and what it should answer."""

    client: httpx.Client
    artworks: Records
    artists: Records

    def ask(self, document: str, **variables: Json) -> dict[str, Any]:
        """The data of a query that has no errors."""
        answer = self._post(document, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def refusal(self, document: str, **variables: Json) -> dict[str, Any]:
        """The one error of a query that is refused, with `code` and `message`."""
        (error,) = self._post(document, variables)["errors"]
        return {"code": error["extensions"]["code"], "message": error["message"]}

    def _post(self, document: str, variables: Mapping[str, Json]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.post("/graphql", json={"query": document, "variables": variables}).json()
        return answer


def tate_in(folder: Path, client: httpx.Client, prefix: str = "") -> Tate:
    """The files of `folder`, and behind `client` the server that was given them."""
    yaml = YAML(typ="safe")
    files = [yaml.load((SAMPLE / name).read_text()) for name in ("artworks.yaml", "artists.yaml")]
    catalog = {collection["name"]: collection for collection in files}
    artwork, artist = Shape.of("Artwork", catalog), Shape.of("Artist", catalog)
    # Four numbers of artists stand twice in the full data: the second line of each is refused as a duplicate.
    artists: dict[str, Record] = {}
    for record in _read(folder / f"{prefix}artists.ndjson.gz"):
        artists.setdefault(key_of(record, artist), record)
    artworks = [join(r, artwork, {"Artist": artists}) for r in _read(folder / f"{prefix}artworks.ndjson.gz")]
    # Millions of objects that stay: to look for garbage among them costs more than the tests.
    gc.freeze()
    return Tate(client, Records(artwork, artworks), Records(artist, list(artists.values())))


def _read(path: Path) -> Iterator[Record]:
    with gzip.open(path) as lines:
        yield from map(orjson.loads, lines)


def within(path: tuple[str, ...], selection: str) -> str:
    """A selection set below the fields of `path`: `a { b { … } }`."""
    for name in reversed(path):
        selection = f"{name} {{ {selection} }}"
    return selection


def at(answer: Mapping[str, Json], *path: str) -> Any:
    """What stands below the fields of `path`."""
    value: Any = answer
    for name in path:
        value = value[name]
    return value
