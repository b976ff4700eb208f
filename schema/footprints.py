"""What an operation reads, told from its document alone: of which collections, and whether it searches them.

Fields say so in their `extensions` under `READS`; what a field at the root does not say is anything. Below the root a
field reads the collection that its type is of, and what it says beside that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

from models.collections.loading import Catalog
from schema.endpoint.documents import Document, Operation

READS = "catalograph.reads"


@dataclass(frozen=True)
class Reads:
    """What a field reads beside its type: collections, all of them, or what nobody can tell."""

    collections: frozenset[str] = frozenset()
    every: bool = False
    searches: bool = False
    unknown: bool = False


def reads(*collections: str, every: bool = False, searches: bool = False) -> dict[str, Reads]:
    """The `extensions` of a field that reads these collections, or all, by looking records up or by searching."""
    return {READS: Reads(frozenset(collections), every, searches)}


@dataclass(frozen=True)
class Footprint:
    """An operation that reads records and nothing else. `digest` tells it from all others, by its text and name."""

    digest: bytes
    collections: frozenset[str]
    searches: bool
    variables: tuple[str, ...]
    """Those that it declares."""


class Footprints:
    """The footprints of the operations of one schema, each found once and kept as long as its document."""

    def __init__(self, schema: GraphQLSchema, catalog: Catalog) -> None:
        self._schema = schema
        self._names = frozenset(collection.name for collection in catalog)
        self._known: WeakKeyDictionary[Document, dict[str | None, Footprint | None]] = WeakKeyDictionary()

    def of(self, document: Document, operation: Operation) -> Footprint | None:
        """The footprint of an operation; `None` for one that writes, or reads anything but records."""
        known = self._known.get(document)
        if known is None:
            known = self._known[document] = {}
        if operation.name not in known:
            known[operation.name] = self._found(document, operation)
        return known[operation.name]

    def _found(self, document: Document, operation: Operation) -> Footprint | None:
        root, location = self._schema.query_type, document.ast.loc
        if operation.type is not OperationType.QUERY or root is None or location is None:
            return None
        walk = _Walk(self._schema, self._names, _fragments(document))
        found = list(walk.below(operation.node.selection_set, root, at_root=True))
        if any(one.unknown for one in found):
            return None
        every = any(one.every for one in found)
        return Footprint(
            digest=blake2b(f"{operation.name or ''}\\n{location.source.body}".encode(), digest_size=16).digest(),
            collections=self._names if every else frozenset().union(*(one.collections for one in found)),
            searches=any(one.searches for one in found),
            variables=tuple(one.variable.name.value for one in operation.node.variable_definitions or ()),
        )


class _Walk:
    """Goes through the selections of one operation, into each fragment once for each type that it is opened on."""

    def __init__(
        self, schema: GraphQLSchema, names: frozenset[str], fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._names = names
        self._fragments = fragments
        self._opened: set[tuple[str, str]] = set()

    def below(self, selections: SelectionSetNode, type_: GraphQLNamedType, *, at_root: bool = False) -> Iterator[Reads]:
        """What the fields selected from `type_` read."""
        for node in selections.selections:
            match node:
                case FieldNode():
                    yield from self._field(node, type_, at_root=at_root)
                case InlineFragmentNode():
                    yield from self.below(node.selection_set, self._on(node, type_), at_root=at_root)
                case FragmentSpreadNode() if (node.name.value, type_.name) not in self._opened:
                    self._opened.add((node.name.value, type_.name))
                    fragment = self._fragments[node.name.value]
                    yield from self.below(fragment.selection_set, self._on(fragment, type_), at_root=at_root)

    def _field(self, node: FieldNode, parent: GraphQLNamedType, *, at_root: bool) -> Iterator[Reads]:
        if node.name.value.startswith("__"):
            return  # of the schema, which stays as it is
        field: GraphQLField = parent.fields[node.name.value]  # type: ignore[attr-defined]  # the document is valid
        said = field.extensions.get(READS)
        if said is None and at_root:
            yield Reads(unknown=True)
            return
        if said is not None:
            yield said
        type_ = get_named_type(field.type)
        if type_.name in self._names:
            yield Reads(frozenset({type_.name}))
        if node.selection_set is not None and is_composite_type(type_):
            yield from self.below(node.selection_set, type_)

    def _on(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLNamedType) -> GraphQLNamedType:
        found: Any = fragment.type_condition and self._schema.get_type(fragment.type_condition.name.value)
        return found or type_


def _fragments(document: Document) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.ast.definitions if isinstance(one, FragmentDefinitionNode)}
