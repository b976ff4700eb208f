"""Documents: from a text to one that is parsed, validated and measured, remembered by its text and its hash."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
    specified_rules,
    validate,
)

from config import Settings
from errors import BadUserInput, CostExceeded
from metrics import DOCUMENTS
from schema.endpoint.costs import Costs
from schema.endpoint.formulas import Result, Variables
from schema.endpoint.nesting import check_nesting
from schema.endpoint.parsing import MANY, QUESTION_TOKENS, DocumentRefused, parse_document, without_repeats
from schema.endpoint.request import Parameters
from schema.errors import Stage

UPSERT = "upsert"
MAX_SAFE_INTEGER = 2**53 - 1
"""The largest that every client reads as it was written."""
MAX_COMPARISONS = 250_000
"""What validation may spend on comparing the fields that are one in the answer; graphql-core's own is a second."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be, and what an operation may cost; no page has more than `max_first` objects."""

    max_tokens: int = 5_000
    max_depth: int = 15
    max_aliases: int = 100
    max_cost: int = 50_000
    max_first: int = 1_000

    @classmethod
    def of(cls, settings: Settings) -> "DocumentLimits":
        """The limits that the settings give."""
        return cls(settings.max_tokens, settings.max_depth, settings.max_aliases, settings.max_cost, settings.max_first)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document; `upserts` when a root field writes many records.

    `cost` is what it may cost with which variables, of which `max_cost` is allowed; `always_allowed` if no variable can
    make it more.
    """

    node: OperationDefinitionNode
    type: OperationType
    upserts: bool
    cost: Result
    max_cost: int
    always_allowed: bool

    @property
    def name(self) -> str | None:
        """The name that the document gives it."""
        return self.node.name.value if self.node.name else None

    def check_cost(self, variables: Variables | None) -> None:
        """Raises `CostExceeded` where it may cost more, with these variables, than is allowed."""
        if self.always_allowed:
            return
        cost = self.cost.of(variables)
        if cost > self.max_cost:
            raise CostExceeded(
                f"The operation may cost {cost:,}; {self.max_cost:,} is allowed.",
                "Ask for fewer with `first`, or for less in lists of lists.",
            )

    def asked_report(self, parameters: Parameters) -> dict[str, Any] | None:
        """What `extensions` of the answer say of its cost, if those of the request have `"cost": true`."""
        if (parameters.extensions or {}).get("cost") is not True:
            return None
        requested = min(self.cost.of(parameters.variables), MAX_SAFE_INTEGER)
        return {"cost": {"requested": requested, "limit": self.max_cost}}


@dataclass(eq=False, slots=True, weakref_slot=True)
class Document:
    """A valid document. Compared by identity, so that an executor can keep its plans in a weak dictionary."""

    ast: DocumentNode
    operations: Mapping[str | None, Operation]
    digest: str | None = field(default=None, init=False)
    """The hash by which somebody has named it."""

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


class _Merging(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS


class Documents:
    """Parses, validates and measures by a schema, and remembers what was valid, the last used longest.

    What is remembered is bounded by count and by characters of text, each of which takes about 140 bytes
    of the parsed document; a document of more than a tenth of that is not remembered.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: DocumentLimits | None = None,
        *,
        introspection: bool = True,
        max_documents: int = 1_000,
        max_characters: int = 250_000,
    ) -> None:
        self._schema = schema
        self.limits = limits or DocumentLimits()
        self._costs = Costs(schema, self.limits.max_first, max(self.limits.max_tokens, QUESTION_TOKENS))
        self.introspection = introspection
        rules = [_Merging if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]
        self._rules = rules if introspection else [*rules, NoSchemaIntrospectionCustomRule]
        self._max_documents = max_documents
        self._max_characters = max_characters
        self._characters = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._texts: dict[str, str] = {}
        """The texts of those that are kept which somebody has named by their hashes."""

    def prepare(self, text: str, digest: str | None = None) -> Document:
        """The valid document of `text`, to be found by `digest`, its hash, from now on.

        Raises `DocumentRefused` or `CostExceeded`.
        """
        document = self._kept.get(text)
        if document is None:
            document = self._made(text)
            self._keep(text, document)
            DOCUMENTS.count("made")
        else:
            self._kept.move_to_end(text)
            DOCUMENTS.count("kept")
        if digest is not None and document.digest is None and text in self._kept:
            self._texts[digest] = text
            document.digest = digest
        return document

    def known(self, digest: str) -> Document | None:
        """The document that is kept under this hash."""
        text = self._texts.get(digest)
        return None if text is None else self.prepare(text)

    def _made(self, text: str) -> Document:
        limits = self.limits
        ast = parse_document(text, limits.max_tokens, introspection=self.introspection)
        if check_nesting(ast, limits.max_depth, limits.max_aliases) > MANY:
            ast = without_repeats(ast)
        if errors := validate(self._schema, ast, self._rules, hide_suggestions=not self.introspection):
            # So ends what graphql-core gave up: nested too deeply through fragments, or too much to compare.
            if errors[-1].message == "Validation aborted.":
                raise CostExceeded("The document is too complex to be validated.", "Ask for less at once.")
            raise DocumentRefused(errors, Stage.VALIDATION)
        return Document(ast, self._operations(ast))

    def _operations(self, ast: DocumentNode) -> dict[str | None, Operation]:
        fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
        operations: dict[str | None, Operation] = {}
        for node in ast.definitions:
            if isinstance(node, OperationDefinitionNode):
                upserts = node.operation is OperationType.MUTATION and _upserts(node.selection_set, fragments)
                cost, most = self._costs.of(ast, node), self.limits.max_cost
                allowed = cost.fixed is not None and cost.fixed <= most
                name = node.name.value if node.name else None
                operations[name] = Operation(node, node.operation, upserts, cost, most, allowed)
        return operations

    def _keep(self, text: str, document: Document) -> None:
        if len(text) > self._max_characters // 10:
            return
        self._kept[text] = document
        self._characters += len(text)
        while len(self._kept) > self._max_documents or self._characters > self._max_characters:
            oldest, evicted = self._kept.popitem(last=False)
            self._characters -= len(oldest)
            if evicted.digest is not None:
                del self._texts[evicted.digest]


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
