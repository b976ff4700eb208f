"""A GraphQL server as one would write it by hand with Strawberry, for these works alone: what ours is compared with.

Started as `python -m benchmarks.speed.by_hand DATA PORT`. It has dataloaders, keeps parsed and validated documents, and
reads the tables of `benchmarks.speed.tables` and our index.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import strawberry
import uvloop
from elasticsearch import AsyncElasticsearch
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from benchmarks.speed.floor import keep_as_it_is, serve
from config import Settings, load_settings

_TEXTS = ("title^3", "foreignTitle^2", "medium", "creditLine", "groupTitle", "contributors.fc^2", "subjects.name")
_FIELDS = "acno title all_artists classification medium dateText acquisitionYear thumbnailUrl".split()
_FACETS = {
    "classification": {"terms": {"field": "r.classification@v", "size": 10}},
    "medium": {"terms": {"field": "r.medium@v", "size": 10}},
    "acquisitionYear": {"histogram": {"field": "r.acquisitionYear@v", "interval": 10, "min_doc_count": 1}},
}


class Stores:
    """The stores, and the loaders of one request."""

    def __init__(self, pool: asyncpg.Pool, search: AsyncElasticsearch, index: str) -> None:
        self.pool = pool
        self.search = search
        self.index = index
        self.contributors = DataLoader(self._contributors)
        self.artists = DataLoader(self._artists)
        self.artworks = DataLoader(self._artworks)

    async def _contributors(self, keys: list[str]) -> list[list["Contributor"]]:
        found: dict[str, list[Contributor]] = {key: [] for key in keys}
        statement = "SELECT acno, artist, fc, role FROM bench.contributors WHERE acno = ANY($1) ORDER BY place"
        for acno, artist, fc, role in await self.pool.fetch(statement, keys):
            found[acno].append(Contributor(artist_id=artist, fc=fc, role=role))
        return list(found.values())

    async def _artists(self, keys: list[int]) -> list["Artist | None"]:
        rows = await self.pool.fetch("SELECT * FROM bench.artists WHERE id = ANY($1)", keys)
        found = {row["id"]: _artist(row) for row in rows}
        return [found.get(key) for key in keys]

    async def _artworks(self, keys: list[tuple[int, int]]) -> list[list["Artwork"]]:
        statement = """
SELECT a.id AS artist, w.* FROM unnest($1::int[]) AS a (id), LATERAL (
  SELECT DISTINCT acno FROM bench.contributors WHERE artist = a.id ORDER BY acno LIMIT $2
) c JOIN bench.artworks w ON w.acno = c.acno ORDER BY a.id, w.acno"""
        found: dict[int, list[Artwork]] = {artist: [] for artist, _ in keys}
        for row in await self.pool.fetch(statement, list(found), keys[0][1]):
            found[row["artist"]].append(_artwork(row))
        return [found[artist] for artist, _ in keys]


Info = strawberry.Info[Stores, None]
From = Annotated[str, strawberry.argument(name="from")]


@strawberry.type
class Artist:
    id: strawberry.Private[int]
    fc: str
    mda: str
    birth_year: int | None
    gender: str | None

    @strawberry.field
    async def artworks(self, info: Info, first: int = 20) -> "ArtworkPage":
        return ArtworkPage(nodes=await info.context.artworks.load((self.id, first)))


@strawberry.type
class Contributor:
    artist_id: strawberry.Private[int]
    fc: str
    role: str

    @strawberry.field
    async def artist(self, info: Info) -> Artist | None:
        return await info.context.artists.load(self.artist_id)


@strawberry.type
class Artwork:
    acno: str
    title: str
    all_artists: str | None
    classification: str | None
    medium: str | None
    date_text: str | None
    acquisition_year: int | None
    thumbnail_url: str | None
    credit_line: str | None = None
    dimensions: str | None = None
    width: str | None = None
    height: str | None = None
    revision: int = 1

    @strawberry.field
    async def contributors(self, info: Info) -> list[Contributor]:
        return await info.context.contributors.load(self.acno)


@strawberry.type
class TermBucket:
    value: str
    count: int


@strawberry.type
class TermFacet:
    buckets: list[TermBucket]


@strawberry.type
class RangeBucket:
    from_: float = strawberry.field(name="from")
    to: float
    count: int


@strawberry.type
class HistogramFacet:
    buckets: list[RangeBucket]


@strawberry.type
class ArtworkFacets:
    classification: TermFacet
    medium: TermFacet
    acquisition_year: HistogramFacet


@strawberry.type
class ArtworkPage:
    nodes: list[Artwork]
    total_count: int = 0
    facets: ArtworkFacets | None = None


@strawberry.type
class ArtistPage:
    nodes: list[Artist]


@strawberry.type
class Payload:
    record: Artwork | None


def _artist(row: Any) -> Artist:
    return Artist(id=row["id"], fc=row["fc"], mda=row["mda"], birth_year=row["birthYear"], gender=row["gender"])


def _artwork(row: Any) -> Artwork:
    return Artwork(
        acno=row["acno"],
        title=row["title"],
        all_artists=row["allArtists"],
        classification=row["classification"],
        medium=row["medium"],
        date_text=row["dateText"],
        acquisition_year=row["acquisitionYear"],
        thumbnail_url=row["thumbnailUrl"],
        credit_line=row["creditLine"],
        dimensions=row["dimensions"],
        width=row["width"],
        height=row["height"],
        revision=row["revision"],
    )


def _found(source: dict[str, Any]) -> Artwork:
    return Artwork(
        acno=source["acno"],
        title=source["title"],
        all_artists=source.get("all_artists"),
        classification=source.get("classification"),
        medium=source.get("medium"),
        date_text=source.get("dateText"),
        acquisition_year=source.get("acquisitionYear"),
        thumbnail_url=source.get("thumbnailUrl"),
    )


def _facets(answer: dict[str, Any]) -> ArtworkFacets:
    def terms(name: str) -> TermFacet:
        buckets = answer[name]["buckets"]
        return TermFacet(buckets=[TermBucket(value=one["key"], count=one["doc_count"]) for one in buckets])

    years = [
        RangeBucket(from_=one["key"], to=one["key"] + 10, count=one["doc_count"])
        for one in answer["acquisitionYear"]["buckets"]
    ]
    return ArtworkFacets(
        classification=terms("classification"), medium=terms("medium"), acquisition_year=HistogramFacet(buckets=years)
    )


@strawberry.type
class Query:
    @strawberry.field
    async def search(self, info: Info, text: str, first: int = 20) -> ArtworkPage:
        stores = info.context
        answer = await stores.search.search(
            index=stores.index,
            query={
                "simple_query_string": {
                    "query": text,
                    "fields": [f"t.{one}" for one in _TEXTS],
                    "default_operator": "and",
                }
            },
            size=first,
            track_total_hits=True,
            source={"includes": [f"data.{field}" for field in _FIELDS]},
            aggs=_FACETS,
        )
        hits = answer["hits"]
        nodes = [_found(hit["_source"]["data"]) for hit in hits["hits"]]
        return ArtworkPage(nodes=nodes, total_count=hits["total"]["value"], facets=_facets(answer["aggregations"]))

    @strawberry.field
    async def artwork(self, info: Info, key: str) -> Artwork | None:
        row = await info.context.pool.fetchrow("SELECT * FROM bench.artworks WHERE acno = $1", key)
        return _artwork(row) if row else None

    @strawberry.field
    async def artworks(self, info: Info, first: int, from_: From, to: str) -> ArtworkPage:
        statement = "SELECT * FROM bench.artworks WHERE acno >= $1 AND acno < $2 ORDER BY acno LIMIT $3"
        return ArtworkPage(nodes=[_artwork(row) for row in await info.context.pool.fetch(statement, from_, to, first)])

    @strawberry.field
    async def artists(self, info: Info, first: int, from_: From, to: str) -> ArtistPage:
        statement = "SELECT * FROM bench.artists WHERE mda >= $1 AND mda < $2 ORDER BY mda, id::text LIMIT $3"
        return ArtistPage(nodes=[_artist(row) for row in await info.context.pool.fetch(statement, from_, to, first)])


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def update_artwork(self, info: Info, key: str, inscription: str) -> Payload:
        statement = "UPDATE bench.artworks SET inscription = $2, revision = revision + 1 WHERE acno = $1 RETURNING *"
        row = await info.context.pool.fetchrow(statement, key, inscription)
        return Payload(record=_artwork(row) if row else None)


class _App(GraphQL[Any, None]):
    def __init__(self, schema: strawberry.Schema, stores: Any) -> None:
        super().__init__(schema, graphql_ide=None)
        self._stores = stores

    async def get_context(self, request: Any, response: Any) -> Any:
        return self._stores()


async def _main(settings: Settings, port: int) -> None:
    schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache])
    pool = asyncpg.create_pool(settings.database_url, min_size=10, max_size=10, reset=keep_as_it_is)
    search = AsyncElasticsearch(settings.elasticsearch_url, http_compress=False)
    try:
        async with pool:
            stores = partial(Stores, pool, search, f"{settings.index_prefix}-artwork")
            await serve(_App(schema, stores), port)
    finally:
        await search.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(load_settings(Path(sys.argv[1]), environment={}), int(sys.argv[2])))
