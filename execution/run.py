"""One run of an operation: graphql-core's executor with the plan in place of what it would find out each time."""

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import Executor, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails
from graphql.execution.executor import SELECTIONS_NESTED_TOO_DEEPLY, collect_iterator_awaitables
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, is_awaitable

from execution.loads import Asked, Loading, ask
from execution.objects import execute_fields, later

if TYPE_CHECKING:
    from execution.fields import FieldPlan
    from execution.selections import Selection, Selections


class Run(Executor[None]):
    """The state of one run; what is not overridden here is graphql-core's."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragment_definitions: dict[str, FragmentDefinitionNode],
        fragments: dict[str, FragmentDetails],
        operation: OperationDefinitionNode,
        values: VariableValues,
        root: object,
        context: object,
        selections: "Selections",
    ) -> None:
        super().__init__(
            schema, fragment_definitions, fragments, root, context, operation, values,
            default_field_resolver, default_type_resolver, default_field_resolver,
        )  # fmt: skip
        self._selections = selections
        self.known_arguments: dict[FieldPlan, dict[str, Any]] = {}

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """Made for each who asks: kept, they would hold this run, and with it all that was read, in a circle that only
        the garbage collector opens.
        """
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, _kept: GraphQLResolveInfoHelpers) -> None:
        pass

    def execute(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Run the operation; the result itself where nothing has to be awaited."""
        try:
            data = self._execute_root()
        except GraphQLError as error:
            return self._failed(error)
        return self._awaited(data) if is_awaitable(data) else self._response(data)

    async def _awaited(self, data: Awaitable[Any]) -> ExecutionResult:
        try:
            return self._response(await data)
        except GraphQLError as error:
            return self._failed(error)

    def _execute_root(self) -> Any:
        kind = self.operation.operation
        root_type = self.schema.get_root_type(kind)
        if root_type is None:
            raise GraphQLError(f"Schema is not configured to execute {kind.value} operation.", self.operation)
        try:
            selection = self._selections.root(self.variable_values, root_type)
        except RecursionError:
            raise GraphQLError(SELECTIONS_NESTED_TOO_DEEPLY, self.operation) from None
        if kind is OperationType.MUTATION:
            return self.execute_fields_serially(root_type, self.root_value, None, selection.grouped, None)
        return execute_fields(selection.fields, self, self.root_value, None)

    def _response(self, data: dict[str, Any] | None) -> ExecutionResult:
        return ExecutionResult(data, self.collected_errors.errors or None)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return self._response(None)

    def selection(self, of: GraphQLObjectType, details: FieldDetailsList) -> "Selection":
        """What is selected of an object type below a field."""
        return self._selections.below(self.variable_values, of, details)

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: None,
    ) -> Any:
        return self.selection(return_type, field_details_list).of_source(self, result, path)

    def complete_records(
        self, field: "FieldPlan", items: list[Any], path: Path, info: GraphQLResolveInfo[Any] | None
    ) -> Any:
        """Complete a list of objects whose type asks nothing of the value."""
        assert field.records is not None
        results: list[Any] = []
        waiting: list[int] = []
        noted: list[Any] = []
        asked: list[Asked] = []
        iterator = iter(items)
        complete = self._slow_item(field, results, waiting, path, info)

        def slow(item: Any) -> None:
            if noted:
                # Loaders are asked in the order of the list.
                asked.extend(ask(self, noted[:]))
                noted.clear()
            complete(item)

        try:
            # A selection that can't be collected fails for each item, as its own error.
            selection = self.selection(field.records, field.details) if items else None
        except GraphQLError:  # each item tells it
            selection = None
        try:
            if selection is not None and selection.answers is not None:
                selection.answers(iterator, results.append, noted, slow)
            else:
                for item in iterator:
                    if type(item) is field.record_class:
                        self._record(field, item, results, waiting, path)
                    else:
                        slow(item)
        except Exception:
            left = collect_iterator_awaitables(iterator, is_awaitable)
            self.abandon(results, waiting, [*left, *(one.values for one in asked)])
            raise
        asked += ask(self, noted)
        if not asked:
            return later(results, waiting) if waiting else results
        assert selection
        loading = Loading(self, selection, results, path, items_needed=field.items_needed).finished(asked)
        return later(results, waiting, [loading]) if waiting else loading

    def _record(self, field: "FieldPlan", item: Any, results: list[Any], waiting: list[int], path: Path) -> None:
        """Complete one record of a list, and add it to `results`."""
        assert field.records is not None
        item_path = Path(path, len(results), None)
        try:
            value = self.selection(field.records, field.details).of_source(self, item, item_path)
        except Exception as error:  # noqa: BLE001 - as graphql-core does
            self.handle_field_error(error, field.item_type, field.details, item_path)
            value = None
        if value is not None and is_awaitable(value):
            waiting.append(len(results))
            value = self._awaited_record(field, value, item_path)
        results.append(value)

    async def _awaited_record(self, field: "FieldPlan", value: Awaitable[Any], path: Path) -> Any:
        try:
            return await value
        except Exception as error:  # noqa: BLE001 - as graphql-core does
            self.handle_field_error(error, field.item_type, field.details, path)
            return None

    def _slow_item(
        self,
        field: "FieldPlan",
        results: list[Any],
        waiting: list[int],
        path: Path,
        info: GraphQLResolveInfo[Any] | None,
    ) -> Any:
        """Completes one item the long way, as graphql-core does, and adds it to `results`."""
        known = info
        item_type = field.item_type

        def slow(item: Any) -> None:
            nonlocal known
            known = known or field.info(self, path)
            item_path = Path(path, len(results), None)
            if is_awaitable(item):
                waiting.append(len(results))
                results.append(
                    self.complete_awaitable_list_item_value(item, item_type, field.details, known, item_path, None)
                )
            elif self.complete_list_item_value(item, results, item_type, field.details, known, item_path, None):
                waiting.append(len(results) - 1)

        return slow

    def abandon(self, results: Any, waiting: Sequence[Any], others: Sequence[Awaitable[Any]] = ()) -> None:
        """Let what was begun come to its end without us."""
        begun = [*(results[key] for key in waiting), *others]
        if begun:
            self.settle_in_background(begun)
