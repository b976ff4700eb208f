"""Tasks in the schema: their types, and the fields that list, start, end and follow them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from models.task_errors import TaskError
from models.tasks import Kind, State, Task
from resolvers import tasks
from resolvers.paging import Page
from schema.info import Info
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.scalars import DATE_TIME, JSON

_KINDS = {
    Kind.IMPORT: "Records from a file.",
    Kind.EXPORT: "Records into a file.",
    Kind.REBUILD: "A collection's index built anew.",
    Kind.VERIFY: "A collection's index compared with its records.",
    Kind.HARVEST: "Records from a source.",
    Kind.EXTENSION: "What an extension does.",
}
_STATES = {
    State.QUEUED: "It waits for a worker.",
    State.RUNNING: "A worker does it.",
    State.SUCCEEDED: "All of it is done.",
    State.PARTIAL: "It is done, but for the items in errors.",
    State.FAILED: "It could not be done; what it did before stands.",
    State.CANCELLING: "It is about to stop.",
    State.CANCELLED: "It was stopped; what it did before stands.",
}
_ID = {"id": GraphQLArgument(required(GraphQLID), description="The task's id.")}


class TaskFields:
    """Makes the fields of the roots that have to do with tasks."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._collection = {
            "collection": GraphQLArgument(required(registry.scalar("CollectionName")), description="Of which records.")
        }

    def queries(self) -> dict[str, GraphQLField]:
        async def page(
            _: Any,
            info: Info,
            state: list[str] | None = None,
            kind: list[str] | None = None,
            first: int | None = None,
            after: str | None = None,
        ) -> Page[Task]:
            return await tasks.page_of_tasks(info.context, state, kind, first, after)

        arguments = {
            "state": GraphQLArgument(listed(self._state), description="In one of these states."),
            **self._kind_argument,
            **page_arguments(backward=False),
        }
        one = GraphQLField(
            self.task,
            _ID,
            lambda _, info, id: tasks.one_task(info.context, id),  # noqa: A006
            description="A task by its id; for `admin` alone.",
        )
        connection = self._registry.connection("Task", self.task, "Tasks, newest first.")
        title = "The tasks, newest first; for `admin` alone."
        return {"task": one, "tasks": GraphQLField(required(connection), arguments, page, description=title)}

    def mutations(self) -> dict[str, GraphQLField]:
        repair = GraphQLArgument(GraphQLBoolean, default_value=False, description="Whether to mend what differs.")
        url = GraphQLArgument(
            required(GraphQLString),
            description="Address of NDJSON, a JSON array or CSV, gzip and zstd too.",
        )
        return {
            "rebuildIndex": self._mutation(
                "Build a collection's index anew; the old one serves until the new one is complete.",
                lambda _, info, collection: tasks.rebuild_index(info.context, collection),
                self._collection,
            ),
            "verifyIndex": self._mutation(
                "Compare a collection's index with its records; the result counts missing, stale, extra and repaired.",
                lambda _, info, collection, repair: tasks.verify_index(info.context, collection, repair=bool(repair)),
                {**self._collection, "repair": repair},
            ),
            "importRecords": self._mutation(
                "Make or change records by their keys, from a file.",
                lambda _, info, collection, url: tasks.import_records(info.context, collection, url),
                {**self._collection, "url": url},
            ),
            "exportRecords": self._mutation(
                "Write all records of a collection to a file, packed NDJSON that importRecords takes; the result has "
                "the url at which servers give it out, the number of records and of bytes.",
                lambda _, info, collection: tasks.export_records(info.context, collection),
                self._collection,
            ),
            "cancelTask": self._mutation(
                "Have a task stop: at once if it waits, soon if it runs.",
                lambda _, info, id: tasks.cancel(info.context, id),  # noqa: A006
                _ID,
            ),
            "retryTask": self._mutation(
                "Do again what failed, failed in part or was cancelled, as a child of the old task.",
                lambda _, info, id: tasks.retry(info.context, id),  # noqa: A006
                _ID,
            ),
        }

    def subscriptions(self) -> dict[str, GraphQLField]:
        async def follow_task(_: Any, info: Info, id: str) -> AsyncGenerator[Task, None]:  # noqa: A002
            return tasks.follow_task(info.context, id)

        async def follow_tasks(_: Any, info: Info, kind: list[str] | None = None) -> AsyncGenerator[Task, None]:
            return tasks.follow_tasks(info.context, kind)

        one = "The task as it stands, then its changes; completes when the task has ended. For `admin` alone."
        several = "The tasks that have not ended, then the changes of all. For `admin` alone."
        return {
            "task": GraphQLField(required(self.task), _ID, _event, follow_task, description=one),
            "tasks": GraphQLField(required(self.task), self._kind_argument, _event, follow_tasks, description=several),
        }

    def _mutation(
        self, title: str, resolve: Callable[..., Any], arguments: Mapping[str, GraphQLArgument]
    ) -> GraphQLField:
        return GraphQLField(required(self.payload), dict(arguments), resolve, description=title)

    @property
    def _kind_argument(self) -> dict[str, GraphQLArgument]:
        return {"kind": GraphQLArgument(listed(self._kind), description="Of one of these kinds.")}

    @property
    def payload(self) -> Any:
        """What mutations answer that start, end or retry a task."""
        fields = {
            "task": GraphQLField(self.task, description="The task, or the one that stands in its way."),
            "errors": GraphQLField(
                required(listed(self._registry.user_error)), description="Why nothing was started; empty if it was."
            ),
        }
        title = "What became of a request for a task."
        return self._registry.once("TaskPayload", lambda: GraphQLObjectType("TaskPayload", fields, description=title))

    @property
    def _kind(self) -> Any:
        return self._registry.once("TaskKind", lambda: _enum("TaskKind", "What a task does.", _KINDS))

    @property
    def _state(self) -> Any:
        return self._registry.once("TaskState", lambda: _enum("TaskState", "Where a task is.", _STATES))

    @property
    def task(self) -> Any:
        title = "Work that a worker does, visible while it runs and kept afterwards."
        return self._registry.once("Task", lambda: GraphQLObjectType("Task", self._task_fields, description=title))

    def _task_fields(self) -> dict[str, GraphQLField]:
        errors = self._registry.connection("TaskError", self._error, "What failed in a task, in the order met.")
        return {
            "id": GraphQLField(
                required(GraphQLID), resolve=lambda task, _: tasks.task_id(task), description="Names the task."
            ),
            "kind": GraphQLField(required(self._kind), description="What it does."),
            "name": GraphQLField(GraphQLString, description="What an extension calls it; null for all other kinds."),
            "state": GraphQLField(required(self._state), description="Where it is."),
            "collection": GraphQLField(GraphQLString, description="The collection that it works on, if on one."),
            "createdAt": _moment(lambda task: task.created_at, "When it was asked for.", always=True),
            "startedAt": _moment(lambda task: task.started_at, "When a worker first began it."),
            "endedAt": _moment(lambda task: task.ended_at, "When it ended."),
            "progress": GraphQLField(required(self._progress), description="How far it is."),
            "message": GraphQLField(GraphQLString, description="Why it failed, or waits; null if there is nothing."),
            "result": GraphQLField(JSON, description="What came out of it; its keys depend on the kind."),
            "errors": GraphQLField(
                required(errors),
                page_arguments(backward=False),
                _errors,
                description="The items that could not be done.",
            ),
            "parent": GraphQLField(self.task, resolve=_parent, description="The task that this one has come from."),
            "children": GraphQLField(
                required(listed(self.task)), resolve=_children, description="The tasks that have come from this one."
            ),
        }

    @property
    def _progress(self) -> Any:
        fields = {
            "total": GraphQLField(GraphQLInt, description="How many items there are, if that is known."),
            "done": GraphQLField(required(GraphQLInt), description="Items dealt with, failed ones too."),
            "failed": GraphQLField(required(GraphQLInt), description="Items that could not be done."),
            "rate": GraphQLField(GraphQLFloat, description="Items a second."),
            "etaSeconds": GraphQLField(
                GraphQLFloat,
                resolve=lambda progress, _: progress.eta_seconds,
                description="Seconds until its end at this pace, if that can be told.",
            ),
        }
        title = "How far a task is."
        return self._registry.once("TaskProgress", lambda: GraphQLObjectType("TaskProgress", fields, description=title))

    @property
    def _error(self) -> Any:
        fields = {
            "message": GraphQLField(required(GraphQLString), description="What is wrong."),
            "key": GraphQLField(GraphQLString, description="The key of the record, if it is known."),
            "line": GraphQLField(GraphQLInt, description="The line of the file, or the place in its array."),
        }
        title = "One item that could not be done."
        return self._registry.once("TaskError", lambda: GraphQLObjectType("TaskError", fields, description=title))


def run_task_field(schema: GraphQLSchema, names: GraphQLEnumType) -> GraphQLField:
    """The field that starts a task of an extension; `names` are theirs."""
    payload: Any = schema.type_map["TaskPayload"]
    arguments = {
        "name": GraphQLArgument(required(names), description="What the extension calls it."),
        "arguments": GraphQLArgument(JSON, description="An object: what the task asks for."),
    }
    return GraphQLField(
        required(payload),
        arguments,
        lambda _, info, name, arguments=None: tasks.run_task(info.context, name, arguments),
        description="Have a worker do what an extension calls so.",
    )


def _enum(name: str, title: str, values: Mapping[Any, str]) -> GraphQLEnumType:
    members = {key.value: GraphQLEnumValue(key.value, description=text) for key, text in values.items()}
    return GraphQLEnumType(name, members, description=title)


def _moment(get: Callable[[Task], datetime | None], title: str, *, always: bool = False) -> GraphQLField:
    def resolve(task: Task, _: Info) -> str | None:
        moment = get(task)
        return moment.isoformat() if moment else None

    return GraphQLField(required(DATE_TIME) if always else DATE_TIME, resolve=resolve, description=title)


def _event(task: Task, info: Info, **_: Any) -> Task:
    """An event of a subscription; who has lost the role meanwhile is told so."""
    tasks.require_admin(info.context)
    return task


async def _errors(task: Task, info: Info, first: int | None = None, after: str | None = None) -> Page[TaskError]:
    return await tasks.page_of_errors(info.context, task, first, after)


async def _parent(task: Task, info: Info) -> Task | None:
    found: Task | None = None if task.parent_id is None else await info.context.tasks_by_id.load(task.parent_id)
    return found


async def _children(task: Task, info: Info) -> list[Task]:
    found: list[Task] = await info.context.task_children.load(task.id)
    return found
