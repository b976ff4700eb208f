"""One selected field: how it is resolved and completed, decided before anything runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    TypeNameMetaFieldDef,
    VariableNode,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import to_nodes
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, Undefined, is_awaitable

from execution.leaves import names, ready
from execution.reads import LEAVES_ARGUMENTS, Derive, Load, Loader, Named, Read, TypeOf, source_class

if TYPE_CHECKING:
    from execution.run import Run
    from execution.selections import Alternatives, Selection

Info = GraphQLResolveInfo[Any]


class FieldNodes(list[FieldNode]):
    """The nodes of a selected field. All runs of a plan give resolvers the same object, and nothing holds it but the
    plan, so that what a resolver makes of them can be kept by it, weakly.
    """

    __slots__ = ("__weakref__",)

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


_IMMUTABLE = (str, int, float, bool, type(None))


class FieldPlan:
    """A field of an object type, under the name it has in the answer."""

    __slots__ = (
        "_arguments", "abstract", "below", "details", "field", "item_ready", "item_type", "items_needed", "key",
        "leaf", "load", "name", "names", "nodes", "nullable", "parent", "read", "ready", "record", "record_class",
        "records", "resolve", "takes_arguments", "type", "typename",
    )  # fmt: skip

    def __init__(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList, field: GraphQLField) -> None:
        node = details[0].node
        self.parent, self.key, self.details, self.field = parent, key, details, field
        self.nodes = FieldNodes(to_nodes(details))
        self.name = node.name.value
        self.type: GraphQLOutputType = field.type
        self.resolve = field.resolve
        self.read = _read_of(field.resolve, key)
        self.load = field.resolve if isinstance(field.resolve, Load) else None
        self.typename = field is TypeNameMetaFieldDef
        self.takes_arguments = bool(field.args or node.arguments)
        self._arguments = None if _has_variables(details) else self._constant_arguments()
        self.nullable = not isinstance(field.type, GraphQLNonNull)
        named = _named(field.type)
        self.leaf: GraphQLLeafType | None = named if is_leaf_type(named) else None
        self.ready = None if self.leaf is None else ready(self.leaf)
        self.names = None if self.leaf is None else names(self.leaf)
        self.record = named if _is_plain(named) else None
        self.item_type: Any = named.of_type if isinstance(named, GraphQLList) else None
        self.items_needed = isinstance(self.item_type, GraphQLNonNull)
        item = _named(self.item_type)
        self.records = item if _is_plain(item) else None
        self.item_ready = ready(item) if is_leaf_type(item) else None
        self.abstract = next((one for one in (named, item) if _is_told_by_what_it_has(one)), None)
        held = self.record or self.records
        self.record_class = source_class(held) if held else dict
        self.below: Selection | Alternatives | None = None
        """What is selected of the objects that the field gives, where nothing of it has to be called."""

    @classmethod
    def of(
        cls, schema: GraphQLSchema, parent: GraphQLObjectType, key: str, details: FieldDetailsList
    ) -> "FieldPlan | None":
        """The plan of a field, or nothing where the type has no such field."""
        field = schema.get_field(parent, details[0].node.name.value)
        return FieldPlan(parent, key, details, field) if field else None

    @property
    def holds(self) -> GraphQLObjectType | None:
        """The type of the objects that the field gives without their being called for, one or a list of them."""
        if self.load and self._takes_what_it_may:
            return self.records if self.load.many else self.record
        if self.takes_arguments and self._arguments is None:
            return None
        return (self.record or self.records) if self._reads else None

    @property
    def is_list(self) -> bool:
        return self.item_type is not None

    @property
    def is_quiet(self) -> bool:
        """Whether what the object has, or a loader, is all there is to the field, if it is as it should be."""
        if self.typename:
            return True
        if not self._takes_what_it_may or not (self.load or self._reads):
            return False
        if self.load and self.load.many:
            return self.below is not None
        return bool(self.below or self.ready or self.names is not None or self.item_ready)

    @property
    def loads(self) -> bool:
        """Whether a loader is asked for the field, or for what is nested in it."""
        return self.load is not None or (self.below is not None and self.below.loads)

    @property
    def _takes_what_it_may(self) -> bool:
        """Whether the arguments can be left to the loader, or are sure to be right."""
        asks = self.load is not None and self.load.asks and not self.load.many
        return asks or not self.takes_arguments or self._arguments is not None

    @property
    def _reads(self) -> bool:
        return self.read is not None or (self.resolve is None and source_class(self.parent) is dict)

    def execute(self, run: "Run", source: Any, prev: Path | None) -> Any:
        """The completed value of the field, or an awaitable of it; errors are handled as graphql-core does."""
        info = path = None
        try:
            arguments = self.arguments(run) if self.takes_arguments else {}
            if self.read is not None:
                value = self.read(source, None)
            elif self.resolve is None:
                value = _read(source, self.name)
                if callable(value):
                    path = Path(prev, self.key, self.parent.name)
                    info = self.info(run, path)
                    value = value(info, **arguments)
            else:
                path = Path(prev, self.key, self.parent.name)
                info = self.info(run, path)
                value = self.resolve(source, info, **arguments)
            if self.ready is not None and self.ready.check(value):
                return value
            path = path or Path(prev, self.key, self.parent.name)
            if is_awaitable(value):
                return self._awaited(run, value, path, info)
            completed = self.complete(run, value, path, info)
            return self._completed(run, completed, path) if is_awaitable(completed) else completed
        except Exception as error:  # noqa: BLE001 - whatever a resolver raises is an error of its field
            path = path or Path(prev, self.key, self.parent.name)
            run.handle_field_error(error, self.type, self.details, path)
            return None

    def complete(self, run: "Run", value: Any, path: Path, info: Info | None) -> Any:
        """Complete a value that was resolved; records and leaves take the short way."""
        if self.record is not None and type(value) is self.record_class:
            return run.selection(self.record, self.details).of_source(run, value, path)
        if self.records is not None and type(value) is list:
            return run.complete_records(self, value, path, info)
        if self.abstract is not None and self.below is not None:
            answered = self._answered(value)
            if answered is not None:
                return answered
        if self.leaf is not None and value is not None and value is not Undefined and not isinstance(value, Exception):
            return run.complete_leaf_value(self.leaf, value)
        info = info or self.info(run, path)
        return run.complete_value(self.type, self.details, info, path, value, None)

    def loaded(self, value: Any, noted: list[Any]) -> Any:
        """The answer of a value of a loader, with what that asks of loaders; nothing where it takes the long way."""
        if self.below is not None:
            assert self.below.answer
            return self.below.answer(value, noted)
        if self.names is not None:
            return self.names.get(value) if type(value) is str else None
        if self.item_ready is None:
            return value if self.ready is not None and self.ready.check(value) else None
        if type(value) is not list:
            return None
        fits = all((one is None and not self.items_needed) or self.item_ready.check(one) for one in value)
        return value if fits else None

    def _answered(self, value: Any) -> Any:
        """The answer of a value of an abstract type, or of a list of such; nothing where it takes the long way."""
        assert self.below is not None
        assert self.below.answer
        assert self.below.answers
        if not self.is_list:
            return self.below.answer(value, [])
        results: list[Any] = []
        return results if type(value) is list and not self.below.answers(value, results.append, [], None) else None

    def info(self, run: "Run", path: Path | None) -> Info:
        """What a resolver is told of the field and the request; a loader is not told of a path."""
        return run.build_resolve_info(self.field, self.nodes, self.parent, path)  # type: ignore[arg-type]

    def loader(self, run: "Run") -> Loader:
        """The loader of a field that is loaded; raises for arguments that can't be coerced."""
        assert self.load
        if not self.load.asks:
            return self.load.loader(run.context_value)
        return self.load.loader(run.context_value, self.info(run, None), self.arguments(run))

    def arguments(self, run: "Run") -> dict[str, Any]:
        """The coerced arguments; raises for those that can't be."""
        if self._arguments is not None:
            return self._arguments
        found = run.known_arguments.get(self)
        if found is None:
            found = get_argument_values(self.field, self.details[0].node, run.variable_values)
            if self._may_share(found):
                run.known_arguments[self] = found
        return found

    def _constant_arguments(self) -> dict[str, Any] | None:
        """Arguments that are the same in every run, unless they are wrong or could be changed by a resolver."""
        try:
            found = get_argument_values(self.field, self.details[0].node)
        except GraphQLError:  # they are coerced again when the field runs, where the error belongs
            return None
        return found if self._may_share(found) else None

    def _may_share(self, arguments: dict[str, Any]) -> bool:
        """Whether several calls may get the same arguments."""
        leaves = LEAVES_ARGUMENTS in self.field.extensions or (self.load is not None and self.load.asks)
        return leaves or all(type(one) in _IMMUTABLE for one in arguments.values())

    async def _awaited(self, run: "Run", value: Any, path: Path, info: Info | None) -> Any:
        try:
            resolved = await value
            if self.ready is not None and self.ready.check(resolved):
                return resolved
            completed = self.complete(run, resolved, path, info)
            return await completed if is_awaitable(completed) else completed
        except Exception as error:  # noqa: BLE001 - as above
            run.handle_field_error(error, self.type, self.details, path)
            return None

    async def _completed(self, run: "Run", completed: Any, path: Path) -> Any:
        try:
            return await completed
        except Exception as error:  # noqa: BLE001 - as above
            run.handle_field_error(error, self.type, self.details, path)
            return None


def _read_of(resolve: Any, key: str) -> Read | Derive | None:
    if isinstance(resolve, Named):
        return resolve.under(key)
    return resolve if isinstance(resolve, Read | Derive) else None


def _read(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _has_variables(details: FieldDetailsList) -> bool:
    """Whether a variable is used in the arguments, however deep."""
    pending: list[Any] = [argument.value for argument in details[0].node.arguments or ()]
    while pending:
        value = pending.pop()
        if isinstance(value, VariableNode):
            return True
        pending += getattr(value, "values", ()) or ()
        pending += [field.value for field in getattr(value, "fields", ()) or ()]
    return False


def _named(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _is_told_by_what_it_has(named: Any) -> bool:
    return isinstance(named, GraphQLInterfaceType | GraphQLUnionType) and isinstance(named.resolve_type, TypeOf)


def _is_plain(named: Any) -> bool:
    return isinstance(named, GraphQLObjectType) and named.is_type_of is None
