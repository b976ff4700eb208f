"""The same records as tables with a column a property, for the servers that ours is compared with, and the floor."""

import asyncpg

_COLUMNS = {
    "artworks": (
        ("key", "acno"), ("data->>'title'", "title"), ("data->>'all_artists'", "allArtists"),
        ("data->>'classification'", "classification"), ("data->>'medium'", "medium"),
        ("data->>'dateText'", "dateText"), ("(data->>'acquisitionYear')::int", "acquisitionYear"),
        ("data->>'thumbnailUrl'", "thumbnailUrl"), ("data->>'creditLine'", "creditLine"),
        ("data->>'dimensions'", "dimensions"), ("data->>'width'", "width"), ("data->>'height'", "height"),
        ("data->>'inscription'", "inscription"), ("1", "revision"),
    ),
    "artists": (
        ("(data->>'id')::int", "id"), ("data->>'fc'", "fc"), ("data->>'mda'", "mda"),
        ("(data->>'birthYear')::int", "birthYear"), ("data->>'gender'", "gender"),
    ),
}  # fmt: skip
_INDEXES = (
    'ALTER TABLE bench.artworks ALTER acno TYPE text COLLATE "C", ADD PRIMARY KEY (acno)',
    'ALTER TABLE bench.artists ALTER mda TYPE text COLLATE "C", ADD PRIMARY KEY (id)',
    "CREATE INDEX ON bench.artists (mda)",
    "CREATE INDEX ON bench.contributors (acno, place)",
    "CREATE INDEX ON bench.contributors (artist, acno)",
    "ANALYZE bench.artworks, bench.artists, bench.contributors",
)
_CONTRIBUTORS = """
CREATE TABLE bench.contributors AS
SELECT key AS acno, place::int AS place, (one->>'id')::int AS artist, one->>'fc' AS fc, one->>'role' AS role
FROM records, jsonb_array_elements(data->'contributors') WITH ORDINALITY AS several (one, place)
WHERE collection = 'Artwork' AND NOT deleted
"""


async def make_tables(connection: asyncpg.Connection) -> None:
    """Fill the schema `bench` anew from the records of both collections."""
    await drop_tables(connection)
    await connection.execute("CREATE SCHEMA bench")
    for table, collection in (("artworks", "Artwork"), ("artists", "Artist")):
        columns = ", ".join(f'{expression} AS "{name}"' for expression, name in _COLUMNS[table])
        selected = f"SELECT {columns} FROM records WHERE collection = '{collection}' AND NOT deleted"  # noqa: S608 - our own names
        await connection.execute(f"CREATE TABLE bench.{table} AS {selected}")
    await connection.execute(_CONTRIBUTORS)
    for statement in _INDEXES:
        await connection.execute(statement)


async def drop_tables(connection: asyncpg.Connection) -> None:
    """Leave nothing of them."""
    await connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
