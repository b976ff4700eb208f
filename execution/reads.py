"""Resolvers that say what they do, so that generated code does it for many objects at once instead of calling them.

They are resolvers as any other to graphql-core. Reading has no effects and does not fail on objects of the class that
the type names in its extensions under `SOURCE`; without that its objects are dicts.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLObjectType

SOURCE = "source"
LEAVES_ARGUMENTS = "leaves arguments"
"""Under this in the extensions of a field: its resolver changes nothing in its arguments, and what is equal may be the
same object to several calls of it."""
Key = Hashable


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


@dataclass(frozen=True, slots=True)
class Named:
    """Gives what a function makes of the object and of the field's name in the answer, whatever the arguments are."""

    function: Callable[[Any, str], Any]

    def __call__(self, source: Any, info: Any, **_arguments: Any) -> Any:
        return self.function(source, info.path.key)

    def under(self, name: str) -> Derive:
        """The same for a field whose name is known."""
        return Derive(lambda source: self.function(source, name))


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Tells which type an object has of an interface or a union, by what it has; for `resolve_type`."""

    function: Callable[[Any], str | None]

    def __call__(self, value: Any, _info: Any, _type: Any) -> str | None:
        return self.function(value)


class Loader(Protocol):
    """Loads by keys: what is asked for in one tick is answered in one tick, whether it was known before or not."""

    def load(self, key: Any, /) -> Awaitable[Any]:
        """The value of a key."""

    def load_many(self, keys: list[Any], /) -> Awaitable[list[Any]]:
        """The values of several keys; the first error among them is raised."""

    def load_together(self, keys: Sequence[Any], /) -> Awaitable[Sequence[Any]]:
        """The same, but that a key that fails has its error in the place of its value."""


@dataclass(frozen=True, slots=True)
class Load:
    """Gives what a loader has for the key in the object, or with `many` for each of the list of keys in it.

    `loader` takes the context and gives the loader; `key` makes its key of what `read` gives. Nothing there is nothing
    to load. The executor asks the loader for the keys of all objects of a tick at once.

    With `asks` the loader is the field's own, and `loader` also takes what resolvers are told of the field, but for
    the path, and its arguments. It leaves these as they are; see `LEAVES_ARGUMENTS`.
    """

    read: Read | Derive
    key: Callable[[Any], Key]
    loader: Callable[..., Loader]
    many: bool = False
    asks: bool = False

    def __call__(self, source: Any, info: Any, **arguments: Any) -> Any:
        value = self.read(source, None)
        if not self.many:
            return None if value is None else self._loader(info, arguments).load(self.key(value))
        if value and not isinstance(value, list | tuple):
            raise TypeError("There is no list of what is to be loaded.")
        keys = [self.key(one) for one in value or () if one is not None]
        return self._loader(info, arguments).load_many(keys) if keys else []

    def _loader(self, info: Any, arguments: Mapping[str, Any]) -> Loader:
        return self.loader(info.context, info, arguments) if self.asks else self.loader(info.context)


def source_class(of: GraphQLObjectType) -> type:
    """The class of the objects that the reads of a type are made for."""
    found: type = of.extensions.get(SOURCE, dict)
    return found
