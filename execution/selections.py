"""What an operation selects of each type, collected once for each way its `@skip` and `@include` turn out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLError, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from execution.fields import FieldPlan
from execution.generated import generate
from execution.loads import Loading
from execution.objects import execute_fields
from execution.reads import TypeOf, source_class

if TYPE_CHECKING:
    from execution.run import Run

Answer = Callable[[Any, list[Any]], Any]
MAX_ALTERNATIVES = 50
"""Types that an object may have whose selections are looked at ahead."""
MAX_NESTED = 30
"""Levels of objects in objects that are answered at once; deeper ones, which hardly any document has, one by one."""


class Selection:
    """The fields that are selected of an object type in one place.

    `answer` and `answers` are there where none of them has to be called; see `execution.generated.Code`.
    """

    def __init__(self, fields: list[FieldPlan], grouped: GroupedFieldSet, parent: GraphQLObjectType) -> None:
        self.grouped = grouped
        self.fields = fields
        code = generate(source_class(parent), fields)
        self.answer = code.answer
        self.answers = code.answers
        self.loads = any(field.loads for field in fields)
        self._of_source = code.of_source

    def of_source(self, run: "Run", source: Any, path: Path | None) -> Any:
        """The answer for one object, or an awaitable of it."""
        if self._of_source:
            return self._of_source(run, source, path)
        assert self.answer
        noted: list[Any] = []
        answer = self.answer(source, noted)
        if answer is None:
            return execute_fields(self.fields, run, source, path)
        return Loading(run, self, answer, path).of(noted) if noted else answer


class Alternatives:
    """What is selected of each of the types that an object of an abstract type may have; loads nothing."""

    loads = False
    fields: Sequence[FieldPlan] = ()
    """Those that all of them have, of which nothing needs to know."""

    def __init__(self, type_of: TypeOf, source: type, answers: Mapping[str, Answer], *, needed: bool) -> None:
        self._type_of = type_of.function
        self._source = source
        self._answers = answers
        self._needed = needed

    def answer(self, source: Any, noted: list[Any]) -> Any:
        """The answer for one object; nothing where it has to go graphql-core's way."""
        if type(source) is not self._source:
            return None
        answer = self._answers.get(self._type_of(source) or "")
        return None if answer is None else answer(source, noted)

    def answers(self, sources: Iterable[Any], append: Callable[[Any], None], noted: list[Any], slow: None) -> bool:
        """Those of a list; `True` where one has to go graphql-core's way."""
        del slow
        for source in sources:
            answer = None if source is None else self.answer(source, noted)
            if answer is None and (source is not None or self._needed):
                return True
            append(answer)
        return False


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
            self._root = self._selection(values, root_type, collected.grouped_field_set, 0)
        return self._root

    def below(
        self, values: VariableValues, of: GraphQLObjectType, details: FieldDetailsList, nested: int = 0
    ) -> Selection:
        """What is selected of an object type below some field."""
        key = (of, id(details))
        found = self._below.get(key)
        if found is None:
            collected = collect_subfields(self._schema, self._fragments, values, self._operation, of, details)
            found = self._below[key] = self._selection(values, of, collected.grouped_field_set, nested)
        return found

    def _selection(
        self, values: VariableValues, parent: GraphQLObjectType, grouped: GroupedFieldSet, nested: int
    ) -> Selection:
        planned = [FieldPlan.of(self._schema, parent, key, details) for key, details in grouped.items()]
        fields = [field for field in planned if field is not None]
        if nested < MAX_NESTED:
            for field in fields:
                field.below = self._answerable(values, field, nested + 1)
        return Selection(fields, grouped, parent)

    def _answerable(self, values: VariableValues, field: FieldPlan, nested: int) -> Selection | Alternatives | None:
        if field.load and field.load.many is not field.is_list:
            return None
        try:
            if field.abstract is not None:
                return self._alternatives(values, field, field.abstract, nested)
            found = self.below(values, field.holds, field.details, nested) if field.holds else None
        except GraphQLError:
            return None  # it fails again for each object, as its own error
        return found if found and found.answer else None

    def _alternatives(
        self, values: VariableValues, field: FieldPlan, abstract: GraphQLAbstractType, nested: int
    ) -> Alternatives | None:
        types = self._schema.get_possible_types(abstract)
        sources = {source_class(one) for one in types}
        if len(sources) != 1 or len(types) > MAX_ALTERNATIVES or any(one.is_type_of for one in types):
            return None
        selections = {one.name: self.below(values, one, field.details, nested) for one in types}
        answers = {name: one.answer for name, one in selections.items() if one.answer and not one.loads}
        type_of: Any = abstract.resolve_type
        return Alternatives(type_of, sources.pop(), answers, needed=field.items_needed) if answers else None
