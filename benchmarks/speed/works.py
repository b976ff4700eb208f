"""The six works that are compared: what is sent to our server, to one written by hand, and to the floor."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import orjson

from benchmarks.load import Request
from benchmarks.processes import ELASTICSEARCH, POSTGRESQL
from benchmarks.searching import FIELDS, PAGE, TYPENAME, UPDATE, WORDS, bodies_sent
from benchmarks.system import System
from resolvers.nodes import global_id

VARIED = 300
"""Different requests of each work, taken in turn."""
_LINKED = "contributors { fc role artist { fc birthYear gender } }"
_TWELVE = f"{FIELDS} creditLine dimensions width height"
_WORK = f"query Work($key: String!) {{ artwork(key: $key) {{ {FIELDS} {_LINKED} }} }}"
_WORKS = f"""query Works($from: String!, $to: String!) {{
  artworks(first: 100, filter: {{acno: {{gte: $from, lt: $to}}}}, orderBy: [{{acno: ASC}}]) {{
    nodes {{ {_TWELVE} {_LINKED} }} }} }}"""
_OF_ARTISTS = "nodes { fc mda birthYear artworks(first: 5%s) { nodes { acno title acquisitionYear } } }"
_ARTISTS = f"""query Artists($from: String!, $to: String!) {{
  artists(first: 20, filter: {{mda: {{gte: $from, lt: $to}}}}, orderBy: [{{mda: ASC}}]) {{
    {_OF_ARTISTS % ", orderBy: [{acno: ASC}]"} }} }}"""
_SEARCH_BY_HAND = PAGE.replace("artworks(search: $search", "search(text: $search")
_WORKS_BY_HAND = f"""query Works($from: String!, $to: String!) {{
  artworks(first: 100, from: $from, to: $to) {{ nodes {{ {_TWELVE} {_LINKED} }} }} }}"""
_ARTISTS_BY_HAND = f"""query Artists($from: String!, $to: String!) {{
  artists(first: 20, from: $from, to: $to) {{ {_OF_ARTISTS % ""} }} }}"""
_UPDATE_BY_HAND = """mutation Change($key: String!, $text: String!) {
  updateArtwork(key: $key, inscription: $text) { record { revision } } }"""


@dataclass(frozen=True)
class Work:
    """One kind of request to each server. `share` is how many of the requests of a run it gets; `at_most` is our target
    in floors; `same` says whether all servers give the same bytes.
    """

    name: str
    ours: Sequence[Request]
    floor: Sequence[Request]
    by_hand: Sequence[Request]
    store: str | None
    at_most: float
    share: float = 1.0
    same: bool = False


async def works_of(system: System, connection: asyncpg.Connection) -> list[Work]:
    """The works on a system that is loaded, whose `bench` tables are made."""
    pages = [_request(PAGE, search=words) for words in WORDS]
    keys = [row[0] for row in await connection.fetch("SELECT acno FROM bench.artworks ORDER BY acno")]
    names = [row[0] for row in await connection.fetch("SELECT mda FROM bench.artists ORDER BY mda, id::text")]
    ids = await connection.fetch("SELECT id, key FROM records WHERE collection = 'Artwork' ORDER BY id LIMIT 5000")
    chance = random.Random(8)  # noqa: S311 - not for secrets
    some = chance.sample(keys, min(VARIED, len(keys)))
    parts, groups = _windows(keys, 100, chance), _windows(names, 20, chance)
    changed = [(global_id("Artwork", id_), key, f"Text {number}") for number, (id_, key) in enumerate(ids)]
    token = (system.data / "admin-token").read_text().strip()
    return [
        Work(
            "search page: 20 hits, 8 fields, total, 3 facets",
            pages,
            [replace(sent, path=f"/search?{sent.path}") for sent in await bodies_sent(system, pages)],
            [_request(_SEARCH_BY_HAND, search=words) for words in WORDS],
            ELASTICSEARCH,
            at_most=1.3,
        ),
        Work(
            "look-up by key with linked artists",
            [_request(_WORK, key=key) for key in some],
            [Request("/work", key) for key in some],
            [_request(_WORK, key=key) for key in some],
            POSTGRESQL,
            at_most=1.4,
            share=2,
            same=True,
        ),
        Work(
            "100 artworks, 12 fields, contributors, linked artists",
            [_request(_WORKS, **part) for part in parts],
            [Request("/works", "\n".join(part.values())) for part in parts],
            [_request(_WORKS_BY_HAND, **part) for part in parts],
            ELASTICSEARCH,
            at_most=2.4,
            share=0.5,
            same=True,
        ),
        Work(
            "20 artists with 5 artworks each",
            [_request(_ARTISTS, **group) for group in groups],
            [Request("/artists", "\n".join(group.values())) for group in groups],
            [_request(_ARTISTS_BY_HAND, **group) for group in groups],
            ELASTICSEARCH,
            at_most=2.7,
            share=0.5,
            same=True,
        ),
        Work(
            "update of one property, committed",
            [replace(_request(UPDATE, id=id_, text=text), authorization=token) for id_, _, text in changed],
            [Request("/update", f"{key}\n{text}") for _, key, text in changed],
            [_request(_UPDATE_BY_HAND, key=key, text=text) for _, key, text in changed],
            POSTGRESQL,
            at_most=3.0,
        ),
        Work(
            TYPENAME,
            [_request(TYPENAME)],
            [Request("/typename", "{}")],
            [_request(TYPENAME)],
            None,
            at_most=2.0,
            share=5,
            same=True,
        ),
    ]


def _windows(values: list[str], size: int, chance: random.Random) -> list[dict[str, str]]:
    """Where to begin and to end so that `size` of the sorted values lie between."""
    starts = [chance.randrange(max(len(values) - size, 1)) for _ in range(VARIED)]
    return [{"from": values[start], "to": values[min(start + size, len(values) - 1)]} for start in starts]


def _request(document: str, **variables: Any) -> Request:
    return Request("/graphql", orjson.dumps({"query": document, "variables": variables}).decode())
