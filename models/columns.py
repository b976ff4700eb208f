"""Columns of a table as properties of records: `title`, `size.width`, `tags[]`, `authors[].name`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from models.collections.kinds import FLOAT, GEO, JSON, LINK, OBJECT
from models.collections.properties import Property, Shape
from models.mappings import converted, set_in

BETWEEN = "|"
"""Between the values of a list in one cell."""
_LIST = "[]"
_LONG = re.compile("[0-9]{19}")

_PLACE = Shape("GeoPoint", "A place.", {name: Property(name, name, FLOAT, "In degrees.") for name in ("lat", "lon")})
"""What is inside a property of the format `geo-point`, whether its schema says so or not."""

Json = Any
Read = Callable[[str], Json]


@dataclass(frozen=True)
class Column:
    """One column: the names on the way to its property, how many of them lead to a list, and how a cell is read."""

    title: str
    names: tuple[str, ...]
    list_at: int
    """How many names lead to the list of objects that it goes through; 0 if it goes through none."""
    read: Read
    known: bool

    @property
    def outer(self) -> tuple[str, ...]:
        """The way to what it sets in a record."""
        return self.names[: self.list_at] or self.names


class WrongColumns(Exception):
    """Raised with what is wrong with the header of a table."""


class Columns:
    """The columns of one table; `shape` is that of the records, if it is known."""

    def __init__(self, titles: Sequence[str], shape: Shape | None) -> None:
        self._columns = [_column(title.strip(), place, shape) for place, title in enumerate(titles, 1)]
        _check(self._columns)
        self._by_target: dict[tuple[str, ...], list[int]] = {}
        for place, column in enumerate(self._columns):
            self._by_target.setdefault(column.outer, []).append(place)

    def __len__(self) -> int:
        return len(self._columns)

    def document(self, cells: Sequence[str]) -> dict[str, Json]:
        """The record that a row is. An empty cell is a property that is not there."""
        document: dict[str, Json] = {}
        for target, places in self._by_target.items():
            if self._columns[places[0]].list_at:
                if objects := self._objects(places, cells):
                    set_in(document, target, objects)
            elif cell := cells[places[0]].strip():
                set_in(document, target, self._columns[places[0]].read(cell))
        return document

    def _objects(self, places: Sequence[int], cells: Sequence[str]) -> list[dict[str, Json]]:
        """The elements of a list of objects, whose properties go together by their places."""
        columns = [self._columns[place] for place in places]
        rows = zip_longest(*(_parts(cells[place]) for place in places), fillvalue="")
        objects: list[dict[str, Json]] = []
        for row in rows:
            made: dict[str, Json] = {}
            for column, part in zip(columns, row, strict=True):
                if part:
                    set_in(made, column.names[column.list_at :], column.read(part))
            objects.append(made)
        return objects


def are_known(titles: Sequence[str], shape: Shape | None) -> bool:
    """Whether every one of some words is the title of a column of such records."""
    columns = [_column(title.strip(), place, shape) for place, title in enumerate(titles, 1) if title.strip()]
    return len(columns) == len(titles) and all(column.known for column in columns)


def _column(title: str, place: int, shape: Shape | None) -> Column:
    if not title:
        raise WrongColumns(f"column {place} has no name")
    names: list[str] = []
    prop: Property | None = None
    known, list_at = True, 0
    for depth, written in enumerate(title.split("."), 1):
        name = written.removesuffix(_LIST)
        inside = _inside(prop) if prop else shape if depth == 1 else None
        prop = _named(inside, name) if inside else None
        known = known and prop is not None
        names.append(prop.name if prop else name)
        is_last = depth == title.count(".") + 1
        if not is_last and (written != name or (prop and prop.many)):
            if list_at:
                raise WrongColumns(f"{title} goes through more than one list of objects")
            list_at = depth
    if not all(names):
        raise WrongColumns(f"{title} is no path of properties, such as size.width")
    return Column(title, tuple(names), list_at, _reader(prop, title), known)


def _check(columns: Sequence[Column]) -> None:
    met: dict[tuple[str, ...], str] = {}
    for column in columns:
        if column.names in met:
            raise WrongColumns(f"the column {column.title} stands twice")
        met[column.names] = column.title
    for names, title in met.items():
        for length in range(1, len(names)):
            if names[:length] in met:
                raise WrongColumns(f"the columns {met[names[:length]]} and {title} are the same property")


def _inside(prop: Property) -> Shape | None:
    return _PLACE if prop.kind is GEO else prop.shape


def _named(shape: Shape, name: str) -> Property | None:
    own = [prop for prop in shape.properties.values() if prop.kind is not LINK]
    return next((p for p in own if p.name == name), None) or next((p for p in own if p.field == name), None)


def _reader(prop: Property | None, title: str) -> Read:
    if prop is None:
        return _texts if title.endswith(_LIST) else str
    if prop.kind in (OBJECT, GEO, JSON) or prop.shape:
        return _json
    if prop.many or title.endswith(_LIST):
        return lambda cell: _values(prop, cell)
    return lambda cell: converted(prop, cell)


def _values(prop: Property, cell: str) -> Json:
    return _json(cell) if cell.startswith("[") else [converted(prop, part) for part in _texts(cell)]


def _texts(cell: str) -> list[str]:
    return [part for part in _parts(cell) if part]


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(BETWEEN)] if cell.strip() else []


def _json(cell: str) -> Json:
    """The value of a JSON text, else the text itself: the schema says what is wrong with it."""
    if _LONG.search(cell):
        return cell  # beyond 64 bits numbers would lose their last digits
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:  # then it is a text
        return cell
