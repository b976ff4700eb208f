"""What an operation costs, told from its document: the objects that it may answer with, without asking anybody.

Each object counts 1, for each object that it is selected of: a page as many as `first` or `last` says, what is asked
for by ids as many as there are, any other list 10. Scalars and edges count nothing. What is inside a record came with
it: each field of such objects counts 1 a record, however many elements it has, and what they link to counts for 10 of
a list. Of the types of a union or an interface the dearest counts.

The answer bounds what an operation asks for, for `@skip` and `@include` too. What asks for the schema is free, up to
twice what the standard query costs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    get_introspection_query,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    parse,
)

from errors import CostExceeded
from schema.endpoint.formulas import Amount, Formula, Reader, Result
from schema.endpoint.nesting import OF_THE_SCHEMA
from schema.endpoint.sizes import conditions, length, page_size

COUNTS = "catalograph.counts"
PART = {COUNTS: "part"}
"""The `extensions` of a type whose objects are inside of a record."""
NOTHING = {COUNTS: "nothing"}
"""The `extensions` of a type whose objects are not counted, but what is in them."""
COUNTED_BY = "catalograph.counted_by"
"""In the `extensions` of a field that gives one object for each element of an argument: the argument's name."""

LIST = 10
"""Elements of a list that does not say how many it has."""
MOST_LOOKED_AT = 20_000
"""Selections of one operation that are looked at to reckon its cost."""
_META: Mapping[str, GraphQLField] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class _Price:
    """What a selection set costs: for each record that it is in, for each object that it is selected of, and for each
    element of the lists in it that are as long as the page. `selections` counts what is selected.
    """

    inside: Amount = 0
    each: Amount = 0
    listed: Amount = 0
    selections: int = 0


@dataclass(slots=True)
class _Group:
    """The fields of one name in an answer, which are one field of it; `guard` is 0 where that is left out."""

    parent: GraphQLNamedType
    nodes: list[FieldNode]
    guard: Amount


class Costs:
    """Tells what the operations of one schema cost. No page has more than `max_first`: the resolvers refuse it.

    With its fragments written out where they are spread, an operation may have `most` fields: so large is its plan.
    """

    def __init__(self, schema: GraphQLSchema, max_first: int, most: int) -> None:
        self._schema = schema
        self._max_first = max_first
        self._most = most
        self._free = 0
        standard = parse(get_introspection_query(schema_description=True, input_value_deprecation=True, one_of=True))
        (operation,) = (node for node in standard.definitions if isinstance(node, OperationDefinitionNode))
        self._free = 2 * self.of(standard, operation).of(None)

    def of(self, ast: DocumentNode, operation: OperationDefinitionNode) -> Result:
        """What an operation of a valid document costs. Raises `CostExceeded` where that is too much to reckon."""
        walk = _Walk(self._schema, ast, operation, self._max_first)
        return walk.total(self._free, self._most)


class _Walk:
    """Goes through the selections of one operation; what is selected twice in the same way is looked at once."""

    def __init__(
        self, schema: GraphQLSchema, ast: DocumentNode, operation: OperationDefinitionNode, max_first: int
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._max_first = max_first
        self._fragments = {one.name.value: one for one in ast.definitions if isinstance(one, FragmentDefinitionNode)}
        self._defaults = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        self._formula = Formula()
        self._known: dict[tuple[Any, ...], _Price] = {}
        self._looked_at = 0
        self._of_the_schema: Amount = 0

    def total(self, free: int, most: int) -> Result:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        try:
            price = self._set((self._operation.selection_set,), root)
        except RecursionError:
            raise _too_complex() from None
        if price.selections > most:
            raise CostExceeded(
                f"With its fragments written out, the operation has {price.selections:,} fields; {most:,} are allowed.",
                "Ask for less at once.",
            )
        asked = self._of_the_schema
        if isinstance(asked, int) and asked <= free:
            asked = 0
        return self._formula.result(self._formula.plus(asked, self._formula.plus(price.inside, self._below(price))))

    def _set(self, sets: Sequence[SelectionSetNode], parent: GraphQLNamedType) -> _Price:
        """What the sets of one field cost, selected of `parent`."""
        key = (parent.name, *map(id, sets))
        found = self._known.get(key)
        if found is None:
            plus, most = self._formula.plus, self._formula.most
            prices = {
                branch: self._joined(map(self._field, groups.values()), plus)
                for branch, groups in self._grouped(sets, parent).items()
            }
            common = prices.pop(None, _Price())
            found = self._known[key] = self._joined((common, self._joined(prices.values(), most)), plus)
        return found

    def _grouped(
        self, sets: Sequence[SelectionSetNode], parent: GraphQLNamedType
    ) -> dict[str | None, dict[str, _Group]]:
        """The fields by their names in the answer: of all objects under `None`, and of each type of an abstract one."""
        found: dict[str | None, dict[str, _Group]] = {}
        opened: set[tuple[str, str | None, Amount]] = set()
        open_sets: list[tuple[SelectionSetNode, GraphQLNamedType, str | None, Amount]] = [
            (one, parent, None, 1) for one in reversed(sets)
        ]
        while open_sets:
            node, type_, branch, guard = open_sets.pop()
            for selection in node.selections:
                self._looked_at += 1
                if self._looked_at > MOST_LOOKED_AT:
                    raise _too_complex()
                if not (own := self._guard(selection.directives, guard)):
                    continue
                if isinstance(selection, FieldNode):
                    _add(found.setdefault(branch, {}), selection, type_, own)
                    continue
                fragment: Any = selection
                if isinstance(selection, FragmentSpreadNode):
                    if (selection.name.value, branch, own) in opened:
                        continue
                    opened.add((selection.name.value, branch, own))
                    fragment = self._fragments[selection.name.value]
                on = self._on(fragment, type_)
                only = on.name if branch is None and is_abstract_type(type_) and not is_abstract_type(on) else branch
                open_sets.append((fragment.selection_set, on, only, own))
        return found

    def _field(self, group: _Group) -> _Price:
        node = group.nodes[0]
        name = node.name.value
        if node.selection_set is None:
            return _Price(selections=1)
        if name in OF_THE_SCHEMA and group.parent is self._schema.query_type:
            return self._question_of_the_schema(group, _META[name])
        field: GraphQLField = group.parent.fields[name]  # type: ignore[attr-defined]  # the document is valid
        price = self._priced(field, node, self._set(_sets(group), get_named_type(field.type)))
        times = self._formula.times
        return _Price(
            times(group.guard, price.inside),
            times(group.guard, price.each),
            times(group.guard, price.listed),
            price.selections + 1,
        )

    def _priced(self, field: GraphQLField, node: FieldNode, below: _Price) -> _Price:
        """What a field costs that has objects, from what is selected of each."""
        plus, times = self._formula.plus, self._formula.times
        counts, lists = get_named_type(field.type).extensions.get(COUNTS), _lists(field)
        if counts == "part":
            elements = times(LIST**lists, self._below(below))
            return _Price(plus(1, below.inside), elements, 0, below.selections)
        weight = 0 if counts == "nothing" else 1
        size = self._size(field, node)
        if not lists:
            each = plus(plus(weight, below.inside), self._below(below, LIST if size is None else size))
            return _Price(0, each, 0, below.selections)
        element = times(LIST ** (lists - 1), plus(plus(weight, below.inside), self._below(below)))
        if size is None:
            return _Price(0, 0, element, below.selections)
        return _Price(0, times(size, element), 0, below.selections)

    def _size(self, field: GraphQLField, node: FieldNode) -> Amount | None:
        """How many objects the arguments of a field ask for; `None` where they do not say."""
        if "first" in field.args:
            return self._amount(page_size(node, self._defaults, LIST, self._max_first))
        if argument := field.extensions.get(COUNTED_BY):
            return self._amount(length(node, argument, self._defaults, self._max_first))
        return None

    def _question_of_the_schema(self, group: _Group, field: GraphQLField) -> _Price:
        below = self._set(_sets(group), get_named_type(field.type))
        price = self._priced(field, group.nodes[0], below)
        self._of_the_schema = self._formula.plus(self._of_the_schema, price.each)
        return _Price(selections=price.selections + 1)

    def _below(self, price: _Price, size: Amount = LIST) -> Amount:
        """What it costs to select something of one object whose lists, where they do not say, have `size` elements."""
        return self._formula.plus(price.each, self._formula.times(size, price.listed))

    def _joined(self, prices: Iterable[_Price], join: Callable[[Amount, Amount], Amount]) -> _Price:
        return reduce(
            lambda one, other: _Price(
                join(one.inside, other.inside),
                join(one.each, other.each),
                join(one.listed, other.listed),
                one.selections + other.selections,
            ),
            prices,
            _Price(),
        )

    def _amount(self, value: int | Reader) -> Amount:
        return value if isinstance(value, int) else self._formula.read(value)

    def _guard(self, directives: Sequence[DirectiveNode] | None, above: Amount) -> Amount:
        """0 for what is never selected. Of several conditions one is heeded, the outermost."""
        if not directives:
            return above
        found = conditions(directives, self._defaults)
        if found is None:
            return 0
        return above if above != 1 or not found else self._formula.read(found[0])

    def _on(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLNamedType) -> GraphQLNamedType:
        found: Any = fragment.type_condition and self._schema.get_type(fragment.type_condition.name.value)
        return found or type_


def _too_complex() -> CostExceeded:
    return CostExceeded("The operation is too complex to tell its cost.", "Ask for less at once.")


def _add(groups: dict[str, _Group], node: FieldNode, parent: GraphQLNamedType, guard: Amount) -> None:
    key = (node.alias or node.name).value
    group = groups.get(key)
    if group is None:
        groups[key] = _Group(parent, [node], guard)
        return
    group.nodes.append(node)
    if group.guard is not guard:
        group.guard = 1


def _sets(group: _Group) -> tuple[SelectionSetNode, ...]:
    return tuple(node.selection_set for node in group.nodes if node.selection_set is not None)


def _lists(field: GraphQLField) -> int:
    """In how many lists the objects of a field are."""
    type_: Any = field.type
    lists = 0
    while is_list_type(type_) or is_non_null_type(type_):
        lists += is_list_type(type_)
        type_ = type_.of_type
    return lists
