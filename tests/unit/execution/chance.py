"""Schemas, documents, variables and data by chance, for both executors."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from random import Random
from typing import Any, TypeVar

from aiodataloader import DataLoader
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    OperationType,
    get_named_type,
    is_leaf_type,
)

from execution.reads import SOURCE, Derive, Load, Read, TypeOf
from resolvers.loading import Loader
from tests.unit.execution.oracle import Log

T = TypeVar("T")
OBJECTS = ("A", "B", "C")
SCALARS = (GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID)
LEAVES: list[Any] = [
    "text", 1, None, 2.5, True, "RED", "2", 2**31, -(2**31), float("nan"), float("inf"), -0.0, 3.0, "", [1], {"a": 1},
]  # fmt: skip
FITTING = {"Int": 7, "Float": 1.5, "Boolean": True, "String": "text", "ID": "N1", "Colour": "RED", "Shout": "word"}
CONDITIONS = ("", "", "", "@skip(if: $t)", "@include(if: $t)", "@skip(if: $f)", "@include(if: false)")
NAMES = ("a", "b", "c", "d", "e")


def _shout(value: Any) -> Any:
    if value == 1:
        raise ValueError("one can't be shouted")
    return None if value is True else f"{value}!"


@dataclass
class Case:
    """Everything that is run."""

    schema: GraphQLSchema
    document: str
    variables: list[dict[str, Any]]
    root: Callable[[], Any]
    loader: Callable[[Log], Any]


@dataclass
class Chance:
    """Decisions, all of them from one number: drawn one by one they would be small and few."""

    random: Random
    fragments: list[str] = field(default_factory=list)
    tidy: bool = False
    """Whether most of the case is as applications are: objects that are read and loaded, few surprises."""

    def one(self, values: Sequence[T]) -> T:
        return self.random.choice(values)

    def in_(self, of: int) -> bool:
        return self.random.randrange(of) == 0

    def rarely(self, of: int) -> bool:
        """Decides for what is strange."""
        return self.in_(of * 8 if self.tidy else of)

    def number(self, most: int) -> int:
        return self.random.randint(0, most)


def schema_by_chance(chance: Chance) -> GraphQLSchema:
    """Objects that link to each other, an interface, a union, an enumeration and a scalar of its own."""
    types: dict[str, Any] = {
        "Colour": GraphQLEnumType("Colour", {"RED": "RED", "BLUE": 1}),
        "Shout": GraphQLScalarType("Shout", coerce_output_value=_shout),
    }
    shared = {"a": GraphQLField(GraphQLString), "s": GraphQLField(GraphQLInt)}
    types["Named"] = GraphQLInterfaceType("Named", shared, resolve_type=_type_resolver(chance))
    told = isinstance(types["Named"].resolve_type, TypeOf)
    leaves = [*SCALARS, types["Colour"], *([types["Shout"]] if chance.rarely(1) else [])]

    def fields_of(name: str) -> dict[str, GraphQLField]:
        abstract = () if chance.tidy and not told else ("Named", "Any")
        composites = [types[other] for other in (*OBJECTS, *abstract)]
        found = {
            key: GraphQLField(
                _wrapped(chance, chance.one(leaves if chance.in_(2) else composites)),
                args={"x": GraphQLArgument(GraphQLInt), "y": GraphQLArgument(GraphQLString, default_value="d")}
                if chance.rarely(3)
                else None,
                resolve=_resolve if chance.rarely(3) else None,
            )
            for key in NAMES[: 2 + chance.number(3)]
        }
        found = found | shared if name in implementing else found
        return {
            key: _read_by_chance(chance, key, plan, "values" if name == kept else None) for key, plan in found.items()
        }

    kept = chance.one([*OBJECTS, None, None])
    implementing = {name for name in OBJECTS if chance.in_(2)} or {"A"}
    plans: dict[str, dict[str, GraphQLField]] = {}
    for name in OBJECTS:
        types[name] = GraphQLObjectType(
            name,
            partial(plans.__getitem__, name),
            interfaces=[types["Named"]] if name in implementing else [],
            is_type_of=_type_test(chance, name),
            extensions={SOURCE: Kept} if name == kept else None,
        )
    members = [types[name] for name in OBJECTS[: 1 + chance.number(2)]]
    types["Any"] = GraphQLUnionType("Any", members, resolve_type=TypeOf(_kind) if told else None)
    for name in OBJECTS:
        plans[name] = fields_of(name)
    query = GraphQLObjectType("Query", fields_of("Query"))
    return GraphQLSchema(
        query,
        mutation=GraphQLObjectType("Mutation", fields_of("Mutation")),
        subscription=GraphQLObjectType("Subscription", fields_of("Subscription")),
        types=list(types.values()),
    )


def _read_by_chance(chance: Chance, key: str, plan: GraphQLField, of: str | None) -> GraphQLField:
    """A field that only reads, now and then; always where the objects have their values in a mapping `of` theirs."""
    if not plan.args and chance.in_(8):
        return GraphQLField(plan.type, resolve=Derive(partial(_derived, key)))
    held = _held(plan.type, leaves=chance.tidy and chance.in_(3))
    if not plan.args and chance.in_(2 if chance.tidy else 4) and held:
        # A list of leaves is one value of a loader, or one for each of them.
        many = isinstance(held, GraphQLList) and (not is_leaf_type(_held(held.of_type, leaves=True)) or chance.in_(2))
        return GraphQLField(plan.type, resolve=Load(Read(key, of), _key, attrgetter("loader"), many))
    if of or (not plan.args and chance.in_(4)):
        return GraphQLField(plan.type, resolve=Read(chance.one([key, key, *NAMES]), of))
    return plan


def _held(type_: Any, *, leaves: bool) -> Any:
    """What a loader may give for a field: an object, with `leaves` also such, or a list of them."""
    type_ = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(type_, GraphQLList):
        item = _held(type_.of_type, leaves=leaves)
        return type_ if item and not isinstance(item, GraphQLList) else None
    return type_ if isinstance(type_, GraphQLObjectType) or (leaves and is_leaf_type(type_)) else None


def _key(value: Any) -> Any:
    """A key of whatever an object of another type has there; what can be none would fail all that it is asked with."""
    return value if type(value) is int else repr(value)


def _type_resolver(chance: Chance) -> Any:
    def by_key(value: Any, info: Any, _: Any) -> Any:
        info.context.events.append(f"type {info.path.as_list()}")
        return value.get("kind")

    async def later(value: Any, info: Any, abstract: Any) -> Any:
        await asyncio.sleep(0)
        return by_key(value, info, abstract)

    if chance.in_(3):
        return TypeOf(_kind)
    return chance.one([None, by_key, later])


def _kind(value: Any) -> Any:
    return value.get("kind")


def _type_test(chance: Chance, name: str) -> Any:
    def test(value: Any, info: Any) -> bool:
        info.context.events.append(f"is {name} {info.path.as_list()}")
        return isinstance(value, dict | Kept) and value.get("kind") == name

    async def later(value: Any, info: Any) -> bool:
        return test(value, info)

    return chance.one([None, None, None, test, later]) if chance.rarely(1) else None


def _wrapped(chance: Chance, of: Any) -> Any:
    for _ in range(chance.number(1 if chance.tidy else 2)):
        of = GraphQLList(GraphQLNonNull(of) if chance.in_(3) else of)
    return GraphQLNonNull(of) if chance.in_(3) else of


def _resolve(source: Any, info: Any, **arguments: Any) -> Any:
    told = (info.path.as_list(), info.field_name, str(info.return_type), info.parent_type.name, len(info.field_nodes))
    info.context.events.append(f"{told} {arguments} {info.variable_values.coerced}")
    value = source.get(info.field_name) if isinstance(source, dict) else getattr(source, info.field_name, None)
    return value(info, **arguments) if callable(value) else value


def document_by_chance(chance: Chance, schema: GraphQLSchema) -> str:
    """An operation with aliases, fragments, conditions and arguments; not always valid, which both must take."""
    kind = chance.one([*[OperationType.QUERY] * 4, OperationType.MUTATION, OperationType.SUBSCRIPTION])
    root = schema.get_root_type(kind)
    body = _selections(chance, schema, root, 5 if chance.tidy else 4)
    variables = '($t: Boolean! = true, $f: Boolean = false, $x: Int, $y: String = "v")'
    return f"{kind.value} Q{variables} {body}\n" + "\n".join(chance.fragments)


def _selections(chance: Chance, schema: GraphQLSchema, of: Any, depth: int) -> str:
    chosen = [_selection(chance, schema, of, depth) for _ in range(1 + chance.number(4))]
    return f"{{ {' '.join(chosen)} __typename }}"


def _selection(chance: Chance, schema: GraphQLSchema, of: Any, depth: int) -> str:
    condition = chance.one(CONDITIONS) if chance.rarely(1) else ""
    if depth and chance.in_(4):
        on = chance.one([of, *(schema.type_map[name] for name in (*OBJECTS, "Named"))])
        body = _selections(chance, schema, on, depth - 1)
        if chance.in_(2):
            return f"... on {on} {condition} {body}"
        name = f"F{len(chance.fragments)}"
        chance.fragments.append("")
        chance.fragments[int(name[1:])] = f"fragment {name} on {on} {body}"
        return f"...{name} {condition}"
    if not hasattr(of, "fields"):
        return "__typename"
    name = chance.one(list(of.fields))
    plan = of.fields[name]
    arguments = (
        chance.one(["", "(x: 1)", "(x: $x)", '(y: "t", x: $x)', "(y: $y)", "(y: null)", '(x: "no")'])
        if plan.args
        else ""
    )
    alias = chance.one(["", "", "", "k1: ", "k2: "])
    below = get_named_type(plan.type)
    if is_leaf_type(below):
        return f"{alias}{name}{arguments} {condition}"
    return f"{alias}{name}{arguments} {condition} {_selections(chance, schema, below, depth - 1)}" if depth else ""


class Thing:
    """A record that is no mapping."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def get(self, name: str) -> Any:
        return self.__dict__.get(name)

    def __repr__(self) -> str:
        return "a thing"


class Kept:
    """A record that has its values in a mapping of its own."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def __repr__(self) -> str:
        return "what is kept"


class LikeKept(Kept):
    """One that the generated code does not know."""


def _derived(key: str, source: Any) -> Any:
    return source.get(key)


class Late:
    """Something to await, which nobody misses if it is not."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, None, Any]:
        return self._work().__await__()

    def __repr__(self) -> str:
        return "something late"


Maker = Callable[[], Any]


def value_by_chance(chance: Chance, type_: Any, depth: int) -> Maker:
    """Makes a value for a type, mostly a fitting one, possibly late, possibly an error."""
    make = _value(chance, type_, depth)
    if not chance.rarely(8):
        return make
    ticks, fails, kind = chance.number(2), chance.in_(3), chance.number(3)

    async def later() -> Any:
        for _ in range(ticks):
            await asyncio.sleep(0)
        if fails:
            raise ValueError("late")
        return make()

    def call(info: Any, **arguments: Any) -> Any:
        log: Log = info.context
        log.events.append(f"called {info.path.as_list()} {arguments}")
        if fails:
            raise KeyError("at once")
        return make()

    def future() -> Any:
        return asyncio.ensure_future(later())

    return [lambda: Late(later), lambda: call, lambda: ValueError("given"), future][kind]


def _value(chance: Chance, type_: Any, depth: int) -> Maker:
    if isinstance(type_, GraphQLNonNull):
        return _value(chance, type_.of_type, depth)
    if depth == 0 or chance.in_(20):
        return lambda: None
    if isinstance(type_, GraphQLList):
        if chance.rarely(12):
            return lambda: 5
        items = [value_by_chance(chance, type_.of_type, depth - 1) for _ in range(chance.number(4))]
        container: Any = chance.one([list, list, tuple, iter]) if chance.rarely(1) else list
        return lambda: container([item() for item in items])
    if is_leaf_type(type_):
        value = chance.one(LEAVES)
        if not chance.rarely(8):
            value = {
                "Int": 7,
                "Float": 1.5,
                "String": "text",
                "ID": "N1",
                "Shout": "word",
                "Boolean": True,
                "Colour": "RED",
            }.get(type_.name, value)
        return lambda: value
    return _record(chance, type_, depth)


def _record(chance: Chance, type_: Any, depth: int) -> Maker:
    possible = [type_] if isinstance(type_, GraphQLObjectType) else list(_Schema.current.get_possible_types(type_))
    actual: Any = chance.one(possible) if possible and not chance.rarely(12) else _Schema.current.type_map["A"]
    makers = {name: _field_value(chance, plan, depth - 1) for name, plan in actual.fields.items()}
    known = {"kind": actual.name, "__typename": actual.name} if not chance.in_(12) else {}
    odd = chance.rarely(4)
    container: Any = Thing if odd else dict
    if SOURCE in actual.extensions:
        container = LikeKept if odd else Kept
    return lambda: container({**known, **{name: make() for name, make in makers.items()}})


def _field_value(chance: Chance, plan: GraphQLField, depth: int) -> Maker:
    """What an object has for a field: a value, or the keys by which a loader has it."""
    if not isinstance(plan.resolve, Load):
        return value_by_chance(chance, plan.type, depth)
    if depth <= 0 or chance.in_(8):
        return lambda: None
    if not plan.resolve.many:
        return partial(_same, _kept(chance, _held(plan.type, leaves=True), depth))
    item = _held(_held(plan.type, leaves=True).of_type, leaves=True)
    keys = [None if chance.in_(12) else _kept(chance, item, depth) for _ in range(chance.number(3))]
    return lambda: list(keys)


def _same(value: T) -> T:
    return value


def _kept(chance: Chance, type_: Any, depth: int) -> int:
    """The key of something that the loader has: mostly a fitting value, now and then an error or something else."""
    kept = _Schema.kept
    if kept and chance.in_(4):
        return chance.number(len(kept) - 1)
    make = _record if isinstance(type_, GraphQLObjectType) else value_by_chance
    maker = make(chance, type_, depth) if not chance.in_(12) else chance.one(WRONG)
    kept.append(maker)
    return len(kept) - 1


WRONG: list[Maker] = [lambda: None, lambda: ValueError("no such"), lambda: 5, lambda: Late(_late), list]


async def _late() -> Any:
    raise ValueError("late")


@dataclass
class Shelf:
    """What loaders have, which comes some ticks after it was asked for."""

    kept: list[Maker]
    ticks: int
    plain: bool
    """Whether the loader is a plain dataloader, which does not load together."""

    def loader(self, log: Log) -> Any:
        return DataLoader(partial(self._each, log), cache=False) if self.plain else _Loader(partial(self._each, log))

    async def _each(self, log: Log, keys: list[int]) -> list[Any]:
        log.batches += 1
        for _ in range(self.ticks):
            await asyncio.sleep(0)
        return [self._one(key) for key in keys]

    def _one(self, key: Any) -> Any:
        return (
            self.kept[key]() if type(key) is int and key < len(self.kept) else ValueError(f"nothing has the key {key}")
        )


class _Loader(Loader[int, Any]):
    def __init__(self, find: Callable[[list[int]], Coroutine[Any, Any, list[Any]]]) -> None:
        super().__init__()
        self._find = find

    async def look_up(self, keys: list[int]) -> dict[int, Any]:
        return dict(zip(keys, await self._find(keys), strict=True))


class _Schema:
    current: GraphQLSchema
    kept: list[Maker]


def case_of(seed: int) -> Case:
    """Everything for a run; the same seed always makes the same."""
    chance = Chance(Random(seed))
    chance.tidy = chance.in_(2)
    schema = _Schema.current = schema_by_chance(chance)
    document = document_by_chance(chance, schema)
    root = schema.get_root_type(OperationType(document.split()[0]))
    kept = _Schema.kept = []
    given: list[dict[str, Any]] = [{}, {"x": 3}, {"t": False, "f": True}, {"t": False}, {"y": None}]
    if chance.in_(6):
        given += [{"f": None}, {"x": "no"}]
    variables = [chance.one(given), chance.one(given)]
    made = _record(chance, root, 6)
    shelf = Shelf(kept, chance.number(3), plain=chance.in_(3))
    return Case(schema, document, variables, made, shelf.loader)
