"""What becomes of the values of a property in an index document: its forms for filters, facets, order and search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from indexing.completions import completion, index_words
from indexing.fields import MAX_ELEMENTS
from models.collections.folding import SHORT, bounded, order_key
from models.collections.kinds import COUNT, LINK, ORDER, PRESENT, TEXT, TEXT_SLOT, VALUE, Slot
from models.collections.properties import Path, Property

Json = Any
Fields = dict[str, Any]
Targets = Mapping[str, Mapping[str, Json]]
"""Documents of linked records: by collection, then by key."""


@dataclass
class Build:
    """What one record's document gathers besides the fields at hand."""

    targets: Targets
    flat: Fields = dataclass_field(default_factory=dict)
    texts: Fields = dataclass_field(default_factory=dict)
    completions: Fields = dataclass_field(default_factory=dict)
    room: int = MAX_ELEMENTS
    """How many more elements of lists may be kept apart. What has no room is counted and found by its words anyway."""


Handler = Callable[[Json, Fields, Fields, Build], None]
"""Takes a property's value, the fields to write to, where lists of objects go, and the build."""


def value_handlers(path: Path, name: str) -> list[Handler]:
    """The handlers of the values at `path`, whose fields are called `name` in the object that they go to."""
    prop = path.last
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

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        converted = convert(value)
        if converted is not None:
            fields[field] = converted

    def handle_text(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if type(value) is str and len(value) <= SHORT:
            fields[field] = value
        else:
            handle(value, fields, nests, build)

    def handle_integer(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if type(value) is int and -(2**63) <= value < 2**63:
            fields[field] = value
        else:
            handle(value, fields, nests, build)

    def handle_boolean(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if type(value) is bool:
            fields[field] = value

    by_type: dict[type | None, Handler] = {str: handle_text, int: handle_integer, bool: handle_boolean}
    return by_type.get(slot.plain, handle)


def _short_text(path: Path, name: str, general: list[Handler]) -> Handler:
    """All that becomes of one short text at once, the rest as `general` has it: of such are most documents made."""
    value_field, words_field, order_field = f"{name}{VALUE}", f"{name}{TEXT_SLOT}", f"{name}{ORDER}"
    words, order = path.index, f"{path.index}{ORDER}"
    facet = f"{words}{VALUE}" if path.last.root_slots else None

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if type(value) is str and 0 < len(value) <= SHORT:
            fields[value_field] = value
            fields[order_field] = order_key(value)
            build.texts[words] = value
        else:
            for each in general:
                each(value, fields, nests, build)

    def handle_in_element(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if type(value) is str and 0 < len(value) <= SHORT:
            fields[value_field] = fields[words_field] = value
            if facet:
                gather(build.flat, facet, value)
            _widen(build.flat, order, order_key(value))
            gather(build.texts, words, value)
        else:
            for each in general:
                each(value, fields, nests, build)

    return handle_in_element if path.nested else handle


def _many(slots: tuple[Slot, ...], name: str) -> Handler:
    lengths = [(f"{name}{slot.name}", slot.value) for slot in slots if slot.name in (COUNT, PRESENT)]
    fields_of = [(f"{name}{slot.name}", slot.value) for slot in slots if slot.name not in (COUNT, PRESENT)]

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
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

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        for one in value if isinstance(value, list) else (value,):
            for field, convert in fields_of:
                converted = convert(one)
                if converted is not None:
                    gather(build.flat, field, converted)

    return handle


def _extremes(slot: Slot, path: Path) -> Handler:
    """Keeps the least and the greatest form at the root: by these is ordered."""
    name, convert = f"{path.index}{slot.name}", slot.value

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
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

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        if isinstance(value, str):
            value = [value]
        texts = [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []
        if unbroken:
            texts = [bounded(text) for text in texts]
        for text in texts:
            gather(build.texts, words, text)
        if texts and element:
            fields[element] = _bare(texts)

    return handle


def _completions(path: Path) -> Handler:
    name, words = path.index, f"{path.index}{TEXT_SLOT}"

    def handle(value: Json, fields: Fields, nests: Fields, build: Build) -> None:
        for one in value if isinstance(value, list) else (value,):
            form = completion(one) if isinstance(one, str) else None
            if form:
                gather(build.completions, name, form)
                known = build.completions.setdefault(words, [])
                known.extend(index_words(form))

    return handle


def gather(fields: Fields, name: str, value: Json) -> None:
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
