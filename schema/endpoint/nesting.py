"""How deep a document goes and how many aliases it has, told from its text alone, before it is validated.

What is asked of the schema itself (`__schema`, `__type`) is as deep as it likes: validation bounds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from errors import CostExceeded

OF_THE_SCHEMA = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class _Shape:
    """One operation or fragment, without the fragments in it: those are in `spreads`, with how deep they stand.

    `None` stands for a depth that does not count.
    """

    depth: int = 0
    aliases: int = 0
    widest: int = 0
    spreads: list[tuple[int | None, str]] = field(default_factory=list)


def check_nesting(ast: DocumentNode, max_depth: int, max_aliases: int) -> int:
    """The most selections in one place. Raises `CostExceeded` for more nested fields or aliases than are allowed."""
    shapes: dict[str, _Shape] = {}
    operations: list[_Shape] = []
    for node in ast.definitions:
        if isinstance(node, FragmentDefinitionNode):
            shapes[node.name.value] = _shape(node.selection_set)
        elif isinstance(node, OperationDefinitionNode):
            operations.append(_shape(node.selection_set))
    depths = _depths(shapes)
    for shape in operations:
        aliases = sum(one.aliases for one in _with_fragments(shape, shapes))
        if aliases > max_aliases:
            raise CostExceeded(
                f"The operation has {aliases:,} aliases; {max_aliases:,} are allowed.", "Ask for the rest by itself."
            )
        depth = _depth(shape, depths)
        if depth > max_depth:
            raise CostExceeded(
                f"The operation nests {depth:,} fields in one another; {max_depth:,} are allowed.",
                "Ask for what lies deeper by itself.",
            )
    return max([one.widest for one in (*operations, *shapes.values())], default=0)


def _shape(root: SelectionSetNode) -> _Shape:
    shape = _Shape()
    open_sets: list[tuple[SelectionSetNode, int, bool]] = [(root, 0, True)]
    while open_sets:
        node, above, counts = open_sets.pop()
        shape.widest = max(shape.widest, len(node.selections))
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                depth = above + counts
                shape.depth = max(shape.depth, depth)
                shape.aliases += selection.alias is not None
                if selection.selection_set is not None:
                    below = counts and selection.name.value not in OF_THE_SCHEMA
                    open_sets.append((selection.selection_set, depth, below))
            elif isinstance(selection, InlineFragmentNode):
                open_sets.append((selection.selection_set, above, counts))
            elif isinstance(selection, FragmentSpreadNode):
                shape.spreads.append((above if counts else None, selection.name.value))
    return shape


def _with_fragments(shape: _Shape, shapes: Mapping[str, _Shape]) -> Iterator[_Shape]:
    """An operation and the fragments that it uses, each once."""
    seen: set[str] = set()
    open_shapes = [shape]
    while open_shapes:
        one = open_shapes.pop()
        yield one
        for _, name in one.spreads:
            if name in shapes and name not in seen:
                seen.add(name)
                open_shapes.append(shapes[name])


def _depths(shapes: Mapping[str, _Shape]) -> dict[str, int]:
    """How deep each fragment goes, those in it opened; what is spread in itself ends there, as it is not valid."""
    found: dict[str, int] = {}
    entered: set[str] = set()
    waiting = list(shapes)
    while waiting:
        name = waiting[-1]
        if name in found:
            waiting.pop()
        elif name in entered:
            found[name] = _depth(shapes[name], found)
            waiting.pop()
        else:
            entered.add(name)
            waiting += [one for _, one in shapes[name].spreads if one in shapes and one not in entered]
    return found


def _depth(shape: _Shape, depths: Mapping[str, int]) -> int:
    return max([shape.depth, *(above + depths.get(name, 0) for above, name in shape.spreads if above is not None)])
