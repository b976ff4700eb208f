"""Reads a mapping as a curator writes it, or says everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.collections.kinds import FLOAT, GEO, LINK, OBJECT
from models.collections.problems import Problem
from models.collections.properties import Collection, Property, Shape
from models.collections.source import did_you_mean
from models.mappings import IDENTIFIER, RecordMapping, Rule, default_rules

PLACE = Shape(
    "GeoPoint",
    "A place on earth.",
    {name: Property(name, name, FLOAT, "Degrees.", required=True, nullable=False) for name in ("lat", "lon")},
)
HEADER = (IDENTIFIER, "@datestamp", "@set")
"""What is taken from the header of a record instead of its metadata."""
_SOURCE = re.compile(r"[^\W\d][\w:-]*([./][^\W\d][\w:-]*)*")


class WrongMappingError(Exception):
    """Raised with the problems of a mapping; the path of each is the property that it is about."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


def read_mapping(collection: Collection, given: Mapping[str, Any] | None) -> RecordMapping:
    """The mapping of a source into a collection; without `given` the default. Raises `WrongMappingError`."""
    problems = list(_problems(collection, given))
    if problems:
        raise WrongMappingError(problems)
    rules = tuple(Rule(_steps(collection, path), _plain(source)) for path, source in given.items()) if given else ()
    return RecordMapping(collection, rules or default_rules(collection))


def _problems(collection: Collection, given: Any) -> Iterator[Problem]:
    if collection.key is None:
        yield Problem(f"{collection.name} has no key, by which records are recognised when they come again")
        return
    if given is None or given == {}:
        return
    if not isinstance(given, Mapping):
        yield Problem("is no object that has the paths of properties as names and those of elements as values")
        return
    met: dict[tuple[Property, ...], str] = {}
    for path, source in given.items():
        try:
            steps = _steps(collection, path)
        except ValueError as error:
            yield Problem(str(error), (path,))
        else:
            if steps in met:
                yield Problem(f"is the property that {met[steps]} names too", (path,))
            met[steps] = path
        if problem := _wrong_source(source):
            yield Problem(problem, (path,))
    if not any(steps == (collection.key,) for steps in met):
        yield Problem(f"nothing is mapped to {collection.key.field}, the key: map {IDENTIFIER} or an element to it")


def _steps(collection: Collection, path: str) -> tuple[Property, ...]:
    """The properties on a path such as `authors[].name`. Raises `ValueError` saying what is wrong with it."""
    names = path.split(".")
    shape: Shape | None = collection.shape
    steps: list[Property] = []
    for place, written in enumerate(names):
        assert shape
        prop = _named(shape, written.removesuffix("[]"), collection.name)
        steps.append(prop)
        shape = _inside(prop)
        if place < len(names) - 1:
            _check_inner(prop, written)
        else:
            _check_last(prop, written)
    if sum(step.many for step in steps[:-1]) > 1:
        raise ValueError("goes through more than one list of objects")
    return tuple(steps)


def _inside(prop: Property) -> Shape | None:
    """What can be mapped inside of a property; a place is one value elsewhere, and an object in its source."""
    return PLACE if prop.kind is GEO else prop.shape


def _named(shape: Shape, name: str, collection: str) -> Property:
    own = [prop for prop in shape.properties.values() if prop.kind is not LINK]
    found = next((p for p in own if p.field == name), None) or next((p for p in own if p.name == name), None)
    if found is None:
        near = did_you_mean(name, [prop.field for prop in own])
        raise ValueError(f"{name!r} is no property of {shape.type_name or collection}{near}")
    return found


def _check_inner(prop: Property, written: str) -> None:
    if prop.kind not in (OBJECT, GEO) or _inside(prop) is None:
        raise ValueError(f"{prop.field} is no object, so that nothing is inside it")
    if prop.many and not written.endswith("[]"):
        raise ValueError(f"{prop.field} is a list of objects (did you mean {prop.field}[]?)")
    if not prop.many and written.endswith("[]"):
        raise ValueError(f"{prop.field} is no list (did you mean {prop.field}?)")


def _check_last(prop: Property, written: str) -> None:
    shape = _inside(prop)
    if shape is not None or prop.kind is OBJECT:
        inside = next(iter(shape.properties.values()), None) if shape else None
        example = f" (such as {prop.field}{'[]' if prop.many else ''}.{inside.field})" if inside else ""
        raise ValueError(f"{prop.field} is an object: map a property inside it{example}")
    if written.endswith("[]") and not prop.many:
        raise ValueError(f"{prop.field} is no list (did you mean {prop.field}?)")


def _wrong_source(source: Any) -> str | None:
    if not isinstance(source, str) or not source:
        return "is mapped to no text; name an element of the metadata, or @identifier, @datestamp or @set"
    if source.startswith("@"):
        return None if source in HEADER else f"{source!r} is nothing of a header{did_you_mean(source, HEADER)}"
    if not _SOURCE.fullmatch(source):
        return f"{source[:100]!r} is no path of element names, such as title or name/namePart"
    return None


def _plain(source: str) -> str:
    """The path without prefixes: `dc:title` is `title`."""
    return "/".join(step.rpartition(":")[2] for step in re.split(r"[./]", source))
