"""What a request selects below a field, read ahead so that nothing else is asked of the stores."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    Node,
    SelectionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import get_argument_values, get_directive_values
from graphql.pyutils import Undefined
from graphql.type import get_named_type

from execution.fields import FieldNodes
from schema.info import Info

T = TypeVar("T")
MAX_KEPT = 64
"""Ways that the variables below one field may be set of which is kept what was made."""


@dataclass(frozen=True)
class Selection:
    """The fields that are selected below some field nodes of one request."""

    info: Info
    nodes: tuple[FieldNode, ...]
    types: frozenset[str] | None = None
    """The type of what is selected from and its interfaces, where only fragments on these are opened."""

    @classmethod
    def below(cls, info: Info) -> "Selection":
        """What is selected below the field that is being resolved."""
        return cls(info, tuple(info.field_nodes))

    def fields(self) -> Iterator[FieldNode]:
        """Every field selected one level down, fragments opened, `@skip` and `@include` obeyed."""
        for node in self.nodes:
            if node.selection_set:
                yield from self._walk(node.selection_set.selections)

    def named(self, name: str) -> "Selection":
        """What is selected below the fields called `name`, whatever their aliases are."""
        return Selection(self.info, tuple(node for node in self.fields() if node.name.value == name))

    def by_response_key(self) -> Mapping[str, "Selection"]:
        """What is selected one level down, by the names in the answer."""
        found: dict[str, list[FieldNode]] = {}
        for node in self.fields():
            found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return {key: Selection(self.info, tuple(nodes)) for key, nodes in found.items()}

    @property
    def names(self) -> set[str]:
        return {node.name.value for node in self.fields()}

    @property
    def name(self) -> str:
        return self.nodes[0].name.value

    def __bool__(self) -> bool:
        return bool(self.nodes)

    def arguments(self, field: GraphQLField) -> dict[str, Any]:
        """The coerced arguments of the field."""
        return get_argument_values(field, self.nodes[0], self.info.variable_values)

    def _walk(self, selections: tuple[SelectionNode, ...] | list[SelectionNode]) -> Iterator[FieldNode]:
        for selection in selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                yield from self._opened(selection)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self._opened(fragment_of(self.info, selection.name.value))

    def _opened(self, fragment: InlineFragmentNode | FragmentDefinitionNode) -> Iterator[FieldNode]:
        on = fragment.type_condition
        if self.types is None or on is None or on.name.value in self.types:
            yield from self._walk(fragment.selection_set.selections)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        variables = self.info.variable_values
        skip = get_directive_values(GraphQLSkipDirective, node, variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, variables)
        return not include or bool(include["if"])


class Remembered(Generic[T]):
    """What `make` makes of what is selected below a field: once for a document and the variables that are used there.

    Only of fields that the compiled executor runs; otherwise it is made each time.
    """

    def __init__(self, make: Callable[[Selection], T]) -> None:
        self._make = make
        self._kept: WeakKeyDictionary[FieldNodes, _Kept[T]] = WeakKeyDictionary()

    def below(self, info: Info) -> T:
        """What is made of what is selected below the field that is being resolved."""
        nodes = info.field_nodes
        if type(nodes) is not FieldNodes:
            return self._make(Selection.below(info))
        kept = self._kept.get(nodes)
        if kept is None:
            kept = self._kept[nodes] = _Kept(tuple(_variables(info)))
        values = info.variable_values.coerced
        key = tuple([values.get(name, Undefined) for name in kept.variables])
        try:
            if key in kept.made:
                return kept.made[key]
        except TypeError:  # lists and objects
            return self._make(Selection.below(info))
        if len(kept.made) >= MAX_KEPT:
            kept.made.clear()
        made = kept.made[key] = self._make(Selection.below(info))
        return made


class _Kept(Generic[T]):
    """What was made of one field, by the values of the variables that are used below it."""

    __slots__ = ("made", "variables")

    def __init__(self, variables: tuple[str, ...]) -> None:
        self.variables = variables
        self.made: dict[tuple[Any, ...], T] = {}


def _variables(info: Info) -> set[str]:
    """The variables that are used below a field, in fragments too."""
    found: set[str] = set()
    seen: set[str] = set()
    pending: list[Node] = [node.selection_set for node in info.field_nodes if node.selection_set]

    class Uses(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found.add(node.name.value)

        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            if (name := node.name.value) not in seen:
                seen.add(name)
                pending.append(fragment_of(info, name))

    uses = Uses()
    while pending:
        visit(pending.pop(), uses)
    return found


def fragment_of(info: Info, name: str) -> FragmentDefinitionNode:
    """The fragment of this name in the document of a request."""
    found: Any = info.fragments[name]
    definition: FragmentDefinitionNode = getattr(found, "definition", found)
    return definition


def object_type(field: GraphQLField) -> GraphQLObjectType:
    """The object type that a field gives, lists and non-null left aside."""
    named = get_named_type(field.type)
    assert isinstance(named, GraphQLObjectType)
    return named
