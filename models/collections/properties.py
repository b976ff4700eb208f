"""The descriptors: a collection, the shape of its records, and what each property is and does."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from models.collections.access import PUBLIC_ACCESS, Access, Roles
from models.collections.kinds import (
    CALENDAR,
    COUNT_SLOT,
    JSON,
    LINK,
    OBJECT,
    ORDER,
    PRESENT_SLOT,
    RANGE,
    TEXT,
    VALUE,
    Kind,
    Slot,
)
from models.collections.names import index_name
from models.collections.source import Pointer
from models.collections.unions import Mark

if TYPE_CHECKING:
    from models.collections.extras import Code, Computed
    from models.collections.problems import Problem
    from models.collections.validation import RecordValidator


MAX_RECURSION = 4
"""How often one shape may stand on a way: deeper levels are stored and returned, not indexed one by one."""
MAX_PATHS = 2_000


Ranges = tuple[tuple[float | None, float | None], ...]
"""From where, inclusive, and to where, exclusive; `None` where it is open."""


@dataclass(frozen=True)
class Facet:
    """How a property is counted: `how` is one of its kind's `facets`."""

    how: str
    interval: float = 0
    calendar: str = ""
    ranges: Ranges = ()


@dataclass(frozen=True)
class Search:
    """The `x-search` of a property."""

    indexed: bool = True
    analyzer: str | None = None
    boost: float = 1
    suggest: bool = False
    facet: Facet | None = None


@dataclass(frozen=True)
class LinkSpec:
    """The `x-link` of a property: its value is the key of a record of `collection`."""

    collection: str
    field: str
    reverse: str | None
    include: tuple[str, ...]
    at: Pointer = ()
    """Where it stands in the file."""


@dataclass(frozen=True)
class EnumValues:
    """The values of an enum by their GraphQL names; `null` is not among them."""

    type_name: str
    by_name: dict[str, str]

    @cached_property
    def by_value(self) -> dict[str, str]:
        return {value: name for name, value in self.by_name.items()}


@dataclass(eq=False)
class Shape:
    """The properties of an object, by their GraphQL names; a recursive one holds itself.

    That of a union holds the properties of all its members, for what is given, filtered, ordered and counted.
    """

    type_name: str
    description: str
    properties: dict[str, "Property"] = dataclasses.field(default_factory=dict)
    members: tuple["Member", ...] = ()
    """Of a union: the objects that it may be."""
    of_list: bool = False
    """Whether a list gives it its name, so that the filter of one has another name than that of the list."""
    levels: int = MAX_RECURSION
    """How often it may stand on a way; less where there would be more than `MAX_PATHS` ways."""

    def walk(self, *, through_links: bool = True, indexed: bool = False) -> Iterator["Property"]:
        """Every property below, each once; links too, and what they include unless told otherwise.

        With `indexed` only those that searches know.
        """
        seen: set[int] = {id(self)}
        waiting = [self]
        while waiting:
            for prop in waiting.pop().properties.values():
                if indexed and not prop.is_indexed:
                    continue
                yield prop
                if prop.shape and id(prop.shape) not in seen and (through_links or prop.kind is not LINK):
                    seen.add(id(prop.shape))
                    waiting.append(prop.shape)


@dataclass(frozen=True)
class Member:
    """One of the objects that a union may be: its own type, and how it is told from the others."""

    shape: Shape
    mark: Mark


@dataclass(eq=False)
class Property:
    """One property. A link is a property of its own beside the one that holds the key."""

    name: str
    """Its name in the JSON; for a link the name of the property that holds the key."""
    field: str
    """Its name in GraphQL."""
    kind: Kind
    description: str
    required: bool = False
    """Whether it is always there and never null."""
    nullable: bool = True
    """Whether null is one of its values, as its schema says."""
    many: bool = False
    items_nullable: bool = False
    search: Search = dataclasses.field(default_factory=Search)
    shape: Shape | None = None
    type_name: str = ""
    """Of an object, a list of objects or a link: what its filter is called after."""
    enum: EnumValues | None = None
    link: LinkSpec | None = None
    access: "PropertyAccess | None" = None
    server_set: bool = False
    """Whether the server writes it when a record is made, so that it is no input."""
    members: tuple[Member, ...] = ()
    """Of a property of a union: the members that have it."""

    def value_in(self, holder: Any) -> Any:
        """What an object has for it; nothing where that is of a member without it."""
        if not isinstance(holder, dict) or (self.members and not self.is_of(holder)):
            return None
        return holder.get(self.name)

    def is_of(self, holder: Any) -> bool:
        """Whether an object, of a union it may be, is one that has this property."""
        return not self.members or any(member.mark.is_on(holder) for member in self.members)

    @property
    def is_scalar(self) -> bool:
        return self.kind not in (OBJECT, LINK, JSON)

    @property
    def is_indexed(self) -> bool:
        return self.search.indexed and self.kind is not JSON

    @property
    def is_nested(self) -> bool:
        """Whether its elements are kept apart in the index."""
        return self.many and self.shape is not None

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The index fields of its values, for filters and order."""
        if not self.is_indexed:
            return ()
        present = (PRESENT_SLOT,) if self.kind.is_text and self.items_nullable else ()
        return (self.kind.slots if self.is_scalar else ()) + ((COUNT_SLOT, *present) if self.many else ())

    @cached_property
    def element_slots(self) -> tuple[Slot, ...]:
        """The index fields of its values in one element of a list of objects; folded order is kept at the root."""
        counted = {slot.name: slot for slot in self.kind.facet_slots}
        return tuple(counted.get(slot.name, slot) for slot in self.slots if slot.name != ORDER) + self._range_slots

    @cached_property
    def root_slots(self) -> tuple[Slot, ...]:
        """The index fields at the root of what is inside a list, where a facet counts records."""
        own = {slot.name: slot for slot in (*self.kind.slots, *self.kind.facet_slots)}
        wanted = (VALUE, CALENDAR) if self.search.facet else ()
        return tuple(own[name] for name in wanted if name in own) + self._range_slots if self.is_indexed else ()

    @property
    def _range_slots(self) -> tuple[Slot, ...]:
        """The index field of the places of the ranges in which a value lies: by these is grouped."""
        facet = self.search.facet
        if not facet or not facet.ranges or not self.is_indexed:
            return ()
        return (Slot(RANGE, {"type": "integer"}, lambda value: places_in(facet.ranges, self.kind.comparable, value)),)

    @cached_property
    def order_slot(self) -> Slot | None:
        """The index field of full text by which records are ordered."""
        return next((slot for slot in self.slots if slot.name == ORDER), None)


@dataclass(frozen=True)
class PropertyAccess:
    """The `x-access` of a property; `None` means that whoever may read or write the record may."""

    read: Roles | None
    write: Roles | None


@dataclass(frozen=True)
class Path:
    """A way from a record down to one of its properties."""

    steps: tuple[Property, ...]

    def __truediv__(self, step: Property) -> "Path":
        return Path((*self.steps, step))

    @property
    def last(self) -> Property:
        return self.steps[-1]

    @cached_property
    def name(self) -> str:
        """Dotted GraphQL names, as highlights and errors give them."""
        return ".".join(step.field for step in self.steps)

    @cached_property
    def index(self) -> str:
        """Dotted names in the index."""
        return ".".join(index_name(step.field) for step in self.steps)

    @cached_property
    def nested(self) -> tuple["Path", ...]:
        """The ways to the lists of objects that it goes through, outermost first, without its own end."""
        return tuple(Path(self.steps[: i + 1]) for i, step in enumerate(self.steps[:-1]) if step.is_nested)

    def values(self, document: Any) -> Iterator[Any]:
        """The values that a record has at the end of this way (of a link: the keys), lists opened, null left out."""
        level = [document]
        for step in self.steps:
            found = [step.value_in(one) for one in level]
            level = [v for one in found for v in (one if isinstance(one, list) else [one]) if v is not None]
        yield from level

    @property
    def is_too_deep(self) -> bool:
        """Whether a recursive shape stands on it more often than the index follows."""
        # Below the deepest shape there are no fields, so that only what stands in a shape above counts.
        above = [step.shape for step in self.steps[:-1] if step.shape]
        return any(above.count(shape) > shape.levels for shape in above)


ROOT = Path(())


@dataclass(frozen=True)
class SearchSettings:
    """The `search` setting of a collection."""

    fuzzy: bool = False
    prefix: bool = False


@dataclass(frozen=True)
class OrderSpec:
    """One entry of `defaultOrder`."""

    path: Path
    descending: bool


@dataclass(eq=False)
class Collection:
    """A collection as its file describes it."""

    name: str
    plural: str
    description: str
    key: Property | None
    shape: Shape
    schema: dict[str, Any]
    access: Access = PUBLIC_ACCESS
    synonyms: tuple[str, ...] = ()
    default_order: tuple[OrderSpec, ...] = ()
    search: SearchSettings = dataclasses.field(default_factory=SearchSettings)
    file: str = ""
    type_names: frozenset[str] = frozenset()
    """The GraphQL types that are made for it."""
    validator: "RecordValidator | None" = None
    computed: "dict[str, Computed]" = dataclasses.field(default_factory=dict)
    """What extensions compute of its records, by the fields' names."""
    before_write: "list[Code]" = dataclasses.field(default_factory=list)
    """The functions of extensions that see its records before they are written."""

    @property
    def single(self) -> str:
        """The query field of one record."""
        return self.name[0].lower() + self.name[1:]

    def key_of(self, document: dict[str, Any]) -> str | None:
        """The key that names `document` outside, as text."""
        value = document.get(self.key.name) if self.key else None
        return None if value is None else key_text(value)

    def validate(self, document: Any) -> "list[Problem]":
        """What is wrong with a record, all at once."""
        return self.validator.problems(document) if self.validator else []

    @property
    def has_too_many_paths(self) -> bool:
        """Whether `paths` would be more than `MAX_PATHS`; they may be millions, and are not counted to the end."""
        return next(islice(_paths(ROOT, self.shape), MAX_PATHS, None), None) is not None

    def limit_paths(self) -> bool:
        """Have what holds itself go less deep until the paths are not too many; whether that suffices."""
        shapes = {prop.shape for prop in self.shape.walk() if prop.shape}
        while self.has_too_many_paths and any(shape.levels > 1 for shape in shapes):
            for shape in shapes:
                shape.levels = max(shape.levels - 1, 1)
        return not self.has_too_many_paths

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Every way to an indexed property, lists and links too; recursion is followed a few levels."""
        return tuple(_paths(ROOT, self.shape))

    @cached_property
    def text_paths(self) -> tuple[Path, ...]:
        return tuple(path for path in self.paths if path.last.kind is TEXT)

    @cached_property
    def guarded_text_paths(self) -> tuple[Path, ...]:
        """Those of them that not everybody may look into who reads the record: behind rules of their own, or links."""
        return tuple(path for path in self.text_paths if any(step.access or step.link for step in path.steps))

    @cached_property
    def suggest_paths(self) -> tuple[Path, ...]:
        """The ways to what is offered while one types, those over links left out: they complete the target's."""
        own = (path for path in self.paths if not any(step.kind is LINK for step in path.steps))
        return tuple(path for path in own if path.last.search.suggest and path.last.kind.is_string)

    @cached_property
    def links(self) -> tuple[Path, ...]:
        """Every way to a link, those of unrolled recursion too."""
        return tuple(path for path in self.paths if path.last.kind is LINK)


def places_in(ranges: Ranges, comparable: Callable[[Any], Any], value: Any) -> list[int] | None:
    """The places of the ranges in which a value lies; nothing where it lies in none, or is no number."""
    try:
        number = comparable(value)
    except (ValueError, TypeError, OverflowError):  # it is no number
        return None
    ends = [(-math.inf if low is None else low, math.inf if high is None else high) for low, high in ranges]
    return [place for place, (low, high) in enumerate(ends) if low <= number < high] or None


def key_text(value: Any) -> str:
    """A key's value as text: a whole number without a fraction, so that 38 and 38.0 name one record."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _paths(start: Path, shape: Shape) -> Iterator[Path]:
    for prop in shape.properties.values():
        if not prop.is_indexed:
            continue
        path = start / prop
        yield path
        if prop.shape and sum(step.shape is prop.shape for step in path.steps) <= prop.shape.levels:
            yield from _paths(path, prop.shape)
