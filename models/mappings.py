"""How what a source gives becomes a record: which property is taken from which of its elements."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, zip_longest
from typing import Any

from models.collections.kinds import BOOLEAN, DATE, DATETIME, FLOAT, GEO, INT, LONG
from models.collections.properties import Collection, Property, key_text
from models.elements import Harvested, common_parent, elements_at, text_of

IDENTIFIER = "@identifier"
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_AND_TIME = re.compile(rf"{_DAY.pattern}[Tt ]")

Json = Any
Names = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One property, by the way to it, and the path of the elements that it is taken from."""

    steps: tuple[Property, ...]
    source: str

    @cached_property
    def source_steps(self) -> Names:
        """The names of the elements from the outer to the inner one."""
        return tuple(self.source.replace("/", ".").split("."))

    @property
    def last(self) -> Property:
        return self.steps[-1]

    @cached_property
    def depth(self) -> int:
        """How many steps lead to the list of objects that it goes through; none if it goes through none."""
        return next((place + 1 for place, step in enumerate(self.steps[:-1]) if step.many), 0)

    @cached_property
    def target(self) -> tuple[Property, ...]:
        """The way to what it sets in the record: its property, or the list of objects that has it."""
        return self.steps[: self.depth] or self.steps

    @cached_property
    def emptied(self) -> tuple[Property, ...]:
        """The way to what is emptied where the source has it no more: a place as a whole."""
        return next((self.target[:place] for place, step in enumerate(self.target, 1) if step.kind is GEO), self.target)


@dataclass(frozen=True)
class RecordMapping:
    """The rules of one source."""

    collection: Collection
    rules: tuple[Rule, ...]

    def document(self, item: Harvested) -> dict[str, Json]:
        """The record that an item of the source is; what it has no value for is left out."""
        document: dict[str, Json] = {}
        for target, rules in groupby(sorted(self.rules, key=_target_names), key=_target_names):
            value = _value(list(rules), item)
            if value is not None:
                set_in(document, target, value)
        return document

    def cleared(self, document: dict[str, Json], current: Mapping[str, Json]) -> dict[str, Json]:
        """The document, with an empty value for what the record has from the source and the source has no more."""
        gone = [rule.emptied for rule in self.rules if _is_gone(rule.emptied, document, current)]
        for target in gone:
            last = target[-1]
            if last.many or last.nullable:
                set_in(document, tuple(step.name for step in target), [] if last.many else None)
        return document

    @cached_property
    def has_key_in_header(self) -> bool:
        """Whether the key is the identifier, so that a deletion, which has no metadata, names its record."""
        return any(rule.steps == (self.collection.key,) and rule.source == IDENTIFIER for rule in self.rules)

    def key_of_header(self, identifier: str) -> str | None:
        """The key of the record with this identifier; nothing where it is taken from the metadata."""
        key = self.collection.key
        return key_text(converted(key, identifier)) if key and self.has_key_in_header else None


def default_rules(collection: Collection) -> tuple[Rule, ...]:
    """The key is the identifier; the other properties are the elements of their names, but for objects and places."""
    plain = [prop for prop in collection.shape.properties.values() if prop.is_scalar and prop.kind is not GEO]
    return tuple(Rule((prop,), IDENTIFIER if prop is collection.key else prop.name) for prop in plain)


def _value(rules: Sequence[Rule], item: Harvested) -> Json:
    if rules[0].depth:
        return _objects(rules, item) or None
    rule = rules[0]
    texts = item.texts(rule.source, rule.source_steps)
    values = [converted(rule.last, text) for text in texts]
    return (values if rule.last.many else values[0]) if values else None


def _objects(rules: Sequence[Rule], item: Harvested) -> list[dict[str, Json]]:
    """The elements of a list of objects: by the element around them if the rules have one, else by their places."""
    found = list(_rows(rules, item))
    objects: list[dict[str, Json]] = [{} for _ in found]
    for made, texts in zip(objects, found, strict=True):
        for rule, text in zip(rules, texts, strict=True):
            if text is not None:
                value = converted(rule.last, text)
                names = tuple(step.name for step in rule.steps[rule.depth :])
                set_in(made, names, [value] if rule.last.many else value)
    return [made for made in objects if made]


def _rows(rules: Sequence[Rule], item: Harvested) -> Iterator[tuple[str | None, ...]]:
    parent = common_parent([rule.source_steps for rule in rules])
    if not parent or any(rule.source.startswith("@") for rule in rules):
        yield from zip_longest(*(item.texts(rule.source, rule.source_steps) for rule in rules))
        return
    inner = [rule.source_steps[len(parent) :] for rule in rules]
    for element in elements_at(item.metadata, parent):
        yield tuple(next(filter(None, map(text_of, elements_at(element, steps))), None) for steps in inner)


def converted(prop: Property, text: str) -> Json:
    """A text as a value of the property; one that is none stays as it is, and the schema says what is wrong with it.

    Repositories that know no seconds give days: of a moment the day is taken, of a day its beginning.
    """
    if prop.kind in (INT, LONG):
        return int(text) if _WHOLE.fullmatch(text) else text
    if prop.kind is FLOAT:
        try:
            number = float(text)
        except ValueError:  # as it is, validation says what is wrong with it
            return text
        return number if math.isfinite(number) else text
    if prop.kind is BOOLEAN:
        return {"true": True, "false": False}.get(text.lower(), text)
    if prop.kind is DATE and _DAY_AND_TIME.match(text):
        return text[:10]
    return f"{text}T00:00:00Z" if prop.kind is DATETIME and _DAY.fullmatch(text) else text


def _target_names(rule: Rule) -> Names:
    return tuple(step.name for step in rule.target)


def _is_gone(target: tuple[Property, ...], document: Mapping[str, Json], current: Mapping[str, Json]) -> bool:
    names = tuple(step.name for step in target)
    return _get(document, names) is None and _get(current, names) not in (None, [])


def _get(document: Json, names: Names) -> Json:
    for name in names:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def set_in(document: dict[str, Json], names: Sequence[str], value: Json) -> None:
    """Put a value into a document at the way that `names` are, making the objects on it."""
    for name in names[:-1]:
        document = document.setdefault(name, {})
    document[names[-1]] = value
