"""Parsing documents within limits, and what is told from the tree alone."""

from collections.abc import Sequence
from dataclasses import replace

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Visitor,
    parse,
    visit,
)

from errors import CostExceeded
from schema.endpoint.nesting import OF_THE_SCHEMA
from schema.errors import Stage

QUESTION_TOKENS = 1_000
"""Tokens that a document may always have which only asks for the schema: the standard query has 300."""
MANY = 200
"""Selections in one place beyond which repeated ones are looked for."""


class DocumentRefused(Exception):
    """A document that does not parse or is not valid, with each reason."""

    def __init__(self, errors: Sequence[GraphQLError], stage: Stage) -> None:
        self.errors = errors
        self.stage = stage
        super().__init__(errors[0].message)


def parse_document(text: str, max_tokens: int, *, introspection: bool) -> DocumentNode:
    """The tree of `text`. Raises `DocumentRefused` or, for more than `max_tokens`, `CostExceeded`.

    Whatever the limit is, one may ask for the schema, where `introspection` is on.
    """
    if introspection and max_tokens < QUESTION_TOKENS and "__schema" in text:
        ast = _parsed(text, QUESTION_TOKENS)
        if asks_for_the_schema(ast):
            return ast
    return _parsed(text, max_tokens)


def without_repeats(ast: DocumentNode) -> DocumentNode:
    """The document without fields that stand in one place more than once, which would be compared each with each."""
    left: DocumentNode = visit(ast, _Repeats())
    return left


class _Repeats(Visitor):
    def enter_selection_set(self, node: SelectionSetNode, *_: object) -> SelectionSetNode | None:
        if len(node.selections) <= MANY:
            return None
        seen: set[tuple[str, str]] = set()
        return replace(node, selections=tuple(one for one in node.selections if not _is_known(one, seen)))


def _is_known(node: SelectionNode, seen: set[tuple[str, str]]) -> bool:
    if not isinstance(node, FieldNode) or node.arguments or node.directives or node.selection_set:
        return False
    key = (node.name.value, node.alias.value if node.alias else "")
    known = key in seen
    seen.add(key)
    return known


def asks_for_the_schema(ast: DocumentNode) -> bool:
    """Whether all that a document asks for is the schema."""
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    return bool(operations) and all(
        isinstance(one, FieldNode) and one.name.value in OF_THE_SCHEMA
        for operation in operations
        for one in operation.selection_set.selections
    )


def _parsed(text: str, max_tokens: int) -> DocumentNode:
    try:
        return _unlinked(parse(text, max_lexical_tokens=max_tokens, max_comments=max_tokens))
    except GraphQLSyntaxError as error:
        # So end the messages of graphql-core's own limits: tokens, comments, nesting.
        if error.message.endswith("Parsing aborted."):
            what = next((one for one in ("tokens", "comments") if one in error.message), None)
            message = f"The document has more than {max_tokens:,} {what}." if what else "The document nests too deeply."
            raise CostExceeded(message, "Send less at once.") from None
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
