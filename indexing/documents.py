"""Builds the index document of a record: a function is made for each collection once, and then run for each record."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from indexing.document_values import Build, Fields, Handler, Json, Targets, gather, value_handlers
from indexing.fields import (
    COMPLETIONS,
    CREATED,
    DATA,
    FLAT,
    KEY,
    NESTED,
    REVISION,
    SEQUENCE,
    TEXTS,
    UPDATED,
    numbered,
)
from models.collections.kinds import COUNT, EXISTS, LINK, TEXT
from models.collections.properties import ROOT, Collection, Path, Property, Shape, key_text


class Envelope(NamedTuple):
    """What a document says of its record beside the data; moments as RFC 3339 text."""

    id: int
    key: str | None
    revision: int
    created_at: str
    updated_at: str


class DocumentBuilder:
    """Makes the documents of one collection."""

    def __init__(self, collection: Collection) -> None:
        self._fill = _filling(collection.shape, ROOT, "")

    def build(self, envelope: Envelope, data: Mapping[str, Json], targets: Targets) -> dict[str, Any]:
        """The document of a record; `targets` are the linked records that can be found, read as they are now."""
        build = Build(targets)
        nests: Fields = {}
        self._fill(data, build.flat, nests, build)
        return {
            KEY: envelope.key if envelope.key is not None else numbered(envelope.id),
            SEQUENCE: envelope.id,
            REVISION: envelope.revision,
            CREATED: envelope.created_at,
            UPDATED: envelope.updated_at,
            DATA: data,
            FLAT: build.flat,
            NESTED: nests,
            TEXTS: build.texts,
            **({COMPLETIONS: build.completions} if build.completions else {}),
        }


Fill = Callable[[Mapping[str, Json], Fields, Fields, Build], None]
"""Handles all properties of an object; the arguments are those of a `Handler`."""
Handlers = tuple[tuple[str, Handler], ...]


def _filling(shape: Shape, base: Path, prefix: str) -> Fill:
    handlers = {prop: _property(base / prop, f"{prefix}{Path((prop,)).index}") for prop in _indexed(shape)}
    if not shape.members:
        return _each(handlers)
    by_member = [(m.mark, _each({p: h for p, h in handlers.items() if m in p.members})) for m in shape.members]

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: Build) -> None:
        for mark, fill_member in by_member:
            if mark.is_on(data):
                fill_member(data, fields, nests, build)

    return fill


def _indexed(shape: Shape) -> list[Property]:
    return [prop for prop in shape.properties.values() if prop.is_indexed]


def _each(of: Mapping[Property, list[Handler]]) -> Fill:
    handlers: Handlers = tuple((prop.name, handler) for prop, several in of.items() for handler in several)

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: Build) -> None:
        value_of = data.get
        for name, handle in handlers:
            value = value_of(name)
            if value is not None:
                handle(value, fields, nests, build)

    return fill


def _property(path: Path, name: str) -> list[Handler]:
    """The handlers of the property at `path`, whose fields are called `name` in the object that they go to."""
    prop = path.last
    if prop.kind is LINK:
        return [_link(path, name)]
    if prop.shape and prop.many:
        return [_elements(path, name)]
    if prop.shape:
        return [_object(path, name)]
    return value_handlers(path, name)


def _object(path: Path, name: str) -> Handler:
    fill = _below(path, f"{name}.")
    exists = f"{name}{EXISTS}"

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if isinstance(value, dict):
            fields[exists] = True
            fill(value, fields, nests, build)

    return handle


def _elements(path: Path, name: str) -> Handler:
    fill = _below(path, "")
    count = f"{name}{COUNT}"

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if not isinstance(value, list) or not value:
            return
        fields[count] = len(value)
        elements: list[Fields] = []
        for one in value:
            if isinstance(one, dict):
                element: Fields = {}
                fill(one, element, element, build)
                if build.room:
                    build.room -= 1
                    elements.append(element)
        nests[name] = elements

    return handle


def _below(path: Path, prefix: str) -> Fill:
    """The filling below a property; recursion ends where the mapping's does, but its words are still gathered."""
    shape = path.last.shape
    assert shape
    if sum(step.shape is shape for step in path.steps) > shape.levels:
        return _deep_texts(path)
    return _filling(shape, path, prefix)


def _deep_texts(path: Path) -> Fill:
    """Gathers the words of what is deeper than the index goes under the last way to each shape that it has."""
    ways = _ways(Path(path.steps[:-1]))
    top = path.last.shape
    assert top

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: Build) -> None:
        waiting: list[tuple[Json, Shape]] = [(data, top)]
        while waiting:
            node, shape = waiting.pop()
            for prop in _indexed(shape):
                for value in _several(prop.value_in(node)):
                    if prop.kind is TEXT and isinstance(value, str) and value:
                        gather(build.texts, (ways[shape] / prop).index, value)
                    elif prop.shape and prop.kind is not LINK and isinstance(value, dict):
                        waiting.append((value, prop.shape))

    return fill


def _ways(above: Path) -> dict[Shape, Path]:
    """A way in the index to each shape that stands on `above` or can be reached from there."""
    ways = {step.shape: Path(above.steps[: place + 1]) for place, step in enumerate(above.steps) if step.shape}
    waiting = list(ways)
    while waiting:
        shape = waiting.pop()
        for prop in _indexed(shape):
            if prop.shape and prop.kind is not LINK and prop.shape not in ways:
                ways[prop.shape] = ways[shape] / prop
                waiting.append(prop.shape)
    return ways


def _several(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _link(path: Path, name: str) -> Handler:
    prop = path.last
    assert prop.link
    assert prop.shape
    target = prop.link.collection
    exists, count = f"{name}{EXISTS}", f"{name}{COUNT}"
    fill = _filling(prop.shape, path, "" if prop.many else f"{name}.")

    def one(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        found = build.targets.get(target, {}).get(key_text(value))
        if found is not None:
            fields[exists] = True
            fill(found, fields, nests, build)

    def many(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        known = build.targets.get(target, {})
        keys = [key_text(key) for key in (value if isinstance(value, list) else ()) if key is not None]
        there = [known[key] for key in keys if key in known]
        elements: list[Fields] = []
        for found in there:
            element: Fields = {}
            fill(found, element, element, build)
            if build.room:
                build.room -= 1
                elements.append(element)
        if there:
            fields[count] = len(there)
            nests[name] = elements

    return many if prop.many else one
