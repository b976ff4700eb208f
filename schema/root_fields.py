"""The fields at the root of an operation, each as an operation of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode
from graphql.execution import Executor
from graphql.execution.collect_fields import collect_fields

from schema.endpoint.documents import Document, Operation


@dataclass(frozen=True)
class RootField:
    """A field by its name in the answer, its type, and the operation that asks for it alone."""

    name: str
    type: str
    document: Document
    operation: Operation


def root_fields(
    schema: GraphQLSchema, document: Document, operation: Operation, variables: Mapping[str, Any]
) -> list[RootField]:
    """Fragments opened, `@skip` and `@include` obeyed; none where the variables are not the operation's."""
    built = Executor.build(schema, document.ast, raw_variable_values=dict(variables), operation_name=operation.name)
    root = schema.get_root_type(operation.type)
    if isinstance(built, list) or root is None:
        return []
    fragments = [node for node in document.ast.definitions if isinstance(node, FragmentDefinitionNode)]
    found = []
    collected = collect_fields(
        schema, built.fragments, built.variable_values, root, built.operation, hide_suggestions=False
    )
    for name, details in collected.grouped_field_set.items():
        nodes = [one.node for one in details]
        field = schema.get_field(root, nodes[0].name.value)
        alone = _selecting(operation.node, nodes)
        own = replace(operation, node=alone)
        ast = type(document.ast)(definitions=(alone, *fragments))
        found.append(RootField(name, str(field.type) if field else "", Document(ast, {own.name: own}), own))
    return found


def _selecting(operation: OperationDefinitionNode, nodes: list[Any]) -> OperationDefinitionNode:
    kept = {key: getattr(operation, key) for key in operation.keys}
    return OperationDefinitionNode(**{**kept, "selection_set": SelectionSetNode(selections=tuple(nodes))})
