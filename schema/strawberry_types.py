"""The schema that Strawberry makes of the extensions alone: types that still name stand-ins for ours."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLArgument, GraphQLField, GraphQLInputField, GraphQLNamedType, GraphQLSchema

from errors import ExtensionErrors
from models.collections.extras import Code, Computed
from models.collections.loading import Catalog
from models.collections.names import words_of
from models.extending import said

T = TypeVar("T", bound=type)
ROOTS = ("Query", "Mutation", "Subscription")
_STAND_IN = "__catalograph_stands_for__"
_CARRIER = "CatalographComputed"
_NOTHING = "nothing"
"""The field of a query type that has no other."""


def reference(cls: T) -> T:
    """Have an empty class stand for the type of its name, in the annotations of Strawberry types: `Artwork`, `Task` …

    Its values are what `as_viewer` gives.
    """
    cls.__annotations__ = {"id": strawberry.ID}
    made = strawberry.type(cls, description=f"Stands for {cls.__name__}.")
    setattr(made, _STAND_IN, True)
    return made


@dataclass(frozen=True)
class StrawberryTypes:
    """What Strawberry has made of the extensions of a catalog."""

    schema: GraphQLSchema
    carried: Mapping[Computed, str]
    """The fields of a type of its own that have the types of computed fields."""

    @classmethod
    def of(cls, catalog: Catalog, computed: Iterable[tuple[str, Computed]]) -> "StrawberryTypes":
        fields = [field for _, field in computed]
        if twice := [problem for several in catalog.extras.by_root for problem in _added_twice(several)]:
            raise ExtensionErrors(twice)
        try:
            return cls._built(catalog, list(catalog.extras.classes), fields)
        except Exception as error:
            raise ExtensionErrors(list(cls._blamed(catalog, fields)) or [str(error)]) from error

    @classmethod
    def _blamed(cls, catalog: Catalog, fields: list[Computed]) -> Iterator[str]:
        """Which parts of the extensions Strawberry makes nothing of, each tried alone."""
        for code, alone in [(one, ([one], [])) for one in catalog.extras.classes] + [
            (f.code, ([], [f])) for f in fields
        ]:
            try:
                cls._built(catalog, *alone)
            except Exception as error:  # noqa: BLE001 - it is told
                told = " ".join(str(error).split()) or type(error).__name__
                yield said(code.module, f"Strawberry makes nothing of {code.name}: {told}", code.at)

    @classmethod
    def _built(cls, catalog: Catalog, classes: list[Code], fields: list[Computed]) -> "StrawberryTypes":
        extras, carried = catalog.extras, {field: f"f{number}" for number, field in enumerate(fields)}
        carrier = _strawberry_type(_CARRIER, (), {name: field.returns for field, name in carried.items()})
        query, mutation, subscription = (
            _merged(name, [code.function for code in several if code in classes])
            for name, several in zip(ROOTS, extras.by_root, strict=True)
        )
        made: Any = strawberry.Schema(
            query or _strawberry_type("Query", (), {_NOTHING: int | None}),
            mutation,
            subscription,
            types=[*([carrier] if fields else []), *(code.function for code in extras.types if code in classes)],
        )
        return cls(made._schema, carried)  # noqa: SLF001 - Strawberry has no public way to it

    def belong_to(self, schema: GraphQLSchema) -> None:
        """Have `info.schema` and the like be Strawberry's in resolvers, whichever schema runs them."""
        schema.__dict__["_strawberry_schema"] = self.schema.__dict__["_strawberry_schema"]

    def type_of(self, field: Computed) -> Any:
        """The type of the values of a computed field."""
        carrier: Any = self.schema.type_map[_CARRIER]
        return carrier.fields[self.carried[field]].type

    def fields_of(self, root: str) -> dict[str, GraphQLField]:
        """The fields that are added to `Query`, `Mutation` or `Subscription`."""
        found: Any = self.schema.type_map.get(root)
        return {name: field for name, field in found.fields.items() if name != _NOTHING} if found else {}

    @property
    def named(self) -> Iterator[GraphQLNamedType]:
        """The types of the extensions, stand-ins and scalars too."""
        for name, one in self.schema.type_map.items():
            if not name.startswith("__") and name not in (*ROOTS, _CARRIER):
                yield one


def origin(of: GraphQLNamedType | GraphQLField) -> Any:
    """The class that a type was made of, or that a field was written in, where that is known."""
    return getattr(of.extensions.get("strawberry-definition"), "origin", None)


def module_of(of: GraphQLNamedType | GraphQLField) -> str:
    """The module that has brought a type or a field."""
    return str(getattr(origin(of), "__module__", "?"))


def described(name: str, of: GraphQLField | GraphQLArgument | GraphQLInputField) -> str:
    """What is said of a field or an argument: what Strawberry was told, the docstring of its function, or its name."""
    if of.description:
        return of.description
    resolver = getattr(of.extensions.get("strawberry-definition"), "base_resolver", None)
    text = inspect.getdoc(resolver.wrapped_func) if resolver and resolver.wrapped_func.__doc__ else None
    return text or f"{words_of(name).capitalize()}."


def type_description(of: GraphQLNamedType) -> str:
    """The same of a type. What dataclasses write into a docstring says nothing."""
    text = inspect.getdoc(origin(of)) if origin(of) and origin(of).__doc__ else None
    is_written = text and not text.startswith(f"{origin(of).__name__}(")
    return of.description or (text if text and is_written else f"{words_of(of.name).capitalize()}.")


def is_stand_in(of: GraphQLNamedType) -> bool:
    """Whether a type stands for the one of ours with its name."""
    return bool(getattr(origin(of), _STAND_IN, False))


def _added_twice(classes: list[Code]) -> Iterator[str]:
    """What is wrong with classes whose fields are to be those of one type."""
    makers: dict[str, Code] = {}
    for code in classes:
        definition = getattr(code.function, "__strawberry_definition__", None)
        for field in definition.fields if definition else ():
            other = makers.setdefault(field.name, code)
            if other is not code:
                yield said(
                    code.module, f"{code.name}.{field.name} is added by {other} too: name one otherwise", code.at
                )


def _merged(name: str, classes: list[type]) -> type | None:
    return _strawberry_type(name, tuple(classes), {}) if classes else None


def _strawberry_type(name: str, bases: tuple[type, ...], annotations: dict[str, Any]) -> type:
    return strawberry.type(type(name, bases, {"__annotations__": annotations} if annotations else {}))
