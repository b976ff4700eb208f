"""The floor: a bare ASGI application that sends a store what it is given and passes the store's bytes on.

Started as `python -m benchmarks.speed.floor DATA PORT`. `/search?…` takes the path and the body of a search, the others
the parameters of one statement, each on a line.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import uvicorn
import uvloop

from config import Settings, load_settings

Answer = Callable[[bytes, bytes], Awaitable[bytes]]
"""From the query string and the body of a request to the body of the answer."""

_WORK = """
json_build_object(
  'acno', w.acno, 'title', w.title, 'allArtists', w."allArtists", 'classification', w.classification,
  'medium', w.medium, 'dateText', w."dateText", 'acquisitionYear', w."acquisitionYear",
  'thumbnailUrl', w."thumbnailUrl", {more} 'contributors', (
    SELECT coalesce(json_agg(json_build_object('fc', c.fc, 'role', c.role, 'artist', (
      SELECT json_build_object('fc', a.fc, 'birthYear', a."birthYear", 'gender', a.gender)
      FROM bench.artists a WHERE a.id = c.artist)) ORDER BY c.place), '[]')
    FROM bench.contributors c WHERE c.acno = w.acno))
"""
_MORE = "'creditLine', w.\"creditLine\", 'dimensions', w.dimensions, 'width', w.width, 'height', w.height,"
STATEMENTS = {
    "/work": f"""
SELECT json_build_object('data', json_build_object('artwork', {_WORK.format(more="")}))::text
FROM bench.artworks w WHERE w.acno = $1""",  # noqa: S608 - our own names
    "/works": f"""
SELECT json_build_object('data', json_build_object('artworks', json_build_object('nodes', json_agg({
        _WORK.format(more=_MORE)
    } ORDER BY w.acno))))::text
FROM (SELECT * FROM bench.artworks WHERE acno >= $1 AND acno < $2 ORDER BY acno LIMIT 100) w""",  # noqa: S608
    "/artists": """
SELECT json_build_object('data', json_build_object('artists', json_build_object('nodes', json_agg(json_build_object(
  'fc', a.fc, 'mda', a.mda, 'birthYear', a."birthYear", 'artworks', json_build_object('nodes', (
    SELECT coalesce(json_agg(json_build_object(
      'acno', w.acno, 'title', w.title, 'acquisitionYear', w."acquisitionYear") ORDER BY w.acno), '[]')
    FROM (
      SELECT DISTINCT c.acno FROM bench.contributors c WHERE c.artist = a.id ORDER BY c.acno LIMIT 5
    ) c JOIN bench.artworks w ON w.acno = c.acno))) ORDER BY a.mda, a.id::text))))::text
FROM (
  SELECT * FROM bench.artists WHERE mda >= $1 AND mda < $2 ORDER BY mda, id::text LIMIT 20
) a""",
    "/update": """
UPDATE bench.artworks SET inscription = $2, revision = revision + 1 WHERE acno = $1
RETURNING json_build_object('data', json_build_object('revision', revision))::text""",
}


def bare_app(answers: dict[str, Answer]) -> Any:
    """The application: reads the body, gets the bytes, sends them."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        answer = await answers[scope["path"]](scope["query_string"], body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


async def _typename(_query: bytes, _body: bytes) -> bytes:
    return b'{"data":{"__typename":"Query"}}'


def _statement(pool: asyncpg.Pool, statement: str) -> Answer:
    async def answer(_query: bytes, body: bytes) -> bytes:
        async with pool.acquire() as connection:
            text: str = await connection.fetchval(statement, *body.decode().split("\n"))
        return text.encode()

    return answer


def _search(session: aiohttp.ClientSession, url: str) -> Answer:
    async def answer(query: bytes, body: bytes) -> bytes:
        headers = {"content-type": "application/json"}
        async with session.post(f"{url}{query.decode()}", data=body, headers=headers) as response:
            return await response.read()

    return answer


async def serve(app: Any, port: int) -> None:
    """As our own server is served."""
    config = uvicorn.Config(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()


async def keep_as_it_is(_connection: object) -> None:
    """Nothing has to be put back in a connection."""


async def _main(settings: Settings, port: int) -> None:
    pool = asyncpg.create_pool(settings.database_url, min_size=10, max_size=10, reset=keep_as_it_is)
    async with pool, aiohttp.ClientSession(auto_decompress=False) as session:
        answers = {path: _statement(pool, statement) for path, statement in STATEMENTS.items()}
        answers |= {"/search": _search(session, settings.elasticsearch_url), "/typename": _typename}
        await serve(bare_app(answers), port)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(load_settings(Path(sys.argv[1]), environment={}), int(sys.argv[2])))
