"""Documents: from a request's parameters to one that is parsed and validated, remembered by its text."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from errors import BadUserInput, CostExceeded, PersistedQueryNotFound, RequestRefused
from metrics import DOCUMENTS
from schema.endpoint.request import Parameters
from schema.errors import Stage

DocumentSource = Callable[[Parameters, Any], Awaitable[str]]
"""`(parameters, context)` to the text of the document that the parameters mean.

Persisted and trusted documents are other sources; `sent_text` takes only what is sent.
"""

UPSERT = "upsert"


async def sent_text(parameters: Parameters, _context: object) -> str:
    """The document's text, which must have been sent. Raises `PersistedQueryNotFound` if only its hash was."""
    if parameters.query:
        return parameters.query
    if "persistedQuery" in (parameters.extensions or {}):
        # Clients look for this very message, then send the text.
        raise PersistedQueryNotFound("PersistedQueryNotFound")
    raise RequestRefused(400, "The parameter `query` is missing.", "Send the text of an operation.")


class DocumentRefused(Exception):
    """A document that does not parse or is not valid, with each reason."""

    def __init__(self, errors: Sequence[GraphQLError], stage: Stage) -> None:
        self.errors = errors
        self.stage = stage
        super().__init__(errors[0].message)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document; `upserts` when a root field writes many records."""

    node: OperationDefinitionNode
    type: OperationType
    upserts: bool

    @property
    def name(self) -> str | None:
        """The name that the document gives it."""
        return self.node.name.value if self.node.name else None


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Document:
    """A valid document. Compared by identity, so that an executor can keep its plans in a weak dictionary."""

    ast: DocumentNode
    operations: Mapping[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises `BadUserInput`."""
        if name is not None:
            if name in self.operations:
                return self.operations[name]
            raise BadUserInput(f"The document has no operation named {name!r}.")
        if len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if self.operations:
            raise BadUserInput("The document has several operations.", "Name one in `operationName`.")
        raise BadUserInput("The document has no operation.")


class Documents:
    """Parses and validates against a schema, and remembers what was valid, the last used longest.

    What is remembered is bounded by count and by characters of text, each of which takes about 140 bytes
    of the parsed document; a document of more than a tenth of that is not remembered.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        max_tokens: int,
        introspection: bool = True,
        max_documents: int = 1_000,
        max_characters: int = 250_000,
    ) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        self._introspection = introspection
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._max_documents = max_documents
        self._max_characters = max_characters
        self._characters = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def prepare(self, text: str) -> Document:
        """The valid document of `text`. Raises `DocumentRefused` or `CostExceeded`."""
        document = self._kept.get(text)
        if document is None:
            document = self._validated(_parse(text, self._max_tokens))
            self._keep(text, document)
            DOCUMENTS.labels("made").inc()
        else:
            self._kept.move_to_end(text)
            DOCUMENTS.labels("kept").inc()
        return document

    def _validated(self, ast: DocumentNode) -> Document:
        if errors := validate(self._schema, ast, self._rules, hide_suggestions=not self._introspection):
            # So ends what graphql-core gave up: nested too deeply through fragments, or too much to compare.
            if errors[-1].message == "Validation aborted.":
                raise CostExceeded("The document is too complex to be validated.", "Ask for less at once.")
            raise DocumentRefused(errors, Stage.VALIDATION)
        return Document(ast, _operations(ast))

    def _keep(self, text: str, document: Document) -> None:
        if len(text) > self._max_characters // 10:
            return
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > self._max_documents or self._characters > self._max_characters:
            oldest, _ = self._kept.popitem(last=False)
            self._characters -= len(oldest)


def _parse(text: str, max_tokens: int) -> DocumentNode:
    try:
        return _unlinked(parse(text, max_lexical_tokens=max_tokens, max_comments=max_tokens))
    except GraphQLSyntaxError as error:
        # So end the messages of graphql-core's own limits: tokens, comments, nesting.
        if error.message.endswith("Parsing aborted."):
            raise CostExceeded(error.message.removeprefix("Syntax Error: ").removesuffix(" Parsing aborted.")) from None
        raise DocumentRefused([error], Stage.PARSING) from None


def _unlinked(ast: DocumentNode) -> DocumentNode:
    """The document without the list that its tokens are linked to: those between nodes take as much memory as the rest,
    and what goes round in circles waits for the garbage collector, which looks seldom.
    """
    token = ast.loc.start_token if ast.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    return ast


def _operations(ast: DocumentNode) -> dict[str | None, Operation]:
    fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
    operations: dict[str | None, Operation] = {}
    for node in ast.definitions:
        if isinstance(node, OperationDefinitionNode):
            upserts = node.operation is OperationType.MUTATION and _upserts(node.selection_set, fragments)
            operations[node.name.value if node.name else None] = Operation(node, node.operation, upserts)
    return operations


def _upserts(root: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    """Whether a field at the root upserts; each fragment is looked into once, however often it is spread."""
    seen: set[str] = set()
    open_sets = [root]
    while open_sets:
        for selection in open_sets.pop().selections:
            if isinstance(selection, FieldNode):
                if selection.name.value.startswith(UPSERT):
                    return True
            elif isinstance(selection, InlineFragmentNode):
                open_sets.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and (name := selection.name.value) not in seen:
                seen.add(name)
                open_sets.append(fragments[name].selection_set)
    return False
