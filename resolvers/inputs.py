"""From the inputs of the API to documents: GraphQL's names become those of the JSON."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from errors import BadUserInput
from models.collections.dates import is_math
from models.collections.kinds import LINK, MOMENTS
from models.collections.properties import Property, Shape
from models.merging import same

Json = Any
Way = tuple[str, ...]


def document_of(shape: Shape, given: Mapping[str, Any], *, patch: bool) -> dict[str, Json]:
    """The document (or the merge patch) that an input means.

    In a patch null removes. In a document a null for what can't be null is as if it were not given, since every
    optional input allows it.
    """
    document: dict[str, Json] = {}
    for name, value in given.items():
        prop = shape.properties[name]
        if document.get(prop.name) is not None:
            # Members of a union have one property of this name each, of which an object has one.
            if value is not None:
                raise BadUserInput(f"{name} is {prop.name}, which is given already by another name.", "Give one.")
        elif value is not None:
            document[prop.name] = _value(prop, value, patch=patch)
        elif patch or prop.nullable:
            document[prop.name] = None
    return document


def _value(prop: Property, value: Any, *, patch: bool) -> Json:
    if prop.many:
        # A list is replaced as a whole, so that its elements are documents in a patch too.
        return [None if one is None else _one(prop, one, patch=False) for one in value]
    return _one(prop, value, patch=patch)


def _one(prop: Property, value: Any, *, patch: bool) -> Json:
    if prop.shape:
        return document_of(prop.shape, value, patch=patch)
    if prop.kind in MOMENTS and is_math(value):
        raise BadUserInput(f"{prop.field}: {value!r} is date math, which only filters take.", "Give a date.")
    return value


def given_paths(shape: Shape, given: Mapping[str, Any], base: Way = ()) -> list[tuple[Way, Property]]:
    """Every property that an input sets, with the way to it as errors name it."""
    found: list[tuple[Way, Property]] = []
    for name, value in given.items():
        prop = shape.properties[name]
        path = (*base, name)
        found.append((path, prop))
        if not prop.shape or value is None:
            continue
        if not prop.many:
            found.extend(given_paths(prop.shape, value, path))
            continue
        for place, one in enumerate(value):
            if one is not None:
                found.extend(given_paths(prop.shape, one, (*path, str(place))))
    return found


def changed_paths(shape: Shape, before: Json, after: Json, base: Way = ()) -> Iterator[tuple[Way, Property]]:
    """Every property that differs between two documents, with the way to it as errors name it."""
    old, new = (one if isinstance(one, Mapping) else {} for one in (before, after))
    for prop in shape.properties.values():
        was, becomes = prop.value_in(old), prop.value_in(new)
        if prop.kind is LINK or same(was, becomes):
            continue
        path = (*base, prop.field)
        yield path, prop
        if prop.shape and prop.many:
            elements = zip_longest(was or (), becomes or ())
            for place, (one, other) in enumerate(elements):
                yield from changed_paths(prop.shape, one, other, (*path, str(place)))
        elif prop.shape:
            yield from changed_paths(prop.shape, was, becomes, path)


def way_into(given: Any, path: Way) -> Way:
    """As far as an input goes on the way to a property."""
    found: list[str] = []
    for step in path:
        inner = dict(enumerate(given)) if isinstance(given, list) else given
        place = int(step) if isinstance(given, list) else step
        if not isinstance(inner, Mapping) or place not in inner:
            break
        found.append(step)
        given = inner[place]
    return tuple(found)
