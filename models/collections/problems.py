"""What is wrong with a record, said of the properties as GraphQL names them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from models.collections.kinds import LINK
from models.collections.properties import Member, Shape

Json = Any
Steps = Sequence[str | int]
VALUE = "\0"
"""Stands in the messages of jsonschema-rs for the value that they are about."""
_MAX_MESSAGE = 300


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a record; `path` goes from the record down, list positions as digits."""

    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    """A place in a record: the way to it, the shape that objects have there, and what is there."""

    path: tuple[str, ...]
    shape: Shape | None
    value: Json

    def below(self, step: str | int) -> "_Place":
        if isinstance(step, int):
            inside = isinstance(self.value, list) and step < len(self.value)
            return _Place((*self.path, str(step)), self.shape, self.value[step] if inside else None)
        properties = self.shape.properties.values() if self.shape else ()
        named = [prop for prop in properties if prop.name == step and prop.kind is not LINK]
        found = next((prop for prop in named if prop.is_of(self.value)), named[0] if named else None)
        value = self.value.get(step) if isinstance(self.value, dict) else None
        return _Place((*self.path, found.field if found else step), found.shape if found else None, value)

    @property
    def member(self) -> Member | None:
        """Of a union: the member that the object there is of."""
        members = self.shape.members if self.shape else ()
        return next((member for member in members if member.mark.is_on(self.value)), None)


def problems_of(error: Any, shape: Shape, document: Json) -> Iterator[Problem]:
    """An error of jsonschema-rs; of alternatives the errors of the one that is meant."""
    place = _Place((), shape, document)
    for step in error.instance_path:
        place = place.below(step)
    kind = error.kind
    if kind.name == "required":
        yield Problem("is required", place.below(kind.property).path)
    elif kind.name == "additionalProperties":
        for name in kind.unexpected:
            yield Problem("is not a property of this collection", (*place.path, name))
    elif meant := _meant(error, place):
        for inner in meant:
            yield from problems_of(inner, shape, document)
    elif kind.name in ("oneOf", "anyOf") and isinstance(place.value, dict) and (unknown := _unknown_member(place)):
        yield unknown
    else:
        yield Problem(shortened(error.message.replace(VALUE, _told(error.instance))), place.path)


def named_path(shape: Shape | None, document: Json, steps: Steps) -> tuple[str, ...]:
    """The way to a place in a record, which JSON names give, as errors name it."""
    place = _Place((), shape, document)
    for step in steps:
        place = place.below(step)
    return place.path


def _told(value: Json) -> str:
    """A value as a message tells it; not what is inside, which who writes the record may not be allowed to read."""
    if isinstance(value, dict | list):
        return "the object" if isinstance(value, dict) else "the list"
    return json.dumps(value, ensure_ascii=False)


def _meant(error: Any, place: _Place) -> Sequence[Any]:
    """The errors of the one alternative that a value is told to be of; none if there is no such one."""
    member = place.member
    told_by = member.mark.name if member else None
    context = getattr(error.kind, "context", ())
    near = [
        errors for errors in context if errors and not any(_misses(one, error.instance_path, told_by) for one in errors)
    ]
    return near[0] if len(near) == 1 else ()


def _misses(error: Any, at: Steps, told_by: str | None) -> bool:
    """Whether an error says that the value at `at` is of another alternative."""
    path, name = list(error.instance_path), error.kind.name
    if name in ("const", "enum"):
        return path == [*at, told_by]
    if path != list(at):
        return False
    context = getattr(error.kind, "context", ())
    if context:
        return all(any(_misses(one, at, told_by) for one in errors) for errors in context)
    if name == "additionalProperties":
        return told_by in error.kind.unexpected
    return name == "type" or bool(name == "required" and error.kind.property == told_by)


def _unknown_member(place: _Place) -> Problem | None:
    """That an object is of no member of its union, where a value would tell which."""
    members = place.shape.members if place.shape else ()
    marks = [member.mark for member in members if member.mark.values is not None]
    if not marks or place.member:
        return None
    told_by = place.below(marks[0].name)
    if told_by.value is None:
        return Problem("is required", told_by.path)
    return Problem(f"is none of {', '.join(str(v) for mark in marks for v in mark.values or ())}", told_by.path)


def shortened(message: str) -> str:
    """A message that repeats a long value without most of it."""
    return message if len(message) <= _MAX_MESSAGE else f"{message[:180]} … {message[-100:]}"
