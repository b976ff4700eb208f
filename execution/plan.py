"""What is known of a document before it runs: its operations, and what each selects."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    assert_valid_schema,
    execute,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import Undefined

from execution.run import Run
from execution.selections import Selections

MAX_VARIANTS = 64
"""Ways that `@skip` and `@include` of one operation may turn out which are kept."""

OnHanded = Callable[[str], None]
"""Called with the reason whenever a run is left to graphql-core."""
Variables = dict[str, Any] | None
Started = ExecutionResult | Awaitable[ExecutionResult]


class Plan:
    """A valid document that can be run any number of times, at the same time too."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, on_handed: OnHanded = lambda reason: None
    ) -> None:
        assert_valid_schema(schema)
        self.schema = schema
        self.document = document
        self._on_handed = on_handed
        fragments = [d for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        uses = _Uses()
        visit(document, uses)
        self._reason = uses.beyond or _beyond(schema)
        self._operations = {
            operation.name.value if operation.name else None: Operation(schema, operation, fragments, uses.conditions)
            for operation in operations
        }
        if len(operations) == 1:
            self._operations[None] = next(iter(self._operations.values()))
        else:
            self._operations.pop(None, None)

    async def execute(
        self,
        operation_name: str | None = None,
        variables: Variables = None,
        root: object = None,
        context: object = None,
    ) -> ExecutionResult:
        """Run an operation to its end."""
        result = self.start(operation_name, variables, root, context)
        return result if isinstance(result, ExecutionResult) else await result

    def start(
        self,
        operation_name: str | None = None,
        variables: Variables = None,
        root: object = None,
        context: object = None,
    ) -> Started:
        """Run an operation; the result itself where no resolver has to be awaited."""
        operation = self._operations.get(operation_name)
        reason = self._reason or ("unknown operation" if operation is None else "")
        if operation is None or reason:
            self._on_handed(reason)
            return execute(self.schema, self.document, root, context, variables, operation_name)
        return operation.start(variables, root, context)


class Operation:
    """One operation of a document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: list[FragmentDefinitionNode],
        conditions: frozenset[str],
    ) -> None:
        self.schema = schema
        self.node = node
        self.fragment_definitions = {fragment.name.value: fragment for fragment in fragments}
        self.fragments = {name: FragmentDetails(fragment) for name, fragment in self.fragment_definitions.items()}
        self._conditions = sorted(conditions)
        self._variants: dict[tuple[Any, ...], Selections] = {}
        self._constant = _constant(schema, node)

    def start(self, variables: Variables, root: object, context: object) -> Started:
        if self._constant:
            return ExecutionResult(dict(self._constant))
        values = get_variable_values(
            self.schema, self.node.variable_definitions or (), variables or {}, max_errors=50, hide_suggestions=False
        )
        if isinstance(values, list):
            return ExecutionResult(None, values)
        selections = self._selections(values)
        run = Run(self.schema, self.fragment_definitions, self.fragments, self.node, values, root, context, selections)
        return run.execute()

    def _selections(self, values: VariableValues) -> Selections:
        key = tuple(values.coerced.get(name, Undefined) for name in self._conditions)
        found = self._variants.get(key)
        if found is None:
            if len(self._variants) >= MAX_VARIANTS:
                self._variants.clear()
            found = self._variants[key] = Selections(self.schema, self.node, self.fragments)
        return found


def _constant(schema: GraphQLSchema, node: OperationDefinitionNode) -> dict[str, Any]:
    """The data of an operation that asks for nothing but names of types, as checks of health do; else nothing."""
    root = schema.get_root_type(node.operation)
    selected = node.selection_set.selections
    if root is None or node.variable_definitions:
        return {}
    if any(not isinstance(one, FieldNode) or one.name.value != "__typename" or one.directives for one in selected):
        return {}
    fields = [one for one in selected if isinstance(one, FieldNode)]
    return {(one.alias or one.name).value: root.name for one in fields}


class _Uses(Visitor):
    """What a document uses: the variables of its conditions, and what only graphql-core runs."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: frozenset[str] = frozenset()
        self.beyond = ""

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        name = node.name.value
        if name in ("defer", "stream"):
            self.beyond = f"@{name}"
        elif name in ("skip", "include"):
            self.conditions |= frozenset(_variables(node))

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        if node.variable_definitions:
            self.beyond = "variables of a fragment"


def _variables(node: DirectiveNode) -> Iterator[str]:
    for argument in node.arguments or ():
        value: Node = argument.value
        if isinstance(value, VariableNode):
            yield value.name.value


def _beyond(schema: GraphQLSchema) -> str:
    return next((f"@{name}" for name in ("defer", "stream") if schema.get_directive(name)), "")
