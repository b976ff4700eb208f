"""Plans by their document's text: parsed, validated and compiled once, as many kept as there is room for."""

from collections import OrderedDict

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

from execution.plan import Plan


def compile_document(schema: GraphQLSchema, document: DocumentNode) -> Plan:
    """The plan of a valid document; what it selects is collected when it first runs."""
    return Plan(schema, document)


class CompiledDocuments:
    """The plans of one schema, the least recently used forgotten first."""

    def __init__(self, schema: GraphQLSchema, size: int = 1_000) -> None:
        self._schema = schema
        self._size = size
        self._plans: OrderedDict[str, Plan | list[GraphQLError]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._plans)

    def plan(self, text: str) -> Plan | list[GraphQLError]:
        """The plan of a document, or why it is none: errors of its syntax or of its validation."""
        plan = self._plans.get(text)
        if plan is None:
            plan = self._plans[text] = self._compile(text)
            if len(self._plans) > self._size:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(text)
        return plan

    def _compile(self, text: str) -> Plan | list[GraphQLError]:
        try:
            document = parse(text)
        except GraphQLError as error:
            return [error]
        return validate(self._schema, document) or compile_document(self._schema, document)
