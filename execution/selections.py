"""What an operation selects of each type, collected once for each way its `@skip` and `@include` turn out."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from execution.fields import FieldPlan
from execution.generated import generate
from execution.reads import source_class


class Selection:
    """The fields that are selected of an object type in one place."""

    def __init__(self, schema: GraphQLSchema, parent: GraphQLObjectType, grouped: GroupedFieldSet) -> None:
        self.grouped = grouped
        planned = [FieldPlan.of(schema, parent, key, details) for key, details in grouped.items()]
        self.fields: list[FieldPlan] = [field for field in planned if field is not None]
        code = generate(source_class(parent), self.fields)
        self.of_source: Callable[..., Any] = code.of_source
        self.of_sources: Callable[..., Any] | None = code.of_sources


class Selections:
    """The selections of one operation, as far as they were needed; a failed collection is not kept."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: dict[str, FragmentDetails]
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._root: Selection | None = None
        # The lists are held by the plans of their fields, which live as long as this.
        self._below: dict[tuple[GraphQLObjectType, int], Selection] = {}

    def root(self, values: VariableValues, root_type: GraphQLObjectType) -> Selection:
        """What is selected of the root type."""
        if self._root is None:
            collected = collect_fields(self._schema, self._fragments, values, root_type, self._operation)
            self._root = Selection(self._schema, root_type, collected.grouped_field_set)
        return self._root

    def below(self, values: VariableValues, of: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        """What is selected of an object type below some field."""
        key = (of, id(details))
        found = self._below.get(key)
        if found is None:
            collected = collect_subfields(self._schema, self._fragments, values, self._operation, of, details)
            found = self._below[key] = Selection(self._schema, of, collected.grouped_field_set)
        return found
