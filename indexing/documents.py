"""Builds the index document of a record: a function is made for each collection once, and then run for each record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, NamedTuple

from indexing.completions import completion, index_words
from indexing.fields import (
    COMPLETIONS,
    CREATED,
    DATA,
    FLAT,
    KEY,
    MAX_ELEMENTS,
    NESTED,
    REVISION,
    SEQUENCE,
    TEXTS,
    UPDATED,
    numbered,
)
from models.collections.folding import SHORT, bounded, order_key
from models.collections.kinds import COUNT, EXISTS, LINK, ORDER, PRESENT, TEXT, TEXT_SLOT, VALUE, Slot
from models.collections.properties import ROOT, Collection, Path, Property, Shape, key_text

Json = Any
Fields = dict[str, Any]
Targets = Mapping[str, Mapping[str, Json]]
"""Documents of linked records: by collection, then by key."""


@dataclass
class _Build:
    """What one record's document gathers besides the fields at hand."""

    targets: Targets
    flat: Fields = dataclass_field(default_factory=dict)
    texts: Fields = dataclass_field(default_factory=dict)
    completions: Fields = dataclass_field(default_factory=dict)
    room: int = MAX_ELEMENTS
    """How many more elements of lists may be kept apart. What has no room is counted and found by its words anyway."""


Handler = Callable[[Json, Fields, Fields, _Build], None]
"""Takes a property's value, the fields to write to, where lists of objects go, and the build."""


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
        build = _Build(targets)
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


Fill = Callable[[Mapping[str, Json], Fields, Fields, _Build], None]
"""Handles all properties of an object; the arguments are those of a `Handler`."""
Handlers = tuple[tuple[str, Handler], ...]


def _filling(shape: Shape, base: Path, prefix: str) -> Fill:
    handlers = {prop: _property(base / prop, f"{prefix}{Path((prop,)).index}") for prop in _indexed(shape)}
    if not shape.members:
        return _each(handlers)
    by_member = [(m.mark, _each({p: h for p, h in handlers.items() if m in p.members})) for m in shape.members]

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: _Build) -> None:
        for mark, fill_member in by_member:
            if mark.is_on(data):
                fill_member(data, fields, nests, build)

    return fill


def _indexed(shape: Shape) -> list[Property]:
    return [prop for prop in shape.properties.values() if prop.is_indexed]


def _each(of: Mapping[Property, list[Handler]]) -> Fill:
    handlers: Handlers = tuple((prop.name, handler) for prop, several in of.items() for handler in several)

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: _Build) -> None:
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
    slots = prop.element_slots if path.nested else _once(prop.slots + prop.root_slots)
    handlers = [_many(slots, name)] if prop.many else [_single(slot, f"{name}{slot.name}") for slot in slots]
    if path.nested and prop.root_slots:
        handlers.append(_facet(prop, path))
    if path.nested and prop.order_slot:
        handlers.append(_extremes(prop.order_slot, path))
    if prop.kind is TEXT:
        handlers.append(_text(path, name))
    if prop.kind is TEXT and not prop.many and prop.search.analyzer != "keyword":
        handlers = [_short_text(path, name, handlers)]
    if prop.search.suggest and prop.kind.is_string and not any(step.kind is LINK for step in path.steps):
        handlers.append(_completions(path))
    return handlers


def _once(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    return tuple({slot.name: slot for slot in slots}.values())


def _single(slot: Slot, field: str) -> Handler:
    """Writes one form of a value; what most values are is told here, without a call."""
    convert = slot.value

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        converted = convert(value)
        if converted is not None:
            fields[field] = converted

    def handle_text(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if type(value) is str and len(value) <= SHORT:
            fields[field] = value
        else:
            handle(value, fields, nests, build)

    def handle_integer(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if type(value) is int and -(2**63) <= value < 2**63:
            fields[field] = value
        else:
            handle(value, fields, nests, build)

    def handle_boolean(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if type(value) is bool:
            fields[field] = value

    by_type: dict[type | None, Handler] = {str: handle_text, int: handle_integer, bool: handle_boolean}
    return by_type.get(slot.plain, handle)


def _short_text(path: Path, name: str, general: list[Handler]) -> Handler:
    """All that becomes of one short text at once, the rest as `general` has it: of such are most documents made."""
    value_field, words_field, order_field = f"{name}{VALUE}", f"{name}{TEXT_SLOT}", f"{name}{ORDER}"
    words, order = path.index, f"{path.index}{ORDER}"
    facet = f"{words}{VALUE}" if path.last.root_slots else None

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if type(value) is str and 0 < len(value) <= SHORT:
            fields[value_field] = value
            fields[order_field] = order_key(value)
            build.texts[words] = value
        else:
            for each in general:
                each(value, fields, nests, build)

    def handle_in_element(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if type(value) is str and 0 < len(value) <= SHORT:
            fields[value_field] = fields[words_field] = value
            if facet:
                _gather(build.flat, facet, value)
            _widen(build.flat, order, order_key(value))
            _gather(build.texts, words, value)
        else:
            for each in general:
                each(value, fields, nests, build)

    return handle_in_element if path.nested else handle


def _many(slots: tuple[Slot, ...], name: str) -> Handler:
    lengths = [(f"{name}{slot.name}", slot.value) for slot in slots if slot.name in (COUNT, PRESENT)]
    fields_of = [(f"{name}{slot.name}", slot.value) for slot in slots if slot.name not in (COUNT, PRESENT)]

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if not isinstance(value, list) or not value:
            return
        for field, measure in lengths:
            fields[field] = measure(value)
        for field, convert in fields_of:
            fields[field] = _bare([one for one in map(convert, value) if one is not None])

    return handle


def _facet(prop: Property, path: Path) -> Handler:
    """Gathers a value from inside a list of objects at the root, where a facet counts records."""
    fields_of = [(f"{path.index}{slot.name}", slot.value) for slot in prop.root_slots]

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        for one in value if isinstance(value, list) else (value,):
            for field, convert in fields_of:
                converted = convert(one)
                if converted is not None:
                    _gather(build.flat, field, converted)

    return handle


def _extremes(slot: Slot, path: Path) -> Handler:
    """Keeps the least and the greatest form at the root: by these is ordered."""
    name, convert = f"{path.index}{slot.name}", slot.value

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        for one in value if isinstance(value, list) else (value,):
            converted = convert(one)
            if converted is not None:
                _widen(build.flat, name, converted)

    return handle


def _widen(fields: Fields, name: str, value: Json) -> None:
    """Have a field hold the least and the greatest of its values."""
    known = fields.get(name)
    if known is None:
        fields[name] = value
    elif not isinstance(known, list):
        if value != known:
            fields[name] = [min(known, value), max(known, value)]
    elif value < known[0]:
        known[0] = value
    elif value > known[1]:
        known[1] = value


def _text(path: Path, name: str) -> Handler:
    words, element = path.index, f"{name}{TEXT_SLOT}" if path.nested else None
    # This analyzer makes one term of a text, which has the limit of any.
    unbroken = path.last.search.analyzer == "keyword"

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if isinstance(value, str):
            value = [value]
        texts = [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []
        if unbroken:
            texts = [bounded(text) for text in texts]
        for text in texts:
            _gather(build.texts, words, text)
        if texts and element:
            fields[element] = _bare(texts)

    return handle


def _completions(path: Path) -> Handler:
    name, words = path.index, f"{path.index}{TEXT_SLOT}"

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        for one in value if isinstance(value, list) else (value,):
            form = completion(one) if isinstance(one, str) else None
            if form:
                _gather(build.completions, name, form)
                known = build.completions.setdefault(words, [])
                known.extend(index_words(form))

    return handle


def _gather(fields: Fields, name: str, value: Json) -> None:
    """Put a further value into a field. One value stands bare: Elasticsearch takes that faster than a list of one."""
    known = fields.get(name)
    if known is None:
        fields[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        fields[name] = [known, value]


def _bare(values: list[Json]) -> Json:
    return values[0] if len(values) == 1 else values


def _object(path: Path, name: str) -> Handler:
    fill = _below(path, f"{name}.")
    exists = f"{name}{EXISTS}"

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        if isinstance(value, dict):
            fields[exists] = True
            fill(value, fields, nests, build)

    return handle


def _elements(path: Path, name: str) -> Handler:
    fill = _below(path, "")
    count = f"{name}{COUNT}"

    def handle(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
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

    def fill(data: Mapping[str, Json], fields: Fields, nests: Fields, build: _Build) -> None:
        waiting: list[tuple[Json, Shape]] = [(data, top)]
        while waiting:
            node, shape = waiting.pop()
            for prop in _indexed(shape):
                for value in _several(prop.value_in(node)):
                    if prop.kind is TEXT and isinstance(value, str) and value:
                        _gather(build.texts, (ways[shape] / prop).index, value)
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

    def one(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
        found = build.targets.get(target, {}).get(key_text(value))
        if found is not None:
            fields[exists] = True
            fill(found, fields, nests, build)

    def many(value: Json, fields: Fields, nests: Fields, build: _Build) -> None:
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
