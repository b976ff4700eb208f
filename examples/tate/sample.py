"""Chooses the sample beside this file out of the full data of the Tate collection.

    python examples/tate/sample.py FOLDER

FOLDER holds `tate-artworks.ndjson.gz` and `tate-artists.ndjson.gz`. The same data gives the same sample.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]

HERE = Path(__file__).parent
SIZE = 1_500
FAVOURITES = {
    "Joseph Mallord William Turner": 120,
    "William Blake": 40,
    "John Constable": 40,
    "David Hockney": 40,
    "Dame Barbara Hepworth": 40,
    "Andy Warhol": 40,
    "Henry Moore OM, CH": 25,
    "Joseph Beuys": 25,
    "Tracey Emin": 20,
    "Paula Rego": 20,
    "Bridget Riley": 20,
    "Pablo Picasso": 20,
    "Mark Rothko": 13,
    "Henri Matisse": 12,
    "Gwen John": 12,
    "Louise Bourgeois": 12,
    "Dante Gabriel Rossetti": 12,
    "William Hogarth": 12,
    "Paul Klee": 9,
}


def main(folder: Path) -> None:
    artworks = list(read(folder / "tate-artworks.ndjson.gz"))
    artists = list(read(folder / "tate-artists.ndjson.gz"))
    twice = {number for number, times in Counter(artist["id"] for artist in artists).items() if times > 1}
    known = {artist["id"] for artist in artists}
    usable = [artwork for artwork in artworks if not twice & linked([artwork])]
    chosen = choose(usable, known)
    write(HERE / "artworks.ndjson.gz", chosen)
    write(HERE / "artists.ndjson.gz", [artist for artist in artists if artist["id"] in linked(chosen)])


def choose(artworks: list[Record], known_artists: set[int]) -> list[Record]:
    """About `SIZE` artworks in their old order: what is rare, what is loved, then one of each further artist."""
    chosen = {artwork["acno"] for group in rarities(artworks, known_artists) for artwork in group}
    for name, amount in FAVOURITES.items():
        chosen |= {a["acno"] for a in spread([a for a in artworks if named(a, name)], amount)}
    others = first_of_each(artworks, lambda a: a["contributors"][0]["id"])
    chosen |= {artwork["acno"] for artwork in spread(others, SIZE - len(chosen))}
    return [artwork for artwork in artworks if artwork["acno"] in chosen]


def rarities(artworks: list[Record], known_artists: set[int]) -> Iterator[list[Record]]:
    yield [a for a in artworks if not linked([a]) <= known_artists]
    yield spread([a for a in artworks if "acquisitionYear" not in a], 5)
    yield spread([a for a in artworks if len(a["contributors"]) > 1], 80)
    yield spread([a for a in artworks if a["foreignTitle"]], 80)
    yield spread([a for a in artworks if a.get("additionalImages")], 30)
    yield sorted(artworks, key=lambda a: len(a["title"]), reverse=True)[:20]
    yield first_of_each(artworks, lambda a: a.get("acquisitionYear"))
    for kind in sorted({a["classification"] or "" for a in artworks}):
        yield spread([a for a in artworks if (a["classification"] or "") == kind], 25)


def first_of_each(artworks: Iterable[Record], trait: Callable[[Record], Hashable]) -> list[Record]:
    """The first artwork of each trait, one with a picture and subjects where there is one."""
    best_first = sorted(artworks, key=lambda a: not (a["thumbnailUrl"] and "subjects" in a))
    first: dict[Hashable, Record] = {}
    for artwork in best_first:
        first.setdefault(trait(artwork), artwork)
    return list(first.values())


def spread(artworks: list[Record], amount: int) -> list[Record]:
    """At most `amount` of them, at equal distances."""
    if len(artworks) <= amount:
        return artworks
    return [artworks[i * len(artworks) // amount] for i in range(amount)]


def named(artwork: Record, name: str) -> bool:
    return any(contributor["fc"] == name for contributor in artwork["contributors"])


def linked(artworks: Iterable[Record]) -> set[int]:
    return {contributor["id"] for artwork in artworks for contributor in artwork["contributors"]}


def read(path: Path) -> Iterator[Record]:
    with gzip.open(path) as lines:
        yield from map(json.loads, lines)


def write(path: Path, records: list[Record]) -> None:
    lines = (json.dumps(r, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n" for r in records)
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
