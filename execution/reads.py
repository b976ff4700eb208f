"""Resolvers that do nothing but read, which generated code does itself instead of calling them.

They are resolvers as any other to graphql-core. Reading has no effects and does not fail on objects of the class that
the type names in its extensions under `SOURCE`; without that its objects are dicts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType

SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Read:
    """Gives what is under `key` in the object, or in the mapping that is its attribute `of`."""

    key: str
    of: str | None = None

    def __call__(self, source: Any, _info: Any) -> Any:
        mapping = source if self.of is None else getattr(source, self.of)
        return mapping.get(self.key)


@dataclass(frozen=True, slots=True)
class Derive:
    """Gives what a function makes of the object."""

    function: Callable[[Any], Any]

    def __call__(self, source: Any, _info: Any) -> Any:
        return self.function(source)


def source_class(of: GraphQLObjectType) -> type:
    """The class of the objects that the reads of a type are made for."""
    found: type = of.extensions.get(SOURCE, dict)
    return found
