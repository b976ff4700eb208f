"""What a request selects below a field, read ahead so that nothing else is asked of the stores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
)
from graphql.execution.values import get_argument_values, get_directive_values
from graphql.type import get_named_type

from schema.info import Info


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
                yield from self._opened(self._fragment(selection.name.value))

    def _opened(self, fragment: InlineFragmentNode | FragmentDefinitionNode) -> Iterator[FieldNode]:
        on = fragment.type_condition
        if self.types is None or on is None or on.name.value in self.types:
            yield from self._walk(fragment.selection_set.selections)

    def _fragment(self, name: str) -> FragmentDefinitionNode:
        found: Any = self.info.fragments[name]
        definition: FragmentDefinitionNode = getattr(found, "definition", found)
        return definition

    def _included(self, node: SelectionNode) -> bool:
        variables = self.info.variable_values
        skip = get_directive_values(GraphQLSkipDirective, node, variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, variables)
        return not include or bool(include["if"])


def object_type(field: GraphQLField) -> GraphQLObjectType:
    """The object type that a field gives, lists and non-null left aside."""
    named = get_named_type(field.type)
    assert isinstance(named, GraphQLObjectType)
    return named
