"""The descriptors of what extensions add: computed fields, hooks, tasks, and classes for the schema."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from models.collections.properties import Property
from models.cron import CronLine


@dataclass(frozen=True, eq=False)
class Code:
    """A function or class of an extension; `at` is where it stands, `FILE:LINE`."""

    module: str
    name: str
    function: Any
    at: str = ""

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, eq=False)
class Computed:
    """A field of a collection's records that is computed of some of their properties.

    `code` gives the values of many records at once; `returns` is their type, as Strawberry has it.
    """

    field: str
    needs: tuple[Property, ...]
    code: Code
    returns: Any
    description: str
    pure: bool
    """Whether the values follow from the properties alone, so that answers with them may be kept."""
    asks: bool
    """Whether `code` also takes who asks."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The JSON names of what it needs."""
        return tuple(prop.name for prop in self.needs)

    @cached_property
    def guarded(self) -> tuple[Property, ...]:
        """What it needs that not everybody may read who reads the record."""
        below = [inner for prop in self.needs if prop.shape for inner in prop.shape.walk(through_links=False)]
        return tuple(prop for prop in (*self.needs, *below) if prop.access and prop.access.read is not None)


@dataclass(frozen=True, eq=False)
class ExtensionTask:
    """Work that an extension does on a worker; `collection` is the one that it works on, if on one."""

    name: str
    code: Code
    description: str
    collection: str | None = None
    schedule: CronLine | None = None


@dataclass(frozen=True, eq=False)
class CommitHook:
    """What is told of the changes of some collections, or of all, after they are committed."""

    code: Code
    collections: frozenset[str] | None = None

    @property
    def name(self) -> str:
        return str(self.code)

    def hears(self, collection: str) -> bool:
        return self.collections is None or collection in self.collections


@dataclass(eq=False)
class Extras:
    """What all extensions together add to a catalog, beside what they add to its collections."""

    files: list[str] = field(default_factory=list)
    """The files of the modules."""
    queries: list[Code] = field(default_factory=list)
    """Strawberry types whose fields become fields of `Query`; so the next two."""
    mutations: list[Code] = field(default_factory=list)
    subscriptions: list[Code] = field(default_factory=list)
    types: list[Code] = field(default_factory=list)
    """Strawberry types that no field names."""
    tasks: dict[str, ExtensionTask] = field(default_factory=dict)
    commit_hooks: list[CommitHook] = field(default_factory=list)

    @property
    def by_root(self) -> tuple[list[Code], list[Code], list[Code]]:
        """The types whose fields become those of `Query`, of `Mutation`, and of `Subscription`."""
        return self.queries, self.mutations, self.subscriptions

    @property
    def classes(self) -> tuple[Code, ...]:
        """All that is Strawberry's."""
        return (*self.queries, *self.mutations, *self.subscriptions, *self.types)
